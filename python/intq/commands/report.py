"""The last line of a run: one JSON object of what came out."""
import json
import statistics
from pathlib import Path


def peak_rss_mib():
    """High-water mark of this process's memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    return None


def summary(trainer, info, state_sha256, options, named=None, **more):
    """`named`: metrics, which stand at the top level under their names."""
    seconds = [s for s in trainer.seconds[1:] or trainer.seconds]
    return {**(named or {}), "steps": trainer.step,
            "step_seconds_median": round(statistics.median(seconds), 5) if seconds else None,
            "peak_rss_mib": peak_rss_mib(), "state_sha256": state_sha256, "recipe": options.recipe,
            "engine": info["engine"], "cpu_isa": info["cpu_isa"], "threads": info["threads"],
            "seed": options.seed, "skipped": trainer.skipped, **more}


def print_json(record):
    print(json.dumps(record), flush=True)
