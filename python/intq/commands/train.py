"""intq train: a replay of given batches through an ONNX graph; no text involved."""
import hashlib

import numpy as np

from intq import norm_cache
from intq.commands.arguments import (add_adapter, add_engine, add_graph, add_optimizer, add_run, add_sampling,
                                     graph_options, positive,
                                     training_options)
from intq.commands.report import print_json, summary
from intq.commands.step import read_npz, set_parameters
from intq.errors import UserError
from intq.norm_cache import NormCache
from intq.program import Program
from intq.progress import Progress
from intq.results import parameters
from intq.run_folder import RunFolder, write_whole
from intq.schedule import Schedule
from intq.state_file import state_bytes, write_safetensors
from intq.trained_copy import save_trained_copy
from intq.trainer import Trainer


def add(commands):
    parser = commands.add_parser("train", help="train an ONNX graph on given batches (arrays, no text)",
                                 description="Trains on the batches of an .npz file, in their order and again from the "
                                 "first: each array holds one input of the graph with the batch number as first "
                                 "dimension; further arrays are parameter values by name.")
    parser.add_argument("model", metavar="MODEL.onnx", help="ONNX graph with a loss")
    parser.add_argument("--checkpoint", metavar="F", help="ONNX Runtime checkpoint that holds the parameters")
    parser.add_argument("--batches", required=True, metavar="BATCHES.npz", help="arrays [batches, …] by input name")
    parser.add_argument("--steps", type=positive, required=True, metavar="N", help="optimizer steps")
    add_graph(parser)
    add_engine(parser)
    add_optimizer(parser)
    add_sampling(parser)
    add_adapter(parser)
    add_run(parser)
    parser.set_defaults(run=run)


def run(args):
    options = training_options(args)
    schedule = Schedule.make(options.lr_scheduler, options.lr, args.steps, options.warmup)
    arrays = read_npz(args.batches)
    functions = ["grad", "update"] if options.two_phase else ["step"]
    with Program.compile(args.model, options.compiler_options(functions, **graph_options(args))) as program:
        return _train(args, options, schedule, arrays, program, functions[0])


def _train(args, options, schedule, arrays, program, function):
    specs = [spec for spec in program.inputs(function) if spec["name"] != norm_cache.NAME]
    count = _check_batches(args.batches, arrays, specs)
    names = {spec["name"] for spec in specs}
    others = set_parameters(program, {n: a for n, a in arrays.items() if n not in names})
    if others:
        raise UserError(f"{args.batches}: expected inputs or parameters of the model, but got "
                        f"{', '.join(sorted(others))}")
    program.require_values()
    folder = RunFolder(args.out)
    manifest = {"command": "train", "model": args.model, "identity": {
        **options.identity(), "steps": args.steps, "batches_sha256": _hash(arrays)}}
    for note in program.info["notes"]:
        Progress.say(f"note: {note}")
    started = folder.open_new_or_resume(manifest, args.resume)
    folder.require_space(4 * state_bytes(program))
    batch = specs[0]["shape"][0] if specs[0]["shape"] else 1
    trainer = Trainer(program, folder, options, schedule, lambda n: (function, {k: arrays[k][n % count] for k in names}),
                      batch_size=batch, norms=NormCache.of(program, function, count * batch),
                      indices=lambda n: np.arange(batch) + n % count * batch)
    if started:
        trainer.resume()
    trainer.train()
    write_whole(folder.path / "parameters.safetensors", lambda path: write_safetensors(path, parameters(program)))
    print(f"{trainer.step} steps; parameters in {folder.path / 'parameters.safetensors'}")
    if program.info["form"] == "A" and not args.adapter:
        steps_before = program.info["optimizer_step"]
        program.save_checkpoint(folder.path / "ort_checkpoint", step=steps_before + trainer.step, lr=options.lr)
        print(f"checkpoint of ONNX Runtime, with moments: {folder.path / 'ort_checkpoint'}")
    elif why := save_trained_copy(args.model, program.state_entries, program.state, folder.path / "trained.onnx"):
        Progress.say(f"no trained.onnx: {why}")
    else:
        print(f"copy of the model with the trained values: {folder.path / 'trained.onnx'}")
    if args.json:
        print_json(summary(trainer, program.info, trainer.hash(), options, losses=trainer.losses,
                           loss=trainer.losses[-1] if trainer.losses else None))


def _check_batches(path, arrays, specs):
    counts = {}
    for spec in specs:
        if spec["name"] not in arrays:
            raise UserError(f"{path}: expected an array '{spec['name']}', but it holds {', '.join(arrays) or 'none'}")
        array = arrays[spec["name"]]
        if array.ndim == 0 or list(array.shape[1:]) != list(spec["shape"]) or array.shape[0] == 0:
            raise UserError(f"{path}: array '{spec['name']}': expected shape [batches, "
                            f"{', '.join(map(str, spec['shape']))}], but got {list(array.shape)}")
        counts[spec["name"]] = array.shape[0]
    if len(set(counts.values())) != 1:
        raise UserError(f"{path}: expected the same number of batches in every array, but got {counts}")
    return next(iter(counts.values()))


def _hash(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}{arrays[name].dtype.str}".encode())
        digest.update(np.ascontiguousarray(arrays[name]))
    return digest.hexdigest()
