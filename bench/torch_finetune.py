"""The PyTorch side of a paired accuracy comparison: the run of an `intq finetune` folder, repeated in float PyTorch.

    python bench/torch_finetune.py runs/accuracy/sst2-row8-1

Head, order of data, padding, schedule, weight decay and clipping are the folder's own; only dropout draws from torch's
generator. Needs torch and transformers. Ends with one line of JSON: the metrics.
"""
import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers
from onnx import numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
from intq import metrics  # noqa: E402
from intq.data.dataset import TrainingOrder, load_dataset, sequential_batches  # noqa: E402
from intq.data.examples import Columns  # noqa: E402
from intq.data.presets import preset  # noqa: E402
from intq.data.tokenizer import load_tokenizer  # noqa: E402
from intq.padding import Padding  # noqa: E402
from intq.schedule import Schedule  # noqa: E402


def build_model(folder, record):
    """The graph's own weights, new head included, in transformers' class."""
    config = transformers.AutoConfig.from_pretrained(folder / "model")
    model = transformers.BertForSequenceClassification(config)
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(folder / "train.onnx").graph.initializer}
    model.load_state_dict({name: torch.from_numpy(tensors[name if name in tensors else name.removeprefix("bert.")].copy())
                           for name in model.state_dict()})
    if record["identity"]["dropout"] is not None:
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = record["identity"]["dropout"]
    return model


def build_optimizer(model, identity):
    plain = [p for n, p in model.named_parameters() if n.endswith(".bias") or "LayerNorm" in n]
    decayed = [p for n, p in model.named_parameters() if not (n.endswith(".bias") or "LayerNorm" in n)]
    return torch.optim.AdamW([{"params": decayed, "weight_decay": identity["weight_decay"]},
                              {"params": plain, "weight_decay": 0.0}], lr=identity["lr"], betas=identity["adam_betas"],
                             eps=identity["adam_eps"])


def tensors(rows, padding):
    """Of a batch, cut as the run cut it."""
    length = padding.length(rows["attention_mask"])
    rows = {k: v if v.ndim == 1 else v[:, :length] for k, v in rows.items()}
    return {k: torch.from_numpy(v.astype(np.float32 if v.dtype == np.float32 else np.int64)) for k, v in rows.items()}


def train(model, data, identity, padding):
    torch.manual_seed(identity["seed"])
    optimizer = build_optimizer(model, identity)
    schedule = Schedule.make(identity["lr_scheduler"], identity["lr"], identity["steps"], identity["warmup"])
    order = TrainingOrder(len(data), identity["batch"], identity["seed"])
    model.train()
    for step in range(identity["steps"]):
        for group in optimizer.param_groups:
            group["lr"] = schedule(step)
        optimizer.zero_grad()
        model(**tensors(data.rows(order.indices(step)), padding)).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), identity["max_grad_norm"])
        optimizer.step()


@torch.no_grad()
def evaluate(model, data, task, batch, padding):
    model.eval()
    rows = [{k: v for k, v in data.rows(i[:n]).items() if k != "labels"} for i, n in sequential_batches(len(data), batch)]
    logits = np.concatenate([model(**tensors(r, padding)).logits.numpy() for r in rows])
    labels = data.arrays["labels"]
    if task == "regression":
        return metrics.regression(logits[:, 0], labels)
    return metrics.classification(logits.argmax(1), labels, logits.shape[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a finished intq finetune with a task preset")
    folder = parser.parse_args().run
    record = json.loads((folder / "run.json").read_text())
    tokenizer = load_tokenizer(folder / "tokenizer")
    columns = Columns(record["text"], record["label"], preset(record["task_preset"]))

    def load(path):
        return load_dataset(path, tokenizer, record["seq"], task=record["task"], columns=columns,
                            label_names=list(record["label_names"]))

    model = build_model(folder, record)
    padding = Padding(None, None, None, record["seq"], record["cut"])
    train(model, load(record["train"]), record["identity"], padding)
    print(json.dumps({"metrics": evaluate(model, load(record["eval"]), record["task"], record["batch"], padding)}))


if __name__ == "__main__":
    main()
