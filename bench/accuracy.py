"""Accuracy of the recipes on GLUE tasks: one `intq finetune` a recipe, task and seed, as a Markdown table.

    python bench/accuracy.py --glue DIR --tasks sst2,cola,stsb --recipes float,row8,row8+wta0.3 --seeds 1,2,3 --out runs/accuracy

Seeds are paired: every recipe sees the same initial head, order of data and dropout for a seed, so differences of
two recipes are taken seed by seed. Finished runs are kept in --out and not repeated.
"""
import argparse
import json
import math
import os
import shlex
import statistics
import subprocess
import sys

RANKS = "1,2,4,8,16,32,64"
LORA = ["--lr", "5e-4", "--lora-targets", "all-linear", "--adapter"]  # adapters want a higher rate

# What may follow a recipe: row8+wta0.3, row8+lora8+wta0.3. Adapters with several ranks have a row a rank, all from one run.
VARIANTS = {
    "wta0.3": ["--wta-crs", "0.3"],
    "wta0.1": ["--wta-crs", "0.1"],
    "pps0.3": ["--wta-crs", "0.3", "--sampler", "pps"],
    "wta0.3token": ["--wta-crs", "0.3", "--norm-cache", "token"],
    "pps0.3token": ["--wta-crs", "0.3", "--sampler", "pps", "--norm-cache", "token"],
    "checkpointing": ["--checkpointing"],
    "i8moments": ["--moments", "i8"],
    **{f"lora{r}": [*LORA, "lora", "--lora-r", r] for r in RANKS.split(",")},
    "qlora8": [*LORA, "qlora", "--lora-r", "8"],
    "dylora": [*LORA, "dylora", "--ranks", RANKS],
    "qdylora": [*LORA, "qdylora", "--ranks", RANKS],
    "lora64cut": [*LORA, "lora", "--lora-r", "64", "--eval-ranks", RANKS],
}

TASKS = {  # folder, metric, length of the run
    "sst2": ("SST-2", "accuracy", ["--steps", "300"]),
    "cola": ("CoLA", "matthews_correlation", ["--epochs", "3"]),
    "stsb": ("STS-B", "pearson", ["--epochs", "3"]),
}
COMMON = ["--batch", "32", "--seq", "64", "--lr", "5e-5", "--warmup", "0.06", "--weight-decay", "0.01"]


def how(variant):
    """The options of a recipe and what follows it."""
    recipe, *more = variant.split("+")
    return ["--recipe", recipe] + [option for name in more for option in VARIANTS[name]]


def run(args, task, recipe, seed):
    folder, _, length = TASKS[task]
    name = f"{task}-{recipe}-{seed}"
    kept = os.path.join(args.out, name + ".json")
    if os.path.exists(kept):
        with open(kept) as f:
            return json.load(f)
    data = os.path.join(args.glue, folder)
    command = [sys.executable, "-m", "intq", "finetune", args.model, "--train", os.path.join(data, "train.tsv"), "--eval",
               os.path.join(data, "dev.tsv"), "--task-preset", task, *length, *COMMON, "--pad-to", args.pad_to,
               *how(recipe), "--seed", str(seed),
               "--out", os.path.join(args.out, name), "--json"]
    print(shlex.join(command), file=sys.stderr, flush=True)
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result = json.loads(out.strip().splitlines()[-1])
    with open(kept, "w") as f:
        json.dump(result, f)
    return result


def cell(values, baseline):
    text = f"{statistics.mean(values):.1f}"
    if len(values) > 1:
        differences = [v - b for v, b in zip(values, baseline)]
        error = statistics.stdev(differences) / math.sqrt(len(differences))
        text += f" ({statistics.mean(differences):+.1f} ± {error:.1f})"
    return text


def metrics(result, rank):
    """Of a result, or of one rank of its adapters."""
    return next(r["metrics"] for r in result["ranks"] if r["rank"] == rank) if rank else result["metrics"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--glue", required=True)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--tasks", default="sst2")
    parser.add_argument("--recipes", default="float,row8")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--pad-to", default="max", help="as for intq finetune; longest is several times faster")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    tasks, recipes = args.tasks.split(","), args.recipes.split(",")
    seeds = [int(s) for s in args.seeds.split(",")]
    print(f"| recipe | {' | '.join(tasks)} |\n|---|{'---|' * len(tasks)}")
    baseline = {}
    for recipe in recipes:
        runs = {task: [run(args, task, recipe, seed) for seed in seeds] for task in tasks}
        for rank in [row["rank"] for row in runs[tasks[0]][0].get("ranks", [])] or [None]:
            scores = {task: [100 * metrics(r, rank)[TASKS[task][1]] for r in runs[task]] for task in tasks}
            baseline = baseline or scores
            row = recipe + (f", rank {rank}" if rank else "")
            print(f"| {row} | {' | '.join(cell(scores[t], baseline[t]) for t in tasks)} |", flush=True)


if __name__ == "__main__":
    main()
