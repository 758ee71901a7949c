"""One training step of intq and of its peers: processes of their own, in turn (A B A B), so that a change of the
machine's load meets all of them."""
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from intq.bench.checkpoints import model_config, write_checkpoint
from intq.checkpoint_folder import CheckpointFolder
from intq.errors import UserError
from intq.export import export_training

TORCH_MODES = ("fp32", "fp32-compiled", "bf16-autocast", "bf16")
TORCH_SCRIPT = Path(__file__).with_name("torch_step.py")


def require_torch(python):
    """An error where `python` cannot run the peers, before anything is measured."""
    _run([python, str(TORCH_SCRIPT)], f"--vs torch: expected --torch-python to name a Python with torch and transformers; {python}: ")


def compare(model, *, rounds, torch_python=None, modes=(), options, **shared):
    """The record of `intq bench step`. `shared`: batch, seq, steps, threads and max_grad_norm of all sides; `options`: those
    of intq alone, as TrainingOptions has them."""
    ours, peers = [], {mode: [] for mode in modes}
    with tempfile.TemporaryDirectory(prefix="intq-bench-") as folder:
        write_checkpoint(folder, model)
        graph = export(folder, shared["batch"], shared["seq"])
        for _ in range(rounds):
            ours.append(measure_intq(graph, **options, **shared))
            for mode, runs in peers.items():
                runs.append(measure_torch(torch_python, model, mode, **shared))
    record = {"model": model, **shared, "rounds": rounds, **options, **_merge(ours)}
    if modes:
        record["peers"] = [_peer(mode, _merge(runs), record) for mode, runs in peers.items()]
    return record


def measure_intq(graph, **settings):
    """What one process of intq measures."""
    return _measure([sys.executable, "-m", "intq.bench.intq_step"], {"graph": graph, **settings})


def measure_torch(python, model, mode, **settings):
    """What one process of PyTorch measures."""
    return _measure([python, str(TORCH_SCRIPT)], {"config": model_config(model), "mode": mode, **settings}, f"torch {mode}: ")


def export(folder, batch, seq):
    """The training graph of the checkpoint in `folder`, as a file there."""
    graph = Path(folder, "train.onnx")
    export_training(CheckpointFolder.open(folder), graph, task="classification", num_labels=2, batch=batch, seq=seq)
    return str(graph)


def _measure(command, settings, where=""):
    return json.loads(_run([*command, json.dumps(settings)], where).strip().splitlines()[-1])


def _run(command, where):
    """What `command` prints; the last line of its standard error says why it failed."""
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{where}{error.strerror}") from None
    if done.returncode < 0:
        raise UserError(f"{where}stopped by signal {-done.returncode}")
    if done.returncode:
        raise UserError(where + (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1])
    return done.stdout


def _merge(runs):
    """Of several processes: all their steps, their highest peak, their shortest start."""
    seconds = [s for run in runs for s in run["seconds"]]
    merged = {**{k: v for k, v in runs[0].items() if k != "seconds"}, "step_seconds_median": round(statistics.median(seconds), 5),
              "step_seconds_min": round(min(seconds), 5), "peak_rss_mib": max(run["peak_rss_mib"] for run in runs)}
    if "ready_seconds" in merged:
        merged["ready_seconds"] = round(min(run["ready_seconds"] for run in runs), 2)
    return merged


def _peer(mode, merged, ours):
    """A peer has the fields of intq's record; PyTorch plans no memory."""
    return {"name": f"torch {mode}", "recipe": mode, "plan_peak_mib": None, **merged,
            "speed_ratio": round(merged["step_seconds_median"] / ours["step_seconds_median"], 3),
            "memory_ratio": round(ours["peak_rss_mib"] / merged["peak_rss_mib"], 3)}
