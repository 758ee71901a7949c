"""A run that is killed at any change that it makes to its folder, and resumed, ends like one that was not."""
import json
import os
import signal
import sys

from fake_program import install
from test_train import write_data

from intq import cli

CHANGES = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate")


def writes(event, arguments):
    """Whether an audit event is a change, and then of which file."""
    if event not in CHANGES or not isinstance(arguments[0], (str, bytes, os.PathLike)):
        return None
    if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        return None
    return os.fspath(arguments[0])


def run_until(change, folder, arguments, output):
    """Runs a command in a process that dies at the change-th change below `folder`: a file that it opens for writing is
    there, but empty; of other changes nothing has happened. Returns how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = [change]

    def watch(event, given):
        path = writes(event, given)
        if path is None or not str(path).startswith(str(folder)):
            return
        left[0] -= 1
        if left[0] == 0:
            if event == "open":
                os.close(os.open(path, given[2], 0o644))
            os.kill(os.getpid(), signal.SIGKILL)

    code = 99
    try:
        install()
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        sys.addaudithook(watch)
        code = cli.main([str(a) for a in arguments])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def test_killed_at_every_change(checkpoint, tmp_path):
    job = ["finetune", checkpoint, "--train", write_data(tmp_path / "train.tsv", 20, 1), "--eval",
           write_data(tmp_path / "dev.tsv", 6, 2), "--task-preset", "sst2", "--batch", "4", "--seq", "12", "--steps", "3",
           "--save-steps", "1", "--lr", "1e-2", "--seed", "3", "--json"]
    output, ends = tmp_path / "output", []

    def finish(folder, *more):
        assert run_until(0, folder, [*job, "--out", folder, *more], output) == 0, (len(ends), output.read_text())
        return json.loads(output.read_text().splitlines()[-1])["state_sha256"]

    expected = finish(tmp_path / "whole")
    while not ends or ends[-1] == -signal.SIGKILL:
        folder = tmp_path / f"r{len(ends)}"
        ends.append(run_until(len(ends) + 1, folder, [*job, "--out", folder], output))
        assert finish(folder, "--resume") == expected
    assert ends[-1] == 0 and len(ends) > 20, ends
