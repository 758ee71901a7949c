"""intq merge: a run's adapters at one rank, merged into the weights or alone."""
from pathlib import Path

from safetensors import safe_open

from intq import adapters, nf4, results
from intq.checkpoint_folder import CheckpointFolder
from intq.commands.arguments import positive
from intq.commands.report import print_json
from intq.errors import UserError
from intq.options import engine_options
from intq.program import inspect
from intq.progress import Progress
from intq.run_folder import RunFolder

_TASK_TYPES = {"classification": "SEQ_CLS", "regression": "SEQ_CLS", "qa": "QUESTION_ANS"}


def add(commands):
    parser = commands.add_parser("merge", help="merge a run's adapters at one rank into the weights, or write them alone",
                                 description="Reads the newest checkpoint of a fine-tuning with --adapter. Merged: "
                                 "model.safetensors and model.onnx in float32, W + s·B·A. Nothing is quantized; the "
                                 "rounding error of the merge is printed.")
    parser.add_argument("dir", metavar="DIR", help="output folder of intq finetune --adapter")
    parser.add_argument("--rank", type=positive, default=None, metavar="B", help="any rank up to the largest (default that)")
    parser.add_argument("--adapter-only", action="store_true",
                        help="write adapter_config.json and adapter_model.safetensors for PEFT instead")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="folder to write; an existing file in it stays")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON on standard output")
    parser.set_defaults(run=run)


def run(args):
    folder = RunFolder(args.dir)
    manifest = folder.read_manifest()
    adapter = manifest.get("adapter")
    if not adapter:
        raise UserError(f"{args.dir} is not the folder of a fine-tuning with --adapter")
    found = folder.newest_checkpoint(Progress.say)
    if found is None:
        raise UserError(f"{args.dir} has no whole checkpoint yet")
    target = Path(args.output)
    if target.exists() and any(target.iterdir()):
        raise UserError(f"{target} is not empty: choose another -o")
    rank = args.rank or adapter["ranks"][-1]
    adapters.check_rank(adapter, rank)
    with safe_open(str(found[0] / "state.safetensors"), "numpy") as state:
        trained = [n.removesuffix("/moment1") for n in state.keys() if n.endswith("/moment1")]
        weights = nf4.restore({n: state.get_tensor(n) for n in state.keys()
                               if not n.rpartition("/")[2].startswith("moment") and n != "optimizer/powers"})
    if args.adapter_only:
        report = _write_adapter(target, manifest, weights, adapter, rank, trained)
    else:
        report = _write_merged(target, folder, manifest, weights, adapter, rank)
    if args.json:
        print_json({"rank": rank, "step": found[1]["step"], **report})


def _write_adapter(target, manifest, weights, adapter, rank, trained):
    is_onnx = manifest["model"].endswith(".onnx")
    if not is_onnx:
        config = CheckpointFolder.open(manifest["model"]).config
        weights, trained = (results.class_names(x, config) for x in (weights, dict.fromkeys(trained)))
    heads = [n for n in trained if ".lora_" not in n]
    tensors, config = adapters.alone(weights, adapter, rank, heads)
    config |= {"base_model_name_or_path": manifest["model"], "task_type": _TASK_TYPES[manifest["task"]]}
    results.save_adapter(target, tensors, config)
    print(f"rank {rank}: adapter of {len(config['target_modules'])} layers in {target}")
    return {"modules": len(config["target_modules"])}


def _write_merged(target, folder, manifest, weights, adapter, rank):
    weights, report = adapters.merge(weights, adapter, rank)
    is_onnx = manifest["model"].endswith(".onnx")
    target.mkdir(parents=True, exist_ok=True)
    base = None if is_onnx else CheckpointFolder.open(manifest["model"])
    results.save_weights(target, weights, base and base.config)
    results.copy_tokenizer(folder.path / "tokenizer", target)
    if is_onnx:
        graph = folder.path / "train.onnx"
        options = {**engine_options(manifest["recipe"], "cpu", "auto", 0), **manifest["completion"], **folder.checkpoint_option()}
        if why := results.save_graph(target, inspect(graph, options)["state"], graph):
            print(f"no model.onnx: {why}")
    else:
        results.save_bert(target, base.config, base.prefix, manifest["task"], manifest["label_names"],
                          manifest["num_labels"])
    print(f"rank {rank}: {results.merge_text(report)}\nmodel (safetensors, ONNX): {target}")
    return report
