"""Options that several commands share, and how their values are read."""
import argparse

from intq import adapters
from intq.options import TrainingOptions, link_options
from intq.schedule import KINDS

LIMITS = ("bytes", "nodes", "elements", "external", "folded")
ISAS = ("auto", "generic", "avx2", "avx-vnni", "avx512-vnni", "amx")
RECIPES = "float, paper16, paper12, paper10, paper8, paper8x8, row8, row8a8, tile8, mx8, or an .mlir file with a recipe"


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, but got {text}")
    return value


def natural(text):
    value = int(text, 0)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, but got {text}")
    return value


def betas(text):
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected two numbers A,B, but got '{text}'") from None
    return first, second


def binding(text):
    name, _, size = text.partition("=")
    if not name or not size.isdecimal() or int(size) < 1:
        raise argparse.ArgumentTypeError(f"expected NAME=SIZE with a size of at least 1, but got '{text}'")
    return name, int(size)


def padding(text):
    name, _, number = text.partition("=")
    if not name or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"expected INPUT=ID with an id of at least 0, but got '{text}'")
    return name, int(number)


def limit(text):
    name, _, value = text.partition("=")
    if name not in LIMITS or not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(LIMITS)} as NAME=N, but got '{text}'")
    return name, int(value)


def add_graph(parser):
    """How a graph that does not say everything is completed."""
    parser.add_argument("--bind", type=binding, action="append", default=[], metavar="NAME=N",
                        help="value of a symbolic dimension; may be repeated")
    parser.add_argument("--loss", choices=("cross-entropy", "mse", "span", "mlm"), default=None,
                        help="loss to add to a graph without one; its label inputs are named labels, for span "
                        "start_positions and end_positions")
    parser.add_argument("--logits", action="append", default=[], metavar="NAME",
                        help="the output that the added loss is of; for span twice, start and end (default: the output "
                        "named logits, or the only one)")
    parser.add_argument("--train", action="append", default=[], metavar="GLOB",
                        help="train only the parameters whose name matches; may be repeated")
    parser.add_argument("--freeze", action="append", default=[], metavar="GLOB",
                        help="do not train the parameters whose name matches; may be repeated")
    parser.add_argument("--padding-idx", type=padding, action="append", default=[], metavar="INPUT=ID",
                        help="the row of this id in the table that INPUT looks up gets no gradient, as in PyTorch "
                        "(exports by the TorchScript exporter do not say it)")
    add_trust(parser)


def add_trust(parser):
    """How far an .onnx file is trusted (docs/Import.md)."""
    parser.add_argument("--limit", type=limit, action="append", default=[], metavar="NAME=N",
                        help="raise or lower a limit on files: bytes, nodes, elements, external, folded")
    parser.add_argument("--trust-links", metavar="DIR", help="weight files beside the model may be links that end below DIR")


def graph_options(args):
    options = {"bind": dict(args.bind), "limits": dict(args.limit), "train": args.train, "freeze": args.freeze,
               "padding": dict(args.padding_idx), "logits": args.logits, **link_options(args)}
    if args.loss:
        options["loss"] = args.loss
    if getattr(args, "checkpoint", None):
        options["checkpoint"] = args.checkpoint
    return options


def add_engine(parser, recipe_default=None):
    group = parser.add_argument_group("engine")
    group.add_argument("--recipe", required=recipe_default is None, default=recipe_default, metavar="R",
                       help=RECIPES + (f" (default {recipe_default})" if recipe_default else ""))
    group.add_argument("--engine", choices=("cpu", "reference"), default="cpu",
                       help="compiled code, or the interpreter that defines it (default cpu)")
    group.add_argument("--cpu-isa", choices=ISAS, default="auto",
                       help="instruction set of the compiled code; the results are the same (default auto: the best here)")
    group.add_argument("--threads", type=natural, default=0, metavar="N",
                       help="threads; the results are the same (default 0: one a core)")
    add_cache(group)


def add_cache(parser):
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--cache-dir", default=None, metavar="DIR",
                        help="folder that keeps compiled code for the next start (default $INTQ_CACHE_DIR, else "
                        "intq in the user's cache folder)")
    choice.add_argument("--no-cache", dest="cache_dir", action="store_const", const="", help="compile anew and keep nothing")


def add_sampling(parser):
    group = parser.add_argument_group("memory of activations (docs/Sampling.md)")
    group.add_argument("--wta-crs", type=float, default=None, metavar="RATIO",
                       help="weight gradients of linear layers from this share of the tokens, e.g. 0.3; unbiased")
    group.add_argument("--sampler", choices=("wta", "pps"), default="wta",
                       help="the heaviest tokens and draws with replacement, or systematic sampling (default wta)")
    group.add_argument("--norm-cache", choices=("none", "token", "sample"), default="none",
                       help="choose tokens by the gradients that they, or their example, had at the last visit, too "
                       "(default none: by their own norms)")
    group.add_argument("--checkpointing", action="store_true",
                       help="keep only the layers' inputs for the backward, and compute the rest again; same results")
    group.add_argument("--wta-criterion", choices=("paper", "squared"), default="paper",
                       help="how many tokens of wta are certain: the paper's rule, or least variance (default paper)")


def ranks(text):
    try:
        values = tuple(int(part) for part in text.split(","))
    except ValueError:
        values = (0,)
    if min(values) < 1:
        raise argparse.ArgumentTypeError(f"expected ranks of at least 1 as N,N,…, but got '{text}'")
    return values


def add_adapter(parser):
    group = parser.add_argument_group("adapters (docs/Adapters.md)")
    group.add_argument("--adapter", choices=adapters.KINDS, default=None,
                       help="train low-rank adapters and the head alone: one rank (lora, qlora), or a rank drawn each "
                       "step (dylora, qdylora)")
    group.add_argument("--ranks", type=ranks, default=None, metavar="N,N,…",
                       help="ranks to draw from (default: dylora 1 to --lora-r, qdylora 1,2,4,8,16,32,64)")
    group.add_argument("--lora-r", type=positive, default=None, metavar="N", help="the rank, or the largest (default 8)")
    group.add_argument("--eval-ranks", type=ranks, default=None, metavar="N,N,…",
                       help="ranks to evaluate: the adapter cut to them (default: those that are trained)")
    group.add_argument("--lora-alpha", type=float, default=16.0, metavar="X", help="numerator of the scale (default 16)")
    group.add_argument("--lora-scale", choices=adapters.SCALES, default=None,
                       help="scale at rank b; constant: alpha over the largest rank (default alpha/b; one rank: constant)")
    group.add_argument("--lora-targets", default=None, metavar="NAME,…",
                       help="linear layers by the end of their names or by globs, or all-linear (default query,value; "
                       "qlora and qdylora: all-linear)")
    group.add_argument("--lora-frozen", action="store_true", help="train only the last row and column of the drawn rank")
    group.add_argument("--lora-update", choices=adapters.UPDATES, default="dense",
                       help="rows that were not drawn: moved by momentum and decay, as published, or untouched (default dense)")


def add_optimizer(parser):
    group = parser.add_argument_group("optimizer and schedule")
    group.add_argument("--lr", type=float, default=5e-5, metavar="X", help="peak learning rate (default 5e-5)")
    group.add_argument("--lr-scheduler", choices=KINDS, default=None,
                       help="after the warm-up: down to 0, or unchanged (default linear; constant with --adam-mode ort)")
    group.add_argument("--warmup", type=float, default=0.0, metavar="F",
                       help="warm-up: a share of all steps where below 1, else a number of steps (default 0)")
    group.add_argument("--weight-decay", type=float, default=0.0, metavar="X",
                       help="decoupled weight decay, of weights and tables only (default 0)")
    group.add_argument("--decay-all", action="store_true", help="decay biases and norm weights too")
    group.add_argument("--max-grad-norm", type=float, default=None, metavar="X",
                       help="clip the norm of all gradients; 0: no clipping (default 1; 0 with --adam-mode ort)")
    group.add_argument("--adam-mode", choices=("torch", "ort"), default="torch",
                       help="whose AdamW: PyTorch's or ONNX Runtime's (default torch)")
    group.add_argument("--adam-betas", type=betas, default=(0.9, 0.999), metavar="A,B",
                       help="decay of the two moments (default 0.9,0.999)")
    group.add_argument("--adam-eps", type=float, default=None, metavar="X",
                       help="epsilon (default 1e-8; 1e-6 with --adam-mode ort)")
    add_moments(group)
    group.add_argument("--grad-accum", type=positive, default=1, metavar="N",
                       help="batches whose mean gradient makes one step (default 1)")
    group.add_argument("--dropout", type=float, default=None, metavar="P", help="replaces every dropout ratio of the model")
    group.add_argument("--seed", type=natural, default=0, metavar="N",
                       help="seed of head, data order, dropout and rounding (default 0)")


def add_moments(parser):
    parser.add_argument("--moments", choices=("f32", "i8"), default=None,
                        help="the optimizer's two moments: 32-bit floats, or 8-bit codes with a scale a block of 256, which need a "
                        "quarter of the memory (default: as the recipe says; f32 in the built-in ones)")


def add_run(parser):
    group = parser.add_argument_group("run")
    group.add_argument("--save-steps", type=positive, default=500, metavar="N",
                       help="steps between checkpoints; one more is written at the end (default 500)")
    group.add_argument("--logging-steps", type=positive, default=10, metavar="N", help="steps between log lines (default 10)")
    group.add_argument("--on-nonfinite", choices=("error", "skip"), default="error",
                       help="NaN or infinity in a step: stop, or leave the step's update out (default error)")
    group.add_argument("--out", required=True, metavar="DIR", help="folder for the run; one that holds a run is refused")
    group.add_argument("--resume", action="store_true", help="continue the newest whole checkpoint in --out")
    group.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")


def training_options(args):
    names = TrainingOptions.__dataclass_fields__
    return TrainingOptions(**{name: getattr(args, name) for name in names if hasattr(args, name)})
