"""A roofline plot of matrix products: their rate over the operations that each byte read or written pays for."""
import io
import math
import time

import numpy as np

from intq.run_folder import write_atomically

BYTES = {"i8": 1, "tile8": 1, "mx8": 1, "i9": 2, "i12": 2, "i16": 2, "f32": 4}  # of an element, as it lies in memory
STYLE = {"i8": ("#1f4e8c", "o"), "tile8": ("#3f8fd2", "P"), "mx8": ("#00a0a0", "X"),
         "i12": ("#2e8b57", "s"), "i12·i8": ("#7a9a01", "D"), "i16": ("#8a4fa3", "^"), "f32": ("#c4571a", "v")}


def memory_bandwidth(mib=256, rounds=7):
    """Bytes a second that one thread copies between arrays larger than the caches: read and written."""
    source = np.ones(mib << 17, np.float64)
    target = np.empty_like(source)
    best = math.inf
    for _ in range(rounds):
        started = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - started)
    return 2 * source.nbytes / best


def intensity(kernel):
    """Operations a byte, where both operands are read once and the f32 result is written once."""
    *batch, m, n, k = (int(size) for size in kernel["shape"].split("x"))
    formats = kernel["kernel"].split()[0].split("·")
    left, right = BYTES[formats[0]], BYTES[formats[-1]]
    return math.prod(batch) * 2 * m * n * k / (math.prod(batch) * (m * k * left + k * n * right + 4 * m * n))


def plot(record, bandwidth, path):
    """`record`: of `intq bench gemm`. Writes SVG or PNG, by the ending of `path`."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(8, 5), dpi=120)
    points = {}
    for kernel in record["kernels"]:
        points.setdefault(kernel["kernel"].split()[0], []).append(kernel)
    right = 2 * max(intensity(k) for k in record["kernels"])
    for name, kernels in points.items():
        color, marker = STYLE[name]
        peak = kernels[0]["gops"] / kernels[0]["fraction_of_peak"]
        ridge = peak / (bandwidth / 1e9)
        axis.plot([1, ridge, right], [bandwidth / 1e9, peak, peak], color=color, alpha=0.35, linewidth=1.5, zorder=1)
        axis.scatter([intensity(k) for k in kernels], [k["gops"] for k in kernels], color=color, marker=marker, s=28,
                     label=f"{name}: peak {peak:.0f}", zorder=2)
    axis.set_xscale("log", base=2)
    axis.set_yscale("log", base=2)
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_xlabel("operations a byte of memory")
    axis.set_ylabel("billion operations a second")
    axis.set_title(f"Matrix products of a training step, {record['cpu_isa']}, {record['threads']} thread{'s' * (record['threads'] > 1)}; "
                   f"memory {bandwidth / 1e9:.0f} GB/s", fontsize=10)
    axis.grid(alpha=0.25)
    axis.legend(frameon=False)
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, format=path.suffix[1:])
    pyplot.close(figure)
    write_atomically(path, buffer.getvalue())
