"""intq compile: the training step of a model as MLIR or as an object file."""
import math
import shutil
import tempfile
from pathlib import Path

import numpy as np

from intq.adapters import adapter_options
from intq.commands.arguments import add_adapter, add_engine, add_graph, add_sampling, graph_options
from intq.errors import UserError
from intq.options import engine_options, sampling_options
from intq.norm_cache import NormCache
from intq.program import DTYPES, Program

# What of the stages is the step in the integer dialect, and what in machine code.
STAGES = {".mlir": "1-program.mlir", ".o": "7-code.o"}


def add(commands):
    parser = commands.add_parser("compile", help="write a model's compiled step, or every stage of its compilation",
                                 description="Compiles a model and writes its training step.")
    parser.add_argument("model", metavar="MODEL.onnx", help="ONNX graph with a loss")
    add_engine(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="step.mlir or step.o")
    parser.add_argument("--report", action="store_true", help="print what the step needs of memory, and what is sampled")
    parser.add_argument("--profile", action="store_true",
                        help="with --report: run the step on made-up inputs, and print the share of its time that each kind of op takes")
    add_sampling(parser)
    add_adapter(parser)
    add_graph(parser)
    parser.add_argument("--dump-stages", metavar="DIR", help="folder for the program after each stage")
    parser.set_defaults(run=run, seed=0)


def run(args):
    if not args.output and not args.report:
        raise UserError("expected an output with -o, or --report, but got neither")
    if args.profile and not args.report:
        raise UserError("--profile needs --report")
    output = Path(args.output or "step.mlir")
    if output.suffix not in STAGES:
        raise UserError(f"expected an output named .mlir or .o, but got '{args.output}'")
    with tempfile.TemporaryDirectory(prefix="intq-stages-") as scratch:
        stages = Path(args.dump_stages or scratch)
        options = {**engine_options(args.recipe, args.engine, args.cpu_isa, args.threads, args.cache_dir),
                   "functions": ["step"],
                   **graph_options(args), **sampling_options(args), **adapter_options(args), "profile": args.profile}
        if args.output or args.dump_stages:
            options["dump_stages"] = str(stages)
        with Program.compile(args.model, options) as program:
            if args.report:
                print_report(program)
            if args.profile:
                print_profile(program)
        if not args.output:
            return
        stage = stages / STAGES[output.suffix]
        if not stage.exists():
            raise UserError(f"the engine '{args.engine}' writes no {output.suffix}: expected --engine cpu")
        shutil.copyfile(stage, output)
    print(f"wrote {output}")


def sizes_by_role(program):
    sizes = {}
    for entry in program.state_entries:
        size = math.prod(entry["shape"]) * DTYPES[entry["dtype"]][1]().itemsize
        sizes[entry["role"]] = sizes.get(entry["role"], 0) + size
    return sizes


def print_report(program):
    """What lives for a step, by purpose; state by role; norm cache; the layers that are sampled."""
    def line(name, size):
        print(f"{name:26} {size / 2**20:10.1f} MiB")

    if plan := program.info.get("plan"):
        name, step = max(plan["functions"].items(), key=lambda entry: entry[1]["arena"])  # of all ranks of an adapter
        line(f"{name}, beside the state", step["arena"])
        for purpose in sorted((p for p in step if p not in ("arena", "fullest")), key=step.get, reverse=True):
            line("  " + purpose.replace("_", " "), step[purpose])
        print(f"{'  fullest during':26} {step['fullest']:>10}")
    for role, size in sizes_by_role(program).items():
        line("state: " + role, size)
    if plan:
        line("in all", plan["total"])
    if cache := NormCache.of(program, "step", 1):
        print(f"{'norm cache, an example':26} {cache.codes.nbytes:10} bytes")
    for layer in program.info.get("sampling", []):
        print(f"{layer['site']}: " + (layer.get("reason") or f"{layer['kept']} of {layer['of']} rows"))


def print_profile(program, steps=3):
    """Of steps after the first, which meets cold memory."""
    for entry in program.state_entries:
        if not entry["initialized"]:
            program.assign(entry["name"], 0)
    inputs = {spec["name"]: made_up(spec) for spec in program.inputs("step")}
    program.run("step", inputs, step=0)
    first = program.profile()
    for step in range(1, steps + 1):
        program.run("step", inputs, step=step)
    cycles = {}
    for kernel, count in program.profile().items():
        op = kernel.rpartition("_")[0].replace("_", ".", 1)  # intq_matmul_3 is a kernel of intq.matmul
        cycles[op] = cycles.get(op, 0) + count - first[kernel]
    print(f"time by kind of op, {steps} steps, {program.info['threads']} threads")
    for op in sorted(cycles, key=cycles.get, reverse=True):
        print(f"  {op:28} {100 * cycles[op] / sum(cycles.values()):10.1f} %")


def made_up(spec):
    """Ones: a mask that hides nothing, ids and labels within their range; time does not depend on them."""
    low, high = spec.get("range") or (0, 2)
    return np.full(spec["shape"], min(max(1, low), high - 1), DTYPES[spec["dtype"]][1])
