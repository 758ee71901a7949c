"""Loss and metric curves of a run, as a PNG."""
import io

from intq.run_folder import write_atomically


def plot_run(records, path, title, metric=None):
    """`records`: the lines of log.jsonl. `metric`: which evaluation metric is drawn; the first where None."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    train = [(r["step"], r["loss"]) for r in records if r.get("loss") is not None]
    evals = [(r["step"], r["eval"]) for r in records if "eval" in r]
    figure, axis = pyplot.subplots(figsize=(8, 4.5), dpi=120)
    if train:
        steps, losses = zip(*train)
        axis.plot(steps, losses, color="#9db7d5", linewidth=1, label="training loss")
        axis.plot(steps, _smooth(losses), color="#1f4e8c", linewidth=2, label="training loss, smoothed")
    axis.set_xlabel("optimizer step")
    axis.set_ylabel("loss")
    axis.grid(alpha=0.25)
    axis.set_xlim(left=0)
    handles, labels = axis.get_legend_handles_labels()
    if evals:
        name = metric if metric in evals[0][1] else next(iter(evals[0][1]))
        right = axis.twinx()
        right.plot([s for s, _ in evals], [m[name] for _, m in evals], color="#c4571a", marker="o", markersize=4,
                   linewidth=1.5, label=f"held-out {name}")
        right.set_ylabel(name)
        more = right.get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
    axis.legend(handles, labels, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False)
    axis.set_title(title)
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    pyplot.close(figure)
    write_atomically(path, buffer.getvalue())


def _smooth(values):
    """Exponential moving average over about an eighth of the points, corrected for its start."""
    weight = max(0.0, 1 - 8 / len(values))
    smoothed, average = [], 0.0
    for count, value in enumerate(values, 1):
        average = weight * average + (1 - weight) * value
        smoothed.append(average / (1 - weight**count))
    return smoothed
