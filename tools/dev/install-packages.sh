#!/bin/sh
# Installs the Debian packages that the build needs, those only that are missing.
set -eu
packages="clang-22 lld-22 libomp-22-dev llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools
cmake ninja-build protobuf-compiler libprotobuf-dev libflatbuffers-dev
flatbuffers-compiler librapidcheck-dev libclang-rt-22-dev python3-venv"

missing=""
for package in $packages; do
  case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" in
    "install ok installed") ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "make: expected a Debian machine with apt-get, to install:$missing" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  sudo=""
elif command -v sudo >/dev/null; then
  sudo="sudo"
else
  echo "make: these packages are missing, and this user is neither root nor has sudo:$missing" >&2
  echo "make: ask an administrator for: apt-get install$missing" >&2
  exit 1
fi
echo "make: installing$missing"
$sudo apt-get update -q
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
