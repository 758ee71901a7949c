"""intq inspect: what an ONNX file is, holds, and would become, without compiling it."""
import math

from intq.commands.arguments import RECIPES, add_graph, graph_options
from intq.commands.report import print_json
from intq.program import inspect

FORMS = {"A": "training artifacts of ONNX Runtime (forward and backward; parameters are inputs)",
         "B": "graph of ORTModule (forward and backward; parameters are inputs)",
         "C": "forward and backward in one graph", "D": "forward graph; intq differentiates it",
         "E": "forward graph with the standard's Gradient"}


def add(commands):
    parser = commands.add_parser("inspect", help="what an ONNX file holds, and what of it will be quantized",
                                 description="Reads and checks a file without compiling it: form, operator sets, inputs, "
                                 "outputs and loss, parameters (trained, frozen, tied), what a recipe quantizes, and what "
                                 "not and why. A file that cannot be trained gives all findings and exit code 2.")
    parser.add_argument("model", metavar="MODEL.onnx", help="ONNX graph")
    parser.add_argument("--recipe", default="row8", metavar="R", help=RECIPES + " (default row8)")
    parser.add_argument("--checkpoint", metavar="F", help="ONNX Runtime checkpoint that holds the parameters")
    add_graph(parser)
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    parser.set_defaults(run=run)


def run(args):
    info = inspect(args.model, {"recipe": args.recipe, **graph_options(args)})
    if args.json:
        print_json(info)
    else:
        print("\n".join(report(args.model, info)))


def report(path, info):
    function = next(iter(info["functions"].values()))
    opsets = ", ".join(f"{domain} {version}" for domain, version in info["opsets"].items())
    yield f"{path}: form {info['form']}, {FORMS[info['form']]}"
    yield f"  {info['nodes']} nodes, IR version {info['ir_version']}, operator sets: {opsets}"
    if info["producer"]:
        yield f"  written by {info['producer']}"
    yield "inputs"
    yield from _table([[i["name"], i["dtype"], _shape(i)] for i in function["inputs"]])
    yield "outputs"
    yield from _table([[o["name"], o["dtype"], _shape(o), "loss" if o.get("loss") else ""]
                       for o in function["outputs"] if not o["name"].startswith("grad/")])
    if not any(o.get("loss") for o in function["outputs"]):
        yield "  no loss: add one with --loss"
    yield from _parameters(info["state"])
    yield from _layers(info)
    if info["notes"]:
        yield "notes"
        yield from (f"  {note}" for note in info["notes"])


def _parameters(state):
    trained = [e for e in state if e["role"] == "parameter"]
    count = sum(math.prod(e["shape"]) for e in trained)
    yield f"parameters: {len(trained)} trained ({count} numbers), {len(state) - len(trained)} frozen"
    files = [e["file"] for e in state]
    yield from _table([[e["name"], _shape(e), ", ".join(_remarks(e, files))] for e in state])


def _remarks(entry, files):
    if entry["role"] == "frozen":
        yield "frozen"
    uses = entry.get("uses", [])
    if len(uses) > 1:
        yield f"tied: {', '.join(f'{uses.count(u)} × {u}' for u in dict.fromkeys(uses))}"
    if not entry["file"]:
        yield "not in the file: zeros"
    elif files.count(entry["file"]) > 1:
        yield f"one of {files.count(entry['file'])} that the file holds as '{entry['file']}'"
    elif entry["file"] != entry["name"]:
        yield f"in the file as '{entry['file']}'"
    if entry.get("transposed"):
        yield "transposed there"
    if entry.get("rows"):
        yield f"rows {entry['rows'][0]} to {entry['rows'][1] - 1} only"
    if not entry["initialized"]:
        yield "no value: name a checkpoint, or give it by name"


def _layers(info):
    quantized = [layer for layer in info["layers"] if layer["quantized"]]
    rest = [layer for layer in info["layers"] if not layer["quantized"]]
    yield f"quantized by the recipe {info['recipe']}" + ("" if quantized else ": nothing")
    for layer in quantized:
        formats = "; ".join(f"{key} {value}" for key, value in sorted(layer["formats"].items()))
        yield f"  {layer['count']} × {layer['kind']}: {formats}"
    yield "in binary32"
    reasons = {}
    for layer in rest:
        reasons.setdefault(layer["reason"], []).append(f"{layer['count']} × {layer['kind']}")
    for reason, kinds in reasons.items():
        yield f"  {', '.join(kinds)}: {reason}"


def _shape(item):
    return f"[{', '.join(map(str, item['shape']))}]"


def _table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
