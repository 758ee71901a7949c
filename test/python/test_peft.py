"""Adapters against PEFT and transformers, where they are installed."""
import numpy as np
import pytest
from test_adapters import fill, run_json
from test_train import write_data

from intq.program import Program

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")


@pytest.fixture(scope="module")
def base(checkpoint):
    return lambda: transformers.BertForSequenceClassification.from_pretrained(checkpoint, num_labels=2).eval()


@pytest.fixture(scope="module")
def trained(checkpoint, tmp_path_factory):
    folder = tmp_path_factory.mktemp("peft")
    data = write_data(folder / "t.tsv", 40, 1)
    job = ["finetune", checkpoint, "--train", data, "--task-preset", "sst2", "--batch", 4, "--seq", 12, "--steps", 8, "--lr",
           "2e-2", "--engine", "reference", "--recipe", "float", "--adapter", "dylora", "--ranks", "1,2,4", "--json"]
    from intq import cli
    assert cli.main([*map(str, job), "--out", str(folder / "r")]) == 0
    return folder


def batch():
    rng = np.random.default_rng(2)
    ids = rng.integers(3, 30, (4, 12))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def logits(model, arrays):
    with torch.no_grad():
        return model(**{n: torch.from_numpy(a) for n, a in arrays.items()}).logits.numpy()


@pytest.mark.parametrize("rank", [1, 3, 4])
def test_folders_load_and_agree(trained, base, capsys, rank):
    run_json(capsys, "merge", trained / "r", "--rank", rank, "-o", trained / f"m{rank}", "--json")
    run_json(capsys, "merge", trained / "r", "--rank", rank, "--adapter-only", "-o", trained / f"a{rank}", "--json")
    merged = transformers.BertForSequenceClassification.from_pretrained(trained / f"m{rank}").eval()
    alone = peft.PeftModel.from_pretrained(base(), trained / f"a{rank}").eval()
    found, wanted = logits(merged, batch()), logits(alone, batch())
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(found - logits(base(), batch())).max() > 1e-3


def test_gradients(trained, base, checkpoint, capsys):
    run_json(capsys, "merge", trained / "r", "--rank", 2, "--adapter-only", "-o", trained / "g", "--json")
    model = peft.PeftModel.from_pretrained(base(), trained / "g", is_trainable=True)
    model.eval()
    arrays = {**batch(), "labels": np.array([0, 1, 1, 0])}
    options = {"recipe": "float", "engine": "reference", "functions": ["grad"], "dropout": 0.0,
               "adapter": {"ranks": [1, 2, 4], "targets": ["query", "value"]}}
    with Program.compile(trained / "r" / "train.onnx", options) as program:
        fill(program)
        named = {n.replace(".default", "").replace(".modules_to_save", "").removeprefix("base_model.model.").removeprefix("bert."): p
                 for n, p in model.named_parameters() if p.requires_grad}
        for name, parameter in named.items():
            value = program.state(name)
            value = value[:2] if "lora_A" in name else value[:, :2] if "lora_B" in name else value
            parameter.data = torch.from_numpy(value.copy())
        loss = model(**{n: torch.from_numpy(a) for n, a in arrays.items()}).loss
        loss.backward()
        found = program.run("grad", arrays, rank=2)
        assert abs(float(found["loss"]) - float(loss)) < 1e-5
        assert {n.removeprefix("grad/") for n in found if n.startswith("grad/")} == set(named)
        for name, parameter in named.items():
            got = found["grad/" + name]
            got = got[:2] if "lora_A" in name else got[:, :2] if "lora_B" in name else got
            np.testing.assert_allclose(got, parameter.grad.numpy(), atol=1e-5, err_msg=name)
