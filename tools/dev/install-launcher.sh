#!/bin/sh
# Puts a launcher `intq` for this checkout into a bin folder: install-launcher.sh CHECKOUT BIN
set -eu
checkout=$1
bin=$2
if ! mkdir -p "$bin" 2>/dev/null || ! [ -w "$bin" ]; then
  echo "make: cannot write to $bin; choose another place with PREFIX=..." >&2
  exit 1
fi
cat > "$bin/intq" <<LAUNCHER
#!/bin/sh
exec "$checkout/.venv/bin/python" -m intq "\$@"
LAUNCHER
chmod 755 "$bin/intq"
case ":$PATH:" in
  *":$bin:"*) echo "make: installed $bin/intq" ;;
  *) echo "make: installed $bin/intq; $bin is not on PATH: add it with  export PATH=\"$bin:\$PATH\"" ;;
esac
