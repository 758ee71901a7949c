#!/usr/bin/env python3
"""Writes docs/Status.md: which parts know which op, read off the tree.

    status.py [--check]

--check writes nothing and fails where the file would change.
"""
import argparse
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from generate_docs import write_or_check  # noqa: E402

FOLDERS = {"nn": "NN", "intq": "Intq"}
DEFINITION = re.compile(r'^def \w+_(\w+Op) : (?:NN|Intq)_\w*Op<"(\w+)"(.*?)(?=^def |^class |\Z)', re.M | re.S)
HEAD = """# Status

Which parts know which op. Generated from the tree by tools/dev/status.py; a test compares.

- spec: a section of [Spec.md](Spec.md); verifier: its number of labelled constraints, – where the op's types say all
- interpreter: a definition in lib/Reference
- autodiff: a rule in lib/AutoDiff; *gradient*: itself a derivative or part of the optimizer, never differentiated
- CPU: a kernel in lib/Target/Cpu; *view*: the same buffer under another type; *data*: baked into the program
- tests: round trip, invalid and fold in test/Dialect; model: the independent NumPy model of test/python

"""


def sources(folder):
    return {path: path.read_text() for path in sorted((SOURCE / folder).rglob("*.cpp"))}


def ops():
    """(dialect, op, C++ class) of every op, in the order of the ODS."""
    for dialect, folder in FOLDERS.items():
        for path in sorted((SOURCE / "include" / "intq" / "Dialect" / folder).glob("*.td")):
            for cpp, op, _ in DEFINITION.findall(path.read_text()):
                yield dialect, op, cpp


def qualified(text, default):
    """Names of op classes in `text` as (dialect, class); an unqualified one is of dialect `default`."""
    found = set()
    for scope, name in re.findall(r"(?:(nn|intq)::)?(\w+Op)\b", text):
        found.add((scope or default, name))
    return found


def interpreted():
    return qualified(" ".join(c for text in sources("lib/Reference").values()
                              for c in re.findall(r"define<([\w:]+)>", text)), "intq")


def differentiated():
    found = set()
    for text in sources("lib/AutoDiff").values():
        default = "nn" if re.search(r"using namespace intq::nn", text) else "intq"
        found |= qualified(" ".join(re.findall(r"attachRule<([\w:]+),", text)), default)
    return found


def compiled():
    """(names with a kernel, classes that are views)"""
    texts = sources("lib/Target/Cpu")
    named = {name for text in texts.values() for name in re.findall(r'\["((?:nn|intq)\.\w+)"\]', text)}
    views = set()
    for text in texts.values():
        for body in re.findall(r"\bbool [\w:]*isAlias\([^)]*\) \{(.*?)\n\}", text, re.S):
            views |= qualified(body, "intq")
    return named, views


def constraints(dialect, op):
    text = " ".join(comment for body in sources(f"lib/Dialect/{FOLDERS[dialect]}").values()
                    for comment in re.findall(r"//(.*)", body))
    return len(set(re.findall(rf"\b{op}_(?:c\d+|n1)\b", text)))


def tests(dialect, op):
    folder = SOURCE / "test" / "Dialect" / FOLDERS[dialect]
    kinds = {"roundtrip": "round trip", "invalid": "invalid", "canonicalization": "fold"}
    found = [name for file, name in kinds.items()
             if (folder / f"{file}.mlir").exists()
             and re.search(rf"\b{dialect}\.{op}\b", (folder / f"{file}.mlir").read_text())]
    numeric = "".join(path.read_text() for path in (SOURCE / "test" / "python").glob("test_numerics*.py"))
    if re.search(rf"\b{dialect}\.{op}\b", numeric):
        found.append("model")
    return ", ".join(found) or "no"


def is_gradient(op):
    return op.endswith("_grad") or op in ("adamw", "adamw_schedule", "clip_coefficient", "unscale", "constant")


def table():
    spec = (SOURCE / "docs" / "Spec.md").read_text()
    reference, rules, (kernels, views) = interpreted(), differentiated(), compiled()
    yield "| op | spec | verifier | interpreter | autodiff | CPU | tests |"
    yield "|---|---|---|---|---|---|---|"
    for dialect, op, cpp in ops():
        name, key = f"{dialect}.{op}", (dialect, cpp)
        autodiff = "yes" if key in rules else "*gradient*" if is_gradient(op) else "no"
        cpu = ("yes" if name in kernels else "*view*" if key in views
               else "*data*" if op == "constant" else "no")
        yield " | ".join([f"| `{name}`", "yes" if f"\n### {name}\n" in spec else "no",
                          str(constraints(dialect, op) or "–"), "yes" if key in reference else "no",
                          autodiff, cpu, tests(dialect, op) + " |"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    stale = write_or_check({SOURCE / "docs" / "Status.md": HEAD + "\n".join(table()) + "\n"},
                           parser.parse_args().check)
    if stale:
        print("docs/Status.md is not what the tree says: run make docs", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
