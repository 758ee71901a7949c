#!/usr/bin/env python3
"""Checks of the tree that no compiler makes. Prints one finding a line; fails where there is one.

    lint.py [directives|errors|words|passes|length …]
"""
import collections
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = ("NEXT", "SAME", "NOT", "DAG", "LABEL", "EMPTY", "COUNT")


def files(folder, *patterns):
    return [path for pattern in patterns for path in sorted((SOURCE / folder).rglob(pattern))
            if "__pycache__" not in path.parts]


# FileCheck directives. One without its colon is a comment: the test then checks nothing.

def lint_directives():
    for path in files("test", "*.mlir", "*.test"):
        if "Inputs" not in path.parts:
            for line, message in directive_findings(path.read_text()):
                yield f"{path.relative_to(SOURCE)}:{line}: {message}"


def directive_findings(text):
    """(line, message) for one lit test."""
    runs = " ".join(re.findall(r"RUN:(.*)", text))
    if not runs.strip():
        yield 1, "expected a RUN line"
        return
    prefixes = set()
    for call in re.findall(r"FileCheck([^|\n]*)", runs):
        named = re.findall(r"--?check-prefix(?:es)?[= ](\S+)", call)
        prefixes |= {p for names in named for p in names.split(",")} or {"CHECK"}
    used = set()
    for number, line in enumerate(text.splitlines(), 1):
        match = re.search(r"//\s*([A-Z][A-Z0-9_-]*)(\{[A-Z]+\})?(:|\s|$)", line)
        if not match or match.group(1) in ("RUN", "REQUIRES", "XFAIL", "UNSUPPORTED"):
            continue
        word, colon = match.group(1), match.group(3) == ":"
        prefix = next((p for p in sorted(prefixes | {"CHECK"}, key=len, reverse=True)
                       if word == p or word.startswith(p + "-")), None)
        if prefix is None:
            if colon and "-" in word and word.rsplit("-", 1)[1] in SUFFIXES:
                yield number, f"expected a prefix that a RUN line uses, but got {word}"
            continue
        suffix = word[len(prefix) + 1:]
        if not colon:
            yield number, f"expected a colon after {word}"
        elif suffix and suffix not in SUFFIXES and not suffix.startswith("COUNT-"):
            yield number, f"expected a known suffix, but got {word}"
        elif prefix not in prefixes:
            yield number, f"expected a RUN line that uses {prefix}"
        else:
            used.add(prefix)
    for prefix in sorted(prefixes - used):
        yield 1, f"expected a directive of prefix {prefix}"
    diagnostics = "expected-error" in text or "expected-remark" in text or "expected-warning" in text
    if diagnostics and "verify-diagnostics" not in runs:
        yield 1, "expected --verify-diagnostics where an error is expected"
    if not (used or diagnostics or "check." in text or re.search(r"\b(not|diff|cmp|python|intq-bench-gemm)\b", runs)):
        yield 1, "expected a directive, a diagnostic or a check op, but got a test that cannot fail"


# Errors that no test quotes, in the folders of lib whose errors all stem from what a user wrote.

ERROR_FOLDERS = ("AutoDiff", "Conversion", "Dialect", "Quantize", "Reference", "Transforms")


def lint_errors():
    tests = normalized(" ".join(path.read_text() for path in files("test", "*.mlir", "*.test", "*.py", "*.cpp")))
    for path in [path for folder in ERROR_FOLDERS for path in files(f"lib/{folder}", "*.cpp")]:
        for line, pieces in error_messages(path.read_text()):
            longest = max(map(normalized, pieces), key=len)
            if longest.strip() not in tests:
                yield f"{path.relative_to(SOURCE)}:{line}: no test quotes this error: {longest.strip()}"


def normalized(text):
    return re.sub(r"\s+", " ", text)


def error_messages(text):
    """(line, literal pieces) of every emitted error."""
    for match in re.finditer(r"\bemit(?:Op)?Error\(", text):
        statement = text[match.end():text.index(";", match.end())]
        statement = re.sub(r'"\s*\n\s*"', "", statement)
        pieces = [p.encode().decode("unicode_escape").encode("latin-1").decode("utf-8") if "\\" in p else p
                  for p in re.findall(r'"((?:[^"\\]|\\.)*)"', statement)]
        pieces = [p for p in pieces if len(p.strip()) > 3]
        if pieces:
            yield text.count("\n", 0, match.start()) + 1, pieces


# Words that have no place in the sources.

WORDS = [
    (r"\breport_fatal_error\b", "fails the user's process; emit a diagnostic"),
    (r"\bllvm_unreachable\b", "is undefined behaviour on data; emit a diagnostic"),
    (r"\b(TODO|FIXME|XXX|TBD)\b|DO NOT SUBMIT", "is unfinished work"),
    (r"\bUncategorized\b", "is no name"),
    (r"\t", "tab character"),
    (r"[ \t]+$", "blank at the end of a line"),
    (r"(?<![\w.])/(?:work|home|root)/", "path of a machine"),
    (r"-ffast-math|fastmath<(?!none)", "changes bits (Spec N2)"),
    (r"\bvector\.fma\b|vector::FMAOp", "becomes fmuladd, which is not always fused (Spec N2); use math.fma"),
]


def lint_words():
    listed = files("lib", "*.cpp", "*.h", "*.mlir", "CMakeLists.txt") + files("include", "*.h", "*.td")
    listed += files("tools", "*.cpp", "*.py", "*.sh") + files("python", "*.py") + files("docs", "*.md")
    listed += files("test", "*.mlir", "*.py", "*.cpp", "*.txt") + files("bench", "*.py", "*.cpp")
    for path in listed:
        if path.name not in ("lint.py", "test_lint.py"):  # which quote them
            for line, message in word_findings(path.read_text()):
                yield f"{path.relative_to(SOURCE)}:{line}: {message}"


def word_findings(text):
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, reason in WORDS:
            match = re.search(pattern, line)
            if match and "lint-allow" not in line:
                yield number, f"{match.group(0).strip() or 'blank'}: {reason}"


# Passes: described, with an example that exists and a statistic, in alphabetical order.

def lint_passes():
    for path in files("include", "Passes.td"):
        for line, message in pass_findings(path.read_text(), lambda example: (SOURCE / example).exists()):
            yield f"{path.relative_to(SOURCE)}:{line}: {message}"


def pass_findings(text, exists):
    found = [(m.group(1), m.group(2), m.start()) for m in re.finditer(r'^def (\w+) : Pass<"([^"]+)"', text, re.M)]
    ends = [start for _, _, start in found[1:]] + [len(text)]
    for (name, flag, start), end in zip(found, ends):
        line, body = text.count("\n", 0, start) + 1, text[start:end]
        if not name.endswith("Pass"):
            yield line, f"expected a name that ends in Pass, but got {name}"
        for needed in ("summary", "description", "statistics"):
            if f"let {needed}" not in body:
                yield line, f"expected a {needed} of {flag}"
        example = re.search(r"Examples?:\s+(test/[\w/.-]+\.(?:mlir|test))", body)
        if not example or not exists(example.group(1)):
            yield line, f"expected an example of {flag}: a file under test/"
    flags = [flag for _, flag, _ in found]
    if flags != sorted(flags):
        yield 1, f"expected passes in alphabetical order, but got {', '.join(flags)}"


# Length of files: a long one hides a second subject.

def lint_length(limit=400):
    for path in files("lib", "*.cpp", "*.h") + files("include", "*.h", "*.td") + files("python", "*.py"):
        count = path.read_text().count("\n")
        if count > limit:
            yield f"{path.relative_to(SOURCE)}: expected at most {limit} lines, but got {count}"


LINTS = collections.OrderedDict((name[5:], value) for name, value in list(globals().items())
                                if name.startswith("lint_"))


def main():
    names = sys.argv[1:] or list(LINTS)
    unknown = [name for name in names if name not in LINTS]
    if unknown:
        sys.exit(f"expected one of {', '.join(LINTS)}, but got {', '.join(unknown)}")
    findings = [finding for name in names for finding in LINTS[name]()]
    for finding in findings:
        print(finding)
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main())
