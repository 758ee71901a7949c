"""The linters of tools/dev/lint.py: what they find in bad text, and that the tree has none of it."""
import sys

import pytest


@pytest.fixture(scope="module")
def lint(source):
    sys.path.insert(0, str(source / "tools" / "dev"))
    import lint
    yield lint
    sys.path.pop(0)


@pytest.mark.parametrize("name", ["directives", "errors", "words", "passes", "length"])
def test_the_tree_is_clean(lint, name):
    findings = list(lint.LINTS[name]())
    assert not findings, "\n".join(findings)


RUN = "// RUN: intq-opt %s | FileCheck %s\n"


@pytest.mark.parametrize("text, message", [
    ("func.func @f()\n", "expected a RUN line"),
    (RUN + "// CHECK-LABEL @f\n// CHECK: x\n", "expected a colon after CHECK-LABEL"),
    (RUN + "// CHECK x\n// CHECK: x\n", "expected a colon after CHECK"),
    (RUN + "// CHECK-NEX: x\n// CHECK: x\n", "expected a known suffix, but got CHECK-NEX"),
    (RUN + "// FWD-NEXT: x\n// CHECK: x\n", "expected a prefix that a RUN line uses, but got FWD-NEXT"),
    (RUN + "// nothing\n", "expected a directive of prefix CHECK"),
    (RUN.replace("%s\n", "%s --check-prefix=A\n") + "// CHECK: x\n// A: x\n", "expected a RUN line that uses CHECK"),
    (RUN + "// CHECK: x\n// expected-error @below {{x}}\n", "expected --verify-diagnostics where an error is expected"),
    ("// RUN: intq-opt %s\n", "expected a directive, a diagnostic or a check op, but got a test that cannot fail"),
])
def test_directives(lint, text, message):
    assert message in [found for _, found in lint.directive_findings(text)]


@pytest.mark.parametrize("text", [
    RUN + "// CHECK-LABEL: @f\n// CHECK-COUNT-2: x\n// CHECK{LITERAL}: [[\n// A remark on CHECK lines\n",
    "// RUN: intq-opt %s --verify-diagnostics\n// expected-error @below {{x}}\n",
    "// RUN: intq-run %s\ncheck.expect_eq %a, %b\n",
    "// RUN: not intq-opt %s 2>&1 | FileCheck %s --check-prefixes=A,B\n// A: x\n// B-NOT: y\n",
])
def test_good_directives(lint, text):
    assert not list(lint.directive_findings(text))


def test_errors_are_found_with_their_longest_piece(lint):
    text = 'return op.emitOpError() << "expected " << what\n   << " of shape "\n "and size" << x;\nemitError(loc, "bad");\n'
    assert list(lint.error_messages(text)) == [(1, ["expected ", " of shape and size"])]


@pytest.mark.parametrize("line", ["llvm_unreachable(\"x\")", "// TODO later", "a\tb", "blank ", "open('/wo" "rk/x')",
                                  "arith.addf %a, %b fastmath<fast>", "llvm::report_fatal_error(x)", "vector.fma %a"])
def test_words(lint, line):
    assert list(lint.word_findings("good line\n" + line + "\n")) != []


def test_good_words(lint):
    assert not list(lint.word_findings("see https://a.org/work/x\nmath.fma %a\nframework/home/x\n"))


PASS = '''def APass : Pass<"a"> {
  let summary = "s";
  let description = [{ Example: test/a.mlir. }];
  let statistics = [];
}
'''


def test_passes(lint):
    assert not list(lint.pass_findings(PASS, lambda example: example == "test/a.mlir"))
    for changed, message in [(PASS.replace("APass", "A"), "expected a name that ends in Pass, but got A"),
                             (PASS.replace("let summary", "let nothing"), "expected a summary of a"),
                             (PASS.replace("Example", "See"), "expected an example of a: a file under test/"),
                             (PASS.replace('"a"', '"b"') + PASS, "expected passes in alphabetical order, but got b, a")]:
        assert message in [found for _, found in lint.pass_findings(changed, lambda _: True)]
    assert list(lint.pass_findings(PASS, lambda _: False))
