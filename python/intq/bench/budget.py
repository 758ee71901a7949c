"""The largest batch whose training step fits a budget of memory, of intq and of PyTorch, by measuring."""
import tempfile

from intq.bench.checkpoints import write_checkpoint
from intq.bench.step import export, measure_intq, measure_torch
from intq.errors import UserError

SECOND = 8  # measured after a batch of 1


def compare(model, *, budget, torch_python=None, modes=(), options, **shared):
    """The record of `intq bench batch`. `budget` in MiB; `shared`: seq, steps, threads and max_grad_norm of all sides;
    `options`: those of intq alone, as TrainingOptions has them."""
    def torch(mode):
        return largest(lambda batch: measure_torch(torch_python, model, mode, batch=batch, **shared), budget)

    with tempfile.TemporaryDirectory(prefix="intq-bench-") as folder:
        write_checkpoint(folder, model)
        ours = largest(lambda batch: measure_intq(export(folder, batch, shared["seq"]), batch=batch, **options, **shared), budget)
    record = {"model": model, "memory_budget_mib": budget, **shared, **options, **ours}
    if modes:
        record["peers"] = [_peer(mode, torch(mode), record) for mode in modes]
    return record


def largest(measure, budget):
    """The largest batch for which `measure(batch)` has a peak_rss_mib within `budget`, with what it measured there."""
    results, batch = {}, 1
    while batch not in results:
        results[batch] = measure(batch)
        batch = _next({b: result["peak_rss_mib"] for b, result in results.items()}, budget)
    seconds = min(results[batch]["seconds"])
    kept = {k: results[batch][k] for k in ("peak_rss_mib", "plan_peak_mib", "cpu_isa") if k in results[batch]}
    return {"batch": batch, **kept, "step_seconds": round(seconds, 4), "examples_per_second": round(batch / seconds, 2)}


def _next(peaks, budget):
    """The batch to measure next; one that was measured is the answer. `peaks`: MiB by batch."""
    if peaks[1] > budget:
        raise UserError(f"expected --memory-budget of at least the {peaks[1]:.0f} MiB that one example needs, but got {budget}")
    fits = max(batch for batch, peak in peaks.items() if peak <= budget)
    too_large = min((batch for batch in peaks if batch > fits), default=None)
    if too_large is None:
        return _beyond(peaks, budget)
    if too_large - fits == 1:
        return fits
    guess = _meets(peaks, fits, too_large, budget) if len(peaks) % 2 else (fits + too_large) // 2
    return min(max(guess, fits + 1), too_large - 1)


def _beyond(peaks, budget):
    """A larger batch than any so far, but not far beyond what is known: its process needs that memory."""
    if len(peaks) == 1:
        return SECOND
    last, largest = sorted(peaks)[-2:]
    return min(max(_meets(peaks, last, largest, budget), 2 * largest), 4 * largest)


def _meets(peaks, low, high, budget):
    """The batch at which a line through two measurements reaches the budget: each example adds nearly as much as the last."""
    growth = (peaks[high] - peaks[low]) / (high - low)
    return int(low + (budget - peaks[low]) / growth) if growth > 0 else high


def _peer(mode, found, ours):
    return {"name": f"torch {mode}", **found, "batch_ratio": round(ours["batch"] / found["batch"], 2)}
