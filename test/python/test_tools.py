"""The command-line tools start and say what they are."""
import subprocess


def test_intq_opt_knows_the_dialects(build):
    text = subprocess.run([build / "bin" / "intq-opt", "--show-dialects"], text=True, check=True,
                          capture_output=True).stdout
    dialects = {word.strip() for line in text.splitlines() for word in line.split(",")}
    assert {"nn", "intq", "check"} <= dialects
