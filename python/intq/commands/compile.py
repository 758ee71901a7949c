"""intq compile: the training step of a model as MLIR or as an object file."""
import shutil
import tempfile
from pathlib import Path

from intq.commands.arguments import add_engine, add_graph, graph_options
from intq.errors import UserError
from intq.options import engine_options
from intq.program import Program

# What of the stages is the step in the integer dialect, and what in machine code.
STAGES = {".mlir": "1-program.mlir", ".o": "7-code.o"}


def add(commands):
    parser = commands.add_parser("compile", help="write a model's compiled step, or every stage of its compilation",
                                 description="Compiles a model and writes its training step.")
    parser.add_argument("model", metavar="MODEL.onnx", help="ONNX graph with a loss")
    add_engine(parser)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="step.mlir or step.o")
    add_graph(parser)
    parser.add_argument("--dump-stages", metavar="DIR", help="folder for the program after each stage")
    parser.set_defaults(run=run)


def run(args):
    output = Path(args.output)
    if output.suffix not in STAGES:
        raise UserError(f"expected an output named .mlir or .o, but got '{args.output}'")
    with tempfile.TemporaryDirectory(prefix="intq-stages-") as scratch:
        stages = Path(args.dump_stages or scratch)
        options = {**engine_options(args.recipe, args.engine, args.cpu_isa, args.threads), "functions": ["step"],
                   **graph_options(args), "dump_stages": str(stages)}
        Program.compile(args.model, options).close()
        stage = stages / STAGES[output.suffix]
        if not stage.exists():
            raise UserError(f"the engine '{args.engine}' writes no {output.suffix}: expected --engine cpu")
        shutil.copyfile(stage, output)
    print(f"wrote {output}")
