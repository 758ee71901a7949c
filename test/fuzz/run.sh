#!/bin/sh
# Runs every fuzz target for a while, from the seeds and from small inputs that earlier runs found (found.tar.gz), all of
# which run first: run.sh BUILD_FOLDER SECONDS [CORPUS_FOLDER]
# What a target finds is left as BUILD_FOLDER/<target>-crash-…, and the script fails. New inputs are kept
# only where a corpus folder is named.
set -eu
build=$1 seconds=$2 seeds=$(dirname "$0")/corpus
corpus=${3:-$(mktemp -d)}
mkdir -p "$corpus"
[ $# -ge 3 ] || trap 'rm -rf "$corpus"' EXIT
tar -xzf "$(dirname "$0")/found.tar.gz" -C "$corpus"
failed=0
for target in model graph checkpoint tensor; do
  mkdir -p "$corpus/$target"
  "$build/bin/fuzz-$target" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
    -artifact_prefix="$build/fuzz-$target-" "$corpus/$target" "$seeds/$target" >"$build/fuzz-$target.log" 2>&1 || {
    failed=1
    grep -E "^(==|SUMMARY|.*runtime error|fuzz-)|artifact_prefix" "$build/fuzz-$target.log" | tail -5
  }
  echo "fuzz-$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/fuzz-$target.log") executions"
done
exit $failed
