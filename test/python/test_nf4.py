"""NF4: codes and values against the Spec and bitsandbytes; a run that keeps its weights so."""
import hashlib

import numpy as np
import pytest
from reference_run import tensor_type
from test_adapters import run_json
from test_train import write_data
from tiny_bert import CONFIG, write_checkpoint

from intq import adapters, nf4
from intq.checkpoint_folder import CheckpointFolder
from intq.export import export_training
from intq.philox import normal
from intq.program import Program

WIDE = {**CONFIG, "hidden_size": 128, "num_hidden_layers": 1, "intermediate_size": 160}
SEED, FIXTURE = 5, ["c43cc0a405f6e2b9", "8a628bfad4c1dde4", "c7b47f621eb35a24", "7f60b2faa93d8172", "5dd7329e0ee32512"]
UP = "encoder.layer.0.intermediate.dense.weight"  # 160 × 128: 320 blocks, two outer ones
THRESHOLDS = [-0.8480964004993439, -0.6106329262256622, -0.4599952697753906, -0.33967943489551544, -0.23460740596055984,
              -0.13791173323988914, -0.045525018125772476, 0.03979014977812767, 0.1202552504837513, 0.2035212516784668,
              0.2920137718319893, 0.3893125355243683, 0.5016634166240692, 0.6427869200706482, 0.8614784178118011]


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nf4")
    export_training(CheckpointFolder.open(write_checkpoint(folder / "tiny", WIDE)), folder / "g.onnx",
                    task="classification", num_labels=2, batch=2, seq=8, seed=1, dropout=0.0)
    return folder / "g.onnx"


def compiled(graph, weight, recipe="float", engine="reference", functions=("grad",)):
    return Program.compile(graph, {"recipe": recipe, "engine": engine, "threads": 1, "functions": list(functions), "adapter": {
        "ranks": [2], "targets": ["all-linear"], "weight": weight, "scale": "constant"}})


def parts(program, name):
    return [program.state(f"{name}/nf4_{part}").copy() for part in ("codes", "absmax", "scales", "offset")]


def encode(w):
    """From the Spec, in NumPy: (codes, absmax codes, scales, offset)."""
    blocks = w.reshape(-1, 64)
    absmax = np.abs(blocks).max(axis=1)
    x = np.clip(blocks * (np.float32(1) / np.maximum(absmax, np.float32(1e-38)))[:, None], -1, 1)
    codes = np.searchsorted(np.array(THRESHOLDS, np.float32), x.reshape(-1), side="left").astype(np.uint8)
    packed = (codes[::2] << 4 | codes[1::2]).view("<i4")
    offset = np.float32(np.add.accumulate(absmax.astype(np.float64))[-1] / len(absmax))
    d, levels, scales = absmax - offset, [], []
    for part in np.split(d, range(256, len(d), 256)):
        scales.append(np.abs(part).max())
        y = part * (np.float32(1) / scales[-1])
        levels += [np.abs(nf4.absmax_codes().astype(np.float64) - v).argmin() for v in y.astype(np.float64)]
    return packed, np.array(levels, np.uint8).view("<i4"), np.array(scales, np.float32), offset


def test_encoding_and_error(graph):
    with compiled(graph, "nf4") as program:
        w = CheckpointFolder.open(str(graph.parent / "tiny")).tensor(UP)
        for got, wanted in zip(parts(program, UP), encode(w), strict=True):
            np.testing.assert_array_equal(got, wanted)
        names = {e["name"] for e in program.state_entries}
        assert UP not in names and UP + "/moment1" not in names
        bits = sum(program.state(n).nbytes for n in names if n.startswith(UP + "/nf4_")) * 8 / w.size
        assert 4.125 < bits < 4.14
    w = normal("normal", (1024, 64), 1.0, seed=3)
    packed, levels, scales, offset = encode(w)
    error = np.abs(nf4.dequantize(packed, levels, scales, offset, w.shape) - w).mean()
    assert abs(error - 0.0728) < 0.0005


def test_dequantize(run):
    """Every code and every absmax code, on both engines."""
    rng = np.random.default_rng(0)
    codes = rng.integers(-2**31, 2**31, 64 * 260 // 8, dtype=np.int64).astype(np.int32)
    codes[:16] = np.arange(128, dtype=np.uint8).view("<i4").repeat(2)[:16]
    levels = np.concatenate([np.arange(256, dtype=np.uint8), [7, 9, 200, 255]]).astype(np.uint8).view("<i4")
    scales, offset = np.array([0.37, 0.2], np.float32), np.float32(0.61)
    inputs = {"c": codes, "a": levels, "s": scales, "o": np.array(offset), "m": nf4.absmax_codes()}
    types = ", ".join(tensor_type(x) for x in inputs.values())
    [found] = run(f"  %w = nn.nf4_dequantize %c, %a, %s, %o, %m : ({types}) -> tensor<130x128xf32>", inputs,
                  {"w": "tensor<130x128xf32>"})
    np.testing.assert_array_equal(found, nf4.dequantize(codes, levels, scales, offset, (130, 128)))


@pytest.mark.parametrize("recipe", ["float", "row8"])
def test_program_computes_with_the_decoded_weights(graph, recipe):
    """Outputs and gradients are those of a program whose float weights are the decoded ones; engines agree."""
    batch = {"input_ids": np.full((2, 8), 5), "attention_mask": np.ones((2, 8), np.int64),
             "token_type_ids": np.zeros((2, 8), np.int64), "labels": np.array([0, 1])}
    with compiled(graph, "nf4", recipe) as program, compiled(graph, "keep", recipe) as plain:
        for entry in plain.state_entries:
            if not any(e["name"] == entry["name"] for e in program.state_entries):
                plain.assign(entry["name"], nf4.dequantize(*parts(program, entry["name"]), entry["shape"]))
        found, wanted = program.run("grad", batch, seed=2), plain.run("grad", batch, seed=2)
        assert found.keys() == wanted.keys()
        for name in wanted:
            np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)
        if recipe == "row8":
            with compiled(graph, "nf4", recipe, "cpu") as fast:
                for name, value in fast.run("grad", batch, seed=2).items():
                    np.testing.assert_array_equal(value, found[name], err_msg=name)


def test_fixture_of_bitsandbytes():
    """Made with bitsandbytes 0.50.2, quantize_4bit(blocksize=64, quant_type="nf4", compress_statistics=True)."""
    packed, levels, scales, offset = encode(normal("fixture", (96, 128), 0.05, seed=SEED))
    values = nf4.dequantize(packed, levels, scales, offset, (96, 128))
    assert [hashlib.sha256(x.tobytes()).hexdigest()[:16] for x in (packed, levels, scales, np.float32(offset), values)] == FIXTURE


def test_against_bitsandbytes():
    functional = pytest.importorskip("bitsandbytes.functional")
    torch = pytest.importorskip("torch")
    w = normal("live", (160, 128), 0.05, seed=1)
    codes, state = functional.quantize_4bit(torch.from_numpy(w), blocksize=64, quant_type="nf4", compress_statistics=True)
    np.testing.assert_array_equal(encode(w)[0], codes.numpy().reshape(-1).view("<i4"))
    np.testing.assert_array_equal(nf4.absmax_codes(), functional.create_dynamic_map().numpy())
    found = nf4.dequantize(codes.numpy().reshape(-1).view("<i4"), state.absmax.numpy().view("<i4"),
                           state.state2.absmax.numpy(), state.offset.numpy(), w.shape)
    np.testing.assert_array_equal(found, functional.dequantize_4bit(codes, state).numpy())
    assert (encode(w)[1].view(np.uint8) != state.absmax.numpy()).mean() < 0.02  # near ties of the second level


def test_finetune_qlora(tmp_path, checkpoint, capsys):
    job = ["finetune", checkpoint, "--train", write_data(tmp_path / "t.tsv", 40, 1), "--task-preset", "sst2", "--batch", 4,
           "--seq", 12, "--steps", 6, "--engine", "reference", "--adapter", "qlora", "--lora-r", 4, "--json"]
    wanted = run_json(capsys, *job, "--out", tmp_path / "r")["state_sha256"]
    assert run_json(capsys, *job, "--out", tmp_path / "again", "--save-steps", 2)["state_sha256"] == wanted
    merged = run_json(capsys, "merge", tmp_path / "r", "-o", tmp_path / "m", "--json")
    assert merged["modules"] == 13 and (tmp_path / "m" / "model.onnx").exists()
    assert adapters.KINDS == ("lora", "qlora", "dylora", "qdylora")
