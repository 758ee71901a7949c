"""intq bench: how long a training step takes, against PyTorch; how near its products come to the machine's peak."""
import argparse
import os
import sys
from pathlib import Path

from intq.bench import budget, gemm, roofline, step
from intq.bench.checkpoints import MODELS, POSITIONS
from intq.commands.arguments import ISAS, RECIPES, add_adapter, add_sampling, natural, positive, training_options
from intq.commands.report import print_json
from intq.errors import UserError


def add(commands):
    parser = commands.add_parser("bench", help="time a training step, against PyTorch too, or its matrix products",
                                 description="Measures on this machine (docs/Performance.md).")
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True, help="step, batch or gemm")
    _add_step(parts.add_parser("step", help="one training step of a BERT encoder",
                               description="Times training steps of a BERT encoder with random weights. Every side runs in "
                               "processes of its own, in turn, and gives the median of its steps and its peak memory."))
    _add_batch(parts.add_parser("batch", help="the largest batch within a budget of memory",
                                description="Measures the peak memory of training steps, each in a process of its own, until "
                                "the largest batch within the budget is found."))
    _add_gemm(parts.add_parser("gemm", help="the matrix products of a step",
                               description="Runs intq-bench-gemm, which checks each kernel and measures its share of the peak."))


def _add_step(parser):
    parser.add_argument("--batch", type=positive, default=8, metavar="B", help="rows a step (default 8)")
    parser.add_argument("--steps", type=positive, default=5, metavar="N", help="measured steps a process (default 5)")
    parser.add_argument("--rounds", type=positive, default=2, metavar="N", help="processes of each side, in turn (default 2)")
    _add_sides(parser)
    parser.set_defaults(run=run_step)


def _add_batch(parser):
    parser.add_argument("--memory-budget", type=positive, required=True, metavar="MIB",
                        help="what the process of a step may need at its peak, in MiB")
    parser.add_argument("--steps", type=positive, default=1, metavar="N", help="measured steps a process (default 1)")
    _add_sides(parser)
    parser.set_defaults(run=run_batch)


def _add_sides(parser):
    """The model and the step, and whom intq is measured against."""
    parser.add_argument("--model", choices=MODELS, default="bert-base", help="size of the encoder (default bert-base)")
    parser.add_argument("--seq", type=positive, default=128, metavar="S", help="tokens a row (default 128)")
    parser.add_argument("--recipe", default="row8", metavar="R", help=f"{RECIPES} (default row8)")
    parser.add_argument("--max-grad-norm", type=float, default=0.0, metavar="X",
                        help="clip the norm of all gradients, on all sides (default 0: no clipping)")
    parser.add_argument("--cpu-isa", choices=ISAS, default="auto", help="instruction set of intq (default auto: the best here)")
    parser.add_argument("--threads", type=natural, default=0, metavar="N", help="threads of each side (default 0: one a core)")
    add_sampling(parser)
    add_adapter(parser)
    parser.add_argument("--vs", choices=("torch",), default=None, help="measure PyTorch too, training all parameters")
    parser.add_argument("--torch-python", default=sys.executable, metavar="PATH",
                        help="Python with torch and transformers (default: the one that runs intq)")
    parser.add_argument("--peers", type=_modes, default=step.TORCH_MODES, metavar="MODE,…",
                        help=f"modes of PyTorch (default: all, {','.join(step.TORCH_MODES)})")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")


def _modes(text):
    modes = tuple(text.split(","))
    if set(modes) - set(step.TORCH_MODES):
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(step.TORCH_MODES)}, but got '{text}'")
    return modes


def _sides(args):
    """What step.compare and budget.compare take, of the options that both commands have."""
    if args.seq > POSITIONS:
        raise UserError(f"expected --seq of at most {POSITIONS}, but got {args.seq}")
    if args.vs:
        step.require_torch(args.torch_python)
    chosen = vars(training_options(args))
    shared = {"seq": args.seq, "steps": args.steps, "threads": args.threads or len(os.sched_getaffinity(0)),
              "max_grad_norm": args.max_grad_norm}
    return {"torch_python": args.torch_python, "modes": args.peers if args.vs else (), **shared,
            "options": {name: chosen[name] for name in vars(args) if name in chosen and name not in shared}}


def run_step(args):
    record = step.compare(args.model, rounds=args.rounds, batch=args.batch, **_sides(args))
    print(f"{args.model} {args.batch} x {args.seq}, {record['threads']} threads, max grad norm {args.max_grad_norm:g}")
    print(f"intq {args.recipe} {record['cpu_isa']}: {record['step_seconds_median']:.3f} s a step, peak {record['peak_rss_mib']:.0f} MiB "
          f"(plan {record['plan_peak_mib']:.0f}), ready in {record['ready_seconds']:.1f} s")
    for peer in record.get("peers", []):
        print(f"{peer['name']}: {peer['step_seconds_median']:.3f} s, peak {peer['peak_rss_mib']:.0f} MiB; "
              f"intq is {peer['speed_ratio']:.2f} x as fast at {peer['memory_ratio']:.2f} of the memory")
    if args.json:
        print_json(record)


def run_batch(args):
    record = budget.compare(args.model, budget=args.memory_budget, **_sides(args))
    print(f"{args.model}, length {args.seq}, at most {args.memory_budget} MiB, max grad norm {args.max_grad_norm:g}")
    for name, side in [(f"intq {args.recipe}", record), *((peer["name"], peer) for peer in record.get("peers", []))]:
        print(f"{name}: batch {side['batch']}, peak {side['peak_rss_mib']:.0f} MiB, {side['examples_per_second']:.2f} examples a second"
              + (f"; intq's batch is {side['batch_ratio']:.2f} x as large" if "batch_ratio" in side else ""))
    if args.json:
        print_json(record)


def _add_gemm(parser):
    parser.add_argument("--cpu-isa", choices=ISAS, default="auto", help="instruction set (default auto: the best here)")
    parser.add_argument("--threads", type=positive, default=1, metavar="N", help="threads that share a product (default 1)")
    parser.add_argument("--plot", type=_picture, default=None, metavar="F", help="draw a roofline of them: .svg or .png")
    parser.add_argument("--only", default="", metavar="TEXT", help="products whose name contains this (default: all)")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    parser.set_defaults(run=run_gemm)


def _picture(text):
    if Path(text).suffix not in (".svg", ".png"):
        raise argparse.ArgumentTypeError(f"expected a file name that ends in .svg or .png, but got '{text}'")
    return Path(text)


def run_gemm(args):
    """Exit code 1: a product was wrong."""
    lines = []
    for line in gemm.run_program(cpu_isa=args.cpu_isa, threads=args.threads, only=args.only):
        lines.append(line)
        print(line, end="", flush=True)
    record, wrong = gemm.read(lines)
    record |= {"threads": args.threads, "wrong": wrong}
    if args.plot:
        if not record["kernels"]:
            raise UserError(f"--plot: expected products to draw, but --only {args.only} selects none")
        record["memory_gb_per_second"] = round(roofline.memory_bandwidth() / 1e9, 1)
        roofline.plot(record, record["memory_gb_per_second"] * 1e9, args.plot)
    if args.json:
        print_json(record)
    return 1 if wrong else 0
