"""docs/Spec.md, the ODS, the verifiers and their tests speak of the same ops, constraints and coefficients."""
import re
import subprocess

import pytest

DIALECTS = {"nn": "NN", "intq": "Intq"}
OP_DEFINITION = re.compile(r'^def \w+ : (?:NN|Intq)_\w*Op<"(\w+)"(.*?)(?=^def |^class |\Z)', re.M | re.S)
LABEL = re.compile(r"\((C\d+|N1)\)")
# Constraints of the type, which has no op of its own.
TYPE_LABELS = {("intq", "q_c1"), ("intq", "q_c2"), ("intq", "q_c3"), ("intq", "recipe_c1"), ("intq", "recipe_c2"),
               ("intq", "recipe_c3")}


def labels(text, op):
    found = set()
    for first, last in re.findall(r"\(C(\d+)\)–\(C(\d+)\)", text):
        found |= {f"{op}_c{i}" for i in range(int(first), int(last) + 1)}
    return found | {f"{op}_{label.lower()}" for label in LABEL.findall(text)}


@pytest.fixture(scope="module")
def spec(source):
    text = (source / "docs" / "Spec.md").read_text()
    sections = re.split(r"^### (\w+)\.(\w+)\n", text, flags=re.M)
    return {(sections[i], sections[i + 1]): re.split(r"^## ", sections[i + 2], flags=re.M)[0]
            for i in range(1, len(sections), 3)}


@pytest.fixture(scope="module")
def ods(source):
    found = {}
    for dialect, folder in DIALECTS.items():
        for path in sorted((source / "include" / "intq" / "Dialect" / folder).glob("*.td")):
            for op, body in OP_DEFINITION.findall(path.read_text()):
                # The four binary ops take their description from one class.
                binary = 'NN_BinaryOp<"' + op + '"' in path.read_text()
                found[dialect, op] = "(C1)" if binary else body
    return found


def spec_labels(spec):
    return {(dialect, label) for (dialect, op), text in spec.items() for label in labels(text, op)}


def test_every_op_has_a_section_and_every_section_an_op(spec, ods):
    assert len(ods) > 40
    assert set(spec) == set(ods)


def test_sections_are_complete(spec):
    incomplete = [op for op, text in spec.items()
                  if "**Semantics**" not in text or "**Example**" not in text
                  or bool(LABEL.search(text)) != ("**Constraints**" in text)]
    assert not incomplete


def test_labels_of_ods_and_spec_agree(spec, ods):
    described = {(dialect, label) for (dialect, op), text in ods.items() for label in labels(text, op)}
    assert described == spec_labels(spec)


def test_labels_of_verifiers_and_spec_agree(spec, source):
    enforced = set()
    for dialect, folder in DIALECTS.items():
        for path in (source / "lib" / "Dialect" / folder).glob("*.cpp"):
            for comment in re.findall(r"//(.*)", path.read_text()):
                enforced |= {(dialect, label) for label in re.findall(r"\b[a-z]\w*_(?:c\d+|n1)\b", comment)}
    assert enforced == spec_labels(spec) | TYPE_LABELS


def test_every_label_has_a_test_of_its_error(spec, source):
    tested = set()
    for dialect, folder in DIALECTS.items():
        text = (source / "test" / "Dialect" / folder / "invalid.mlir").read_text()
        tested |= {(dialect, label) for label in re.findall(r"@([a-z]\w*_(?:c\d+|n1))", text)}
    assert tested == spec_labels(spec) | TYPE_LABELS


def test_coefficients_are_those_of_the_code(source):
    literal = re.compile(r"0x1(?:\.[0-9a-f]+)?p[+-]?\d+")
    code = "".join((source / "include" / "intq" / "Format" / name).read_text()
                   for name in ("Math.h", "Activation.h"))
    text = (source / "docs" / "Spec.md").read_text()
    written = {float.fromhex(x) for x in literal.findall(text)}
    needed = {float.fromhex(x) for x in literal.findall(code)} - {2.0**23, 2.0**-126}
    assert needed <= written
    assert written - {0.5} <= needed


def test_examples_are_valid(spec, build, tmp_path):
    functions = []
    for (dialect, op), text in spec.items():
        example = re.search(r"\*\*Example\*\*: `(.*)`", text).group(1)
        assert f" {dialect}.{op} " in example
        right = example.split(" = ", 1)[1]
        arguments = ""
        if op != "constant":
            operands = re.findall(r"%\w+", right)
            types = re.findall(r"(?:tensor|!intq\.q)<[^>]*>", right[right.index(" : ("):right.index(") -> ")])
            arguments = ", ".join(f"{name}: {type_}" for name, type_ in zip(operands, types, strict=True))
        functions.append(f"func.func @{dialect}_{op}({arguments}) {{\n  {example}\n  return\n}}\n")
    path = tmp_path / "examples.mlir"
    path.write_text("".join(functions))
    done = subprocess.run([build / "bin" / "intq-opt", path, "-o", "/dev/null"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
