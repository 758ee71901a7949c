"""Opens the folder of a fine-tuning for evaluation and prediction: graph, newest checkpoint, tokenizer, labels."""
import sys
from contextlib import contextmanager

from intq.data.dataset import check_token_ids, load_dataset
from intq.data.examples import Columns
from intq.data.presets import preset
from intq.data.tokenizer import load_tokenizer
from intq.errors import UserError
from intq.options import engine_options
from intq.padding import Padding
from intq.program import Program
from intq.run_folder import RunFolder
from intq.state_file import read_into_state


class FineTuned:
    def __init__(self, folder, manifest, program, step, padding):
        self.program, self.step, self.padding = program, step, padding
        self.task, self.label_names = manifest["task"], manifest["label_names"]
        self.batch, self.seq, self.metric = manifest["batch"], manifest["seq"], manifest["metric"]
        self.columns = Columns(manifest["text"], manifest["label"],
                               preset(manifest["task_preset"]) if manifest["task_preset"] else None)
        self.tokenizer = load_tokenizer(folder.path / "tokenizer")

    def load(self, path, need_labels):
        dataset = load_dataset(path, self.tokenizer, self.seq, task=self.task, columns=self.columns,
                               label_names=list(self.label_names), need_labels=need_labels)
        ids = next(s for s in self.program.inputs("eval") if s["name"] == "input_ids")
        if ids.get("range"):
            check_token_ids(dataset, ids["range"][1], path)
        return dataset


@contextmanager
def open_run(path, threads=0, cache_dir=None):
    folder = RunFolder(path)
    manifest = folder.read_manifest()
    if manifest.get("command") != "finetune":
        raise UserError(f"{path} is not the folder of a fine-tuning")
    found = folder.newest_checkpoint(lambda text: print(f"intq: note: {text}", file=sys.stderr))
    if found is None:
        raise UserError(f"{path} has no whole checkpoint yet: continue the run with intq finetune … --resume")
    options = {**engine_options(manifest["recipe"], "cpu", "auto", threads, cache_dir), "functions": ["eval"],
               **manifest["completion"], **folder.checkpoint_option()}
    if manifest.get("adapter"):
        options["adapter"] = manifest["adapter"]
    with Program.compile(folder.path / "train.onnx", options) as program:
        weights = [e for e in program.state_entries if e["role"] in ("parameter", "frozen")]
        read_into_state(found[0] / "state.safetensors", program, weights)
        padding = Padding(program, folder.path / "train.onnx", options, manifest["seq"], manifest.get("cut", []))
        yield FineTuned(folder, manifest, program, found[1]["step"], padding)
