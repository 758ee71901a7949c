"""intq step: one forward and backward pass over given arrays."""
import sys

import numpy as np

from intq.adapters import adapter_options
from intq.commands.arguments import add_adapter, add_engine, add_graph, add_sampling, graph_options, natural
from intq.errors import UserError
from intq.options import engine_options, sampling_options
from intq.program import Program
from intq.run_folder import on_disk, write_whole


def add(commands):
    parser = commands.add_parser("step", help="one forward and backward pass: loss, outputs and gradients of given inputs",
                                 description="Runs forward and backward once. The inputs file holds the graph's inputs "
                                 "by name, and parameter values by name where the model file has none; the outputs "
                                 "file gets 'loss', every graph output, and 'grad/<name>' for every parameter.")
    parser.add_argument("model", metavar="MODEL.onnx", help="ONNX graph with a loss")
    add_engine(parser)
    parser.add_argument("--seed", type=natural, default=0, metavar="N", help="seed of dropout and rounding (default 0)")
    parser.add_argument("--step", type=natural, default=0, metavar="N", help="step number for random numbers (default 0)")
    parser.add_argument("--dropout", type=float, default=None, metavar="P", help="replaces every dropout ratio of the model")
    add_sampling(parser)
    add_adapter(parser)
    add_graph(parser)
    parser.add_argument("--checkpoint", metavar="F", help="ONNX Runtime checkpoint that holds the parameters")
    parser.add_argument("--check-gradients", action="store_true",
                        help="compare a backward that is in the file with intq's own, in the recipe float, instead of running")
    parser.add_argument("--inputs", required=True, metavar="IN.npz", help="arrays by name")
    parser.add_argument("--outputs", metavar="OUT.npz", help="file to write; not with --check-gradients")
    parser.set_defaults(run=run)


def run(args):
    if bool(args.outputs) == args.check_gradients:
        raise UserError("expected one of --outputs and --check-gradients")
    arrays = read_npz(args.inputs)
    if args.check_gradients:
        return check_gradients(args, arrays)
    options = {**engine_options(args.recipe, args.engine, args.cpu_isa, args.threads, args.cache_dir), "functions": ["grad"],
               **graph_options(args), **sampling_options(args), **adapter_options(args)}
    if args.dropout is not None:
        options["dropout"] = args.dropout
    with Program.compile(args.model, options) as program:
        unused = set_parameters(program, arrays) - {spec["name"] for spec in program.inputs("grad")}
        if unused:
            print(f"intq: note: not used by the model: {', '.join(sorted(unused))}", file=sys.stderr)
        outputs = program.run("grad", arrays, seed=args.seed, step=args.step)
        loss = next(o["name"] for o in program.outputs("grad") if o.get("loss"))
        write_npz(args.outputs, {**outputs, "loss": outputs[loss]})
        rank = program.rank("grad", seed=args.seed, step=args.step)
    print(f"loss {float(outputs[loss]):.7g}{f' at rank {rank}' if rank else ''}; wrote {args.outputs}")


def gradients(args, arrays, **more):
    """Gradients in the recipe float, by parameter."""
    options = {**engine_options("float", args.engine, args.cpu_isa, args.threads, args.cache_dir), "functions": ["grad"],
               **graph_options(args), **more}
    if args.dropout is not None:
        options["dropout"] = args.dropout
    with Program.compile(args.model, options) as program:
        set_parameters(program, arrays)
        outputs = program.run("grad", arrays, seed=args.seed, step=args.step)
        return program.info["form"], {n.removeprefix("grad/"): g for n, g in outputs.items() if n.startswith("grad/")}


def check_gradients(args, arrays):
    """A backward in a file is a claim (H22). The tolerance allows for the rounding noise of gradients that are
    truly zero, such as those of key biases."""
    form, claimed = gradients(args, arrays)
    if form in ("D", "E") or args.loss:
        raise UserError(f"{args.model}: expected a backward in the file, but intq differentiates it")
    _, derived = gradients(args, arrays, derive_backward=True)
    scale = sum(float(np.vdot(g, g)) for g in derived.values()) ** 0.5
    wrong = {}
    for name, gradient in claimed.items():
        error, own = np.linalg.norm(gradient - derived[name]), np.linalg.norm(derived[name])
        if not error <= 1e-5 * own + 1e-8 * scale:
            wrong[name] = f"'{name}' (differs by {error:.3g}, norm {own:.3g})"
    if wrong:
        raise UserError(f"{args.model}: {len(wrong)} of {len(claimed)} gradients of the file differ from intq's: "
                        + ", ".join(wrong.values()))
    print(f"{len(claimed)} gradients of the file agree with intq's")


def read_npz(path):
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, AttributeError) as error:
        raise UserError(f"{path}: expected an .npz file of arrays, but got: {error}") from None
    except Exception as error:  # zipfile and zlib have their own
        raise UserError(f"{path}: damaged .npz file: {error}") from None


def write_npz(path, arrays):
    def write(draft):
        with on_disk(draft) as file:
            np.savez(file, **arrays)

    write_whole(path, write)


def set_parameters(program, arrays):
    """Writes given parameter values into the program; returns the names that are no parameters."""
    by_name = {}
    for entry in program.state_entries:
        by_name[entry.get("file") or entry["name"]] = (entry, entry.get("transposed", False))
    by_name.update({entry["name"]: (entry, False) for entry in program.state_entries})
    others = set()
    for name, array in arrays.items():
        if name not in by_name:
            others.add(name)
            continue
        entry, transposed = by_name[name]
        value = array.T if transposed and array.ndim == 2 else array
        if list(value.shape) != list(entry["shape"]) or value.dtype.kind != "f":
            raise UserError(f"parameter '{name}': expected {entry['dtype']} {entry['shape']}, but got "
                            f"{array.dtype.name} {list(array.shape)}")
        if not np.isfinite(value).all():
            raise UserError(f"parameter '{name}': expected finite numbers, but it holds NaN or an infinity")
        program.assign(entry["name"], value)
    return others
