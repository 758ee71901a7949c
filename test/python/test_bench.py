"""intq bench: the fields of its JSON and its errors. How fast anything is, no test asserts."""
import json
import os
import sys

import pytest

from intq import cli
from intq.bench import budget, roofline
from intq.errors import UserError

STEP = ["bench", "step", "--model", "minilm", "--batch", "1", "--seq", "8", "--steps", "2", "--rounds", "1", "--json"]
FIELDS = {"recipe", "cpu_isa", "threads", "step_seconds_median", "step_seconds_min", "peak_rss_mib", "plan_peak_mib"}


def last_json(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def script(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def test_step(capsys):
    """Clipping needs every gradient before the update, and so a larger plan."""
    records = {}
    for norm in "0", "1":
        assert cli.main([*STEP, "--threads", "1", "--max-grad-norm", norm]) == 0
        records[norm] = last_json(capsys)
    for norm, record in records.items():
        assert FIELDS | {"ready_seconds"} <= set(record) and "peers" not in record
        assert [record[k] for k in ("model", "batch", "seq", "threads", "max_grad_norm")] == ["minilm", 1, 8, 1, float(norm)]
        assert 0 < record["step_seconds_min"] <= record["step_seconds_median"]
    assert 0 < records["0"]["plan_peak_mib"] < records["1"]["plan_peak_mib"]
    assert records["0"]["peak_rss_mib"] > 0


def test_peers_in_turn(tmp_path, capsys):
    """The interpreter of the peers is asked whether it has torch, then once a round and mode."""
    measured = json.dumps({"seconds": [2.0, 4.0], "peak_rss_mib": 1000.0, "threads": 1, "cpu_isa": "AVX2", "version": "0"})
    python = script(tmp_path / "python", f"echo \"$2\" >>'{tmp_path}/calls'; echo '{measured}'\n")
    assert cli.main([*STEP, "--rounds", "2", "--vs", "torch", "--torch-python", str(python), "--peers", "fp32,bf16"]) == 0
    record = last_json(capsys)
    assert [peer["name"] for peer in record["peers"]] == ["torch fp32", "torch bf16"]
    for peer in record["peers"]:
        assert FIELDS <= set(peer) and peer["step_seconds_median"] == 3.0 and peer["peak_rss_mib"] == 1000.0
        assert peer["speed_ratio"] == pytest.approx(3.0 / record["step_seconds_median"], abs=1e-3)
        assert peer["memory_ratio"] == pytest.approx(record["peak_rss_mib"] / 1000, abs=1e-3)
    empty, *calls = (tmp_path / "calls").read_text().splitlines()
    assert not empty and [json.loads(call)["mode"] for call in calls] == ["fp32", "bf16"] * 2
    assert json.loads(calls[0])["config"]["num_hidden_layers"] == 6


def test_python_without_torch(tmp_path, capsys):
    """-S: without site-packages, so without torch wherever this runs."""
    python = script(tmp_path / "python", f"exec '{sys.executable}' -I -S \"$@\"\n")
    assert cli.main([*STEP, "--vs", "torch", "--torch-python", str(python)]) == 2
    err = capsys.readouterr().err
    assert "expected --torch-python to name a Python with torch and transformers" in err and "No module named 'torch'" in err


@pytest.mark.parametrize("options,message", [
    (["--vs", "torch", "--torch-python", "nowhere"], "nowhere: No such file"), (["--recipe", "row9"], "expected a recipe"),
    (["--seq", "513"], "--seq of at most 512"), (["--max-grad-norm", "-1"], "--max-grad-norm of at least 0")])
def test_mistakes_of_step(options, message, capsys):
    assert cli.main([*STEP, *options]) == 2
    assert message in capsys.readouterr().err


def test_unknown_peer(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([*STEP, "--peers", "fp32,fp8"])
    assert stop.value.code == 2 and "bf16-autocast" in capsys.readouterr().err


def fake_gemm(tmp_path, monkeypatch, text):
    """A build folder whose intq-bench-gemm is a script."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libintq.so").touch()
    monkeypatch.setenv("INTQ_LIBRARY", str(tmp_path / "lib" / "libintq.so"))
    if text:
        script(tmp_path / "bin" / "intq-bench-gemm", text)


TABLE = """cat <<'END'
avx512-vnni, 1 thread(s)
i8 TN 768x768x1024 b256        1250.0 us    900.0 GOPS   90.0 % of peak  lower  12 compile 104 ms
i12·i8 NT 1024x768x768         2500.0 us    400.0 GOPS   80.0 % of peak  lower   9 compile  90 ms
odd i8 NN 1x2x3                   0.1 us      0.1 GOPS    0.0 % of peak  lower   1 compile   9 ms  WRONG
END
exit 1
"""


def test_gemm_table(tmp_path, monkeypatch, capsys):
    fake_gemm(tmp_path, monkeypatch, TABLE)
    assert cli.main(["bench", "gemm", "--json"]) == 1
    record = last_json(capsys)
    assert record["wrong"] == ["odd i8 NN 1x2x3"] and record["cpu_isa"] == "avx512-vnni" and record["int8_peak_gops"] == 1000
    assert record["kernels"] == [
        {"kernel": "i8 TN", "shape": "768x768x1024", "block": 256, "microseconds": 1250.0, "gops": 900.0,
         "fraction_of_peak": 0.9, "fraction_of_int8_peak": 0.9},
        {"kernel": "i12·i8 NT", "shape": "1024x768x768", "block": None, "microseconds": 2500.0, "gops": 400.0,
         "fraction_of_peak": 0.8, "fraction_of_int8_peak": 0.4}]


def test_roofline(tmp_path, monkeypatch, capsys):
    fake_gemm(tmp_path, monkeypatch, TABLE)
    assert cli.main(["bench", "gemm", "--plot", str(tmp_path / "roof.svg"), "--json"]) == 1
    assert last_json(capsys)["memory_gb_per_second"] > 0
    assert "i12·i8: peak 500" in (tmp_path / "roof.svg").read_text()  # as a comment beside the glyphs
    kernel = {"kernel": "i12·i8 NT", "shape": "4x6x8x10"}
    assert roofline.intensity(kernel) == 2 * 4 * 6 * 8 * 10 / (4 * (6 * 10 * 2 + 10 * 8 + 4 * 6 * 8))


def test_roofline_of_nothing(tmp_path, monkeypatch, capsys):
    fake_gemm(tmp_path, monkeypatch, "echo 'avx2, 1 thread(s)'\n")
    assert cli.main(["bench", "gemm", "--only", "nothing", "--plot", str(tmp_path / "roof.svg")]) == 2
    assert "--only nothing selects none" in capsys.readouterr().err


@pytest.mark.parametrize("program,message", [
    (None, "not built; build it with `ninja -C build/release intq-bench-gemm`"),
    ("echo 'error: expected an instruction set' >&2; exit 2\n", "intq-bench-gemm: expected an instruction set"),
    ("echo 'avx2, 1 thread(s)'; echo nonsense\n", "expected a line of its table, but got 'nonsense'")])
def test_mistakes_of_gemm(program, message, tmp_path, monkeypatch, capsys):
    fake_gemm(tmp_path, monkeypatch, program)
    assert cli.main(["bench", "gemm", "--json"]) == 2
    assert message in capsys.readouterr().err


def test_gemm(build, monkeypatch, capsys):
    """The table of the true program; check-intq builds it."""
    if not (build / "bin" / "intq-bench-gemm").exists():
        pytest.skip("intq-bench-gemm is not built")
    monkeypatch.setenv("INTQ_LIBRARY", str(build / "lib" / "libintq.so"))
    assert cli.main(["bench", "gemm", "--only", "i8 NT 96x128", "--json"]) == 0
    (kernel,) = last_json(capsys)["kernels"]
    assert kernel["kernel"] == "i8 NT" and kernel["shape"] == "96x128x128x64" and kernel["gops"] > 0


@pytest.mark.parametrize("part", ["step", "gemm"])
def test_every_option_has_help(part):
    bench = cli.build_parser()._subparsers._group_actions[0].choices["bench"]
    for action in bench._subparsers._group_actions[0].choices[part]._actions:
        assert action.help, f"{part} {action.option_strings}"


def largest_batch(peak, within):
    """(the answer of the search, how many batches it measured) where a step of a batch peaks at peak(batch) MiB."""
    measured = []

    def measure(batch):
        measured.append(batch)
        return {"seconds": [0.5], "peak_rss_mib": peak(batch)}
    return budget.largest(measure, within)["batch"], len(measured)


@pytest.mark.parametrize("within", [1000, 1009, 1010, 1090, 1100, 3333, 40000])
def test_largest_batch(within):
    """Loading needs 1,000 MiB whatever the batch is, a step 600 + 10 an example."""
    batch, measurements = largest_batch(lambda batch: max(1000, 600 + 10 * batch), within)
    assert batch == (within - 600) // 10 and measurements <= 14


def test_largest_batch_with_uneven_growth():
    batch, measurements = largest_batch(lambda batch: 100 + batch ** 1.1 + batch % 3, 1000)
    assert batch == max(b for b in range(1000) if 100 + b ** 1.1 + b % 3 <= 1000) and measurements <= 14


def test_budget_below_one_example():
    with pytest.raises(UserError, match="at least the 700 MiB that one example needs, but got 600"):
        largest_batch(lambda batch: 700, 600)


def test_step_with_adapter_and_sampling(capsys):
    assert cli.main([*STEP, "--adapter", "lora", "--lora-r", "4", "--wta-crs", "0.5"]) == 0
    record = last_json(capsys)
    assert record["adapter"] == "lora" and record["lora_r"] == 4 and record["wta_crs"] == 0.5


def test_batch(tmp_path, capsys, monkeypatch):
    """One command for intq with any of its options and for PyTorch; each measurement is a process with a graph of its own."""
    def measure(graph, batch, adapter, recipe, **_):
        assert adapter == "lora" and recipe == "row8" and os.path.getsize(graph) > 0
        return {"seconds": [4.0], "peak_rss_mib": 500 + 100 * batch, "plan_peak_mib": 400, "cpu_isa": "avx2"}
    monkeypatch.setattr(budget, "measure_intq", measure)
    measured = json.dumps({"seconds": [2.0], "peak_rss_mib": 800.0, "threads": 1, "cpu_isa": "AVX2", "version": "0"})
    python = script(tmp_path / "python", f"case \"$2\" in *'\"batch\": 1,'*|'') echo '{measured}';; *) echo '{measured}' | sed s/800/8000/;; esac\n")
    assert cli.main(["bench", "batch", "--model", "minilm", "--seq", "8", "--memory-budget", "900", "--adapter", "lora", "--json",
                     "--vs", "torch", "--torch-python", str(python), "--peers", "fp32"]) == 0
    record = last_json(capsys)
    assert record["batch"] == 4 and record["peak_rss_mib"] == 900 and record["examples_per_second"] == 1
    (peer,) = record["peers"]
    assert peer["batch"] == 1 and peer["batch_ratio"] == 4 and peer["examples_per_second"] == 0.5
