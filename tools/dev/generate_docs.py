#!/usr/bin/env python3
"""Writes docs/generated: the reference of dialects and passes, out of the ODS.

    generate_docs.py [--build BUILD] [--check]

BUILD (default build/release) tells where mlir-tblgen is. --check writes nothing and fails where a file would change.
"""
import argparse
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FOLDER = SOURCE / "docs" / "generated"
DIALECTS = {"nn": "NN/NNOps.td", "intq": "Intq/IntqOps.td", "check": "Check/CheckOps.td", "onnx": "Onnx/OnnxOps.td"}


def mlir_prefix(build):
    cache = (build / "CMakeCache.txt").read_text()
    return pathlib.Path(re.search(r"^MLIR_DIR:\w+=(.*)$", cache, re.M).group(1)).parents[2]


def tblgen(prefix, path, *options):
    command = [prefix / "bin" / "mlir-tblgen", path, "-I", SOURCE / "include", "-I", prefix / "include", *options]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return "\n".join(line.rstrip() for line in text.splitlines()).strip() + "\n"


def reference(build):
    """The files of docs/generated: text by name."""
    prefix, include = mlir_prefix(build), SOURCE / "include" / "intq"
    files = {f"{dialect}.md": tblgen(prefix, include / "Dialect" / path, "-gen-dialect-doc", f"-dialect={dialect}")
             for dialect, path in DIALECTS.items()}
    passes = []
    for path in sorted(include.rglob("Passes.td")):
        passes.append(f"# {path.relative_to(include).parent}\n\n" + tblgen(prefix, path, "-gen-pass-doc"))
    files["passes.md"] = "\n".join(passes)
    return files


def write_or_check(files, check):
    """Writes files (text by path), or returns those that differ."""
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    if not check:
        for path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path])
        return []
    return stale


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build" / "release")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    files = {FOLDER / name: text for name, text in reference(options.build).items()}
    stale = write_or_check(files, options.check)
    for path in stale:
        print(f"{path.relative_to(SOURCE)} is not what the ODS says: run make docs", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
