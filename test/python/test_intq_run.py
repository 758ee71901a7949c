"""The exit codes of intq-run: 0 all checks hold, 1 a run failed, 2 bad input."""
import subprocess

import pytest

CHECK = """
func.func @main() {
  %a = nn.constant dense<1> : tensor<i32>
  %b = nn.constant dense<VALUE> : tensor<i32>
  check.expect_eq %a, %b : tensor<i32>
  return
}
"""


@pytest.mark.parametrize("text, arguments, code", [
    (CHECK.replace("VALUE", "1"), [], 0),
    (CHECK.replace("VALUE", "2"), [], 1),
    (CHECK.replace("VALUE", "2") + CHECK.replace("VALUE", "1").replace("main", "other"), [], 1),
    ("no mlir", [], 2),
    (CHECK.replace("VALUE", "1"), ["--engine=abacus"], 2),
    (CHECK.replace("VALUE", "1"), ["--entry=other"], 2),
    (CHECK.replace("VALUE", "1.0"), [], 2)])
def test_exit_code(build, tmp_path, text, arguments, code):
    path = tmp_path / "main.mlir"
    path.write_text(text)
    assert subprocess.run([build / "bin" / "intq-run", *arguments, path], capture_output=True).returncode == code
