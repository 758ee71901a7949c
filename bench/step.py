"""One training step of a BERT encoder: intq against PyTorch on the same machine, in turn.

    python bench/step.py --model bert-base --batch 8 --seq 128 --recipe row8 [--torch PYTHON] [--json]

Each side runs in processes of its own, alternating (A B A B), and reports the median of its steps and its
peak resident memory. `--torch` is the interpreter of an environment with torch and transformers; without it only
intq is measured. Weights are random from a seed; clipping is off on both sides. Prints ratios, not verdicts.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

MODELS = {  # hidden, layers, heads, intermediate
    "bert-large": (1024, 24, 16, 4096),
    "bert-base": (768, 12, 12, 3072),
    "minilm": (384, 6, 12, 1536),
    "tiny": (128, 2, 2, 512),
}
VOCABULARY = 30522

TORCH = """
import json, resource, statistics, sys, time, torch
from transformers import BertConfig, BertForSequenceClassification
hidden, layers, heads, inner, batch, seq, mode, steps, threads = json.loads(sys.argv[1])
torch.set_num_threads(threads); torch.manual_seed(0)
model = BertForSequenceClassification(BertConfig(hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
    intermediate_size=inner, num_labels=2)).train()
if mode == "bf16": model = model.to(torch.bfloat16)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, fused=True)
ids = torch.randint(0, 30522, (batch, seq)); mask = torch.ones_like(ids); labels = torch.randint(0, 2, (batch,))
times = []
for _ in range(steps + 2):
    start = time.perf_counter(); optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=mode == "autocast"):
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward(); optimizer.step(); times.append(time.perf_counter() - start)
print(json.dumps({"seconds": times[2:], "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def write_checkpoint(folder, shape):
    """A Hugging Face folder with seeded random weights."""
    import numpy as np
    from safetensors.numpy import save_file

    hidden, layers, heads, inner = shape
    config = {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": hidden, "num_hidden_layers": layers,
              "num_attention_heads": heads, "intermediate_size": inner, "vocab_size": VOCABULARY,
              "max_position_embeddings": 512, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
              "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "pad_token_id": 0}
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config, f)
    rng, tensors = np.random.default_rng(0), {}

    def linear(name, out, size):
        tensors[name + ".weight"] = rng.standard_normal((out, size), np.float32) * np.float32(0.02)
        tensors[name + ".bias"] = np.zeros(out, np.float32)

    def norm(name):
        tensors[name + ".weight"], tensors[name + ".bias"] = np.ones(hidden, np.float32), np.zeros(hidden, np.float32)

    for table, rows in (("word", VOCABULARY), ("position", 512), ("token_type", 2)):
        tensors[f"embeddings.{table}_embeddings.weight"] = rng.standard_normal((rows, hidden), np.float32) * np.float32(0.02)
    norm("embeddings.LayerNorm")
    for i in range(layers):
        layer = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            linear(layer + "attention.self." + part, hidden, hidden)
        linear(layer + "attention.output.dense", hidden, hidden)
        norm(layer + "attention.output.LayerNorm")
        linear(layer + "intermediate.dense", inner, hidden)
        linear(layer + "output.dense", hidden, inner)
        norm(layer + "output.LayerNorm")
    linear("pooler.dense", hidden, hidden)
    save_file(tensors, os.path.join(folder, "model.safetensors"))


def run_intq(args, model, steps):
    """One measuring process of intq; called through --worker."""
    import numpy as np
    from intq.program import Program

    start = time.perf_counter()
    options = {"recipe": args.recipe, "cpu_isa": args.cpu_isa, "threads": args.threads, "functions": ["step"],
               "optimizer": {"max_grad_norm": 0}}
    with Program.compile(model, options) as program:
        ready = time.perf_counter() - start
        rng = np.random.default_rng(0)
        inputs = {"input_ids": rng.integers(0, VOCABULARY, (args.batch, args.seq)),
                  "attention_mask": np.ones((args.batch, args.seq), np.int64),
                  "token_type_ids": np.zeros((args.batch, args.seq), np.int64),
                  "labels": rng.integers(0, 2, args.batch)}
        times = []
        for step in range(steps + 2):
            start = time.perf_counter()
            program.run("step", inputs, seed=1, step=step, lr=2e-5)
            times.append(time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": times[2:], "peak_rss_mib": peak, "ready_seconds": ready,
                          "cpu_isa": program.info["cpu_isa"], "plan_mib": program.info["plan_bytes"] / 2**20}))


def measure(command):
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])


def merge(runs):
    seconds = [s for run in runs for s in run["seconds"]]
    return {**runs[0], "seconds": None, "step_seconds_median": statistics.median(seconds), "step_seconds_min": min(seconds),
            "peak_rss_mib": max(run["peak_rss_mib"] for run in runs)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="bert-base")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seq", type=int, default=128)
    parser.add_argument("--recipe", default="row8")
    parser.add_argument("--cpu-isa", default="auto")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--steps", type=int, default=5, help="measured steps a process")
    parser.add_argument("--rounds", type=int, default=2, help="processes of each side, in turn")
    parser.add_argument("--torch", help="python interpreter with torch and transformers")
    parser.add_argument("--modes", default="fp32", help="of fp32, autocast, bf16, comma-separated")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return run_intq(args, args.worker, args.steps)

    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(folder, MODELS[args.model])
        model = os.path.join(folder, "model.onnx")
        subprocess.run([sys.executable, "-m", "intq", "export", folder, "--task", "classification", "--num-labels", "2",
                        "--batch", str(args.batch), "--seq", str(args.seq), "-o", model], check=True,
                       stdout=subprocess.DEVNULL)
        worker = [sys.executable, __file__, "--worker", model, "--batch", str(args.batch), "--seq", str(args.seq),
                  "--recipe", args.recipe, "--cpu-isa", args.cpu_isa, "--threads", str(args.threads), "--steps", str(args.steps)]
        modes = args.modes.split(",") if args.torch else []
        ours, theirs = [], {mode: [] for mode in modes}
        for _ in range(args.rounds):
            ours.append(measure(worker))
            for mode in modes:
                config = json.dumps([*MODELS[args.model], args.batch, args.seq, mode, args.steps, args.threads])
                theirs[mode].append(measure([args.torch, "-c", TORCH, config]))
    result = {"model": args.model, "batch": args.batch, "seq": args.seq, "recipe": args.recipe, **merge(ours),
              "peers": [{"mode": mode, **merge(runs)} for mode, runs in theirs.items()]}
    if args.json:
        return print(json.dumps(result))
    print(f"intq {args.recipe} {result['cpu_isa']}: {result['step_seconds_median']:.3f} s a step, "
          f"peak {result['peak_rss_mib']:.0f} MiB (plan {result['plan_mib']:.0f}), ready in {result['ready_seconds']:.1f} s")
    for peer in result["peers"]:
        print(f"torch {peer['mode']}: {peer['step_seconds_median']:.3f} s, peak {peer['peak_rss_mib']:.0f} MiB; "
              f"intq is {peer['step_seconds_median'] / result['step_seconds_median']:.2f} x as fast "
              f"at {result['peak_rss_mib'] / peer['peak_rss_mib']:.2f} of the memory")


if __name__ == "__main__":
    main()
