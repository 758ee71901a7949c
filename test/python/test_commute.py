"""Differentiating then quantizing gives the bits of quantizing then differentiating, for every recipe: the commuting
square of autodiff, on an encoder with every kind of layer that a recipe speaks of."""
import pathlib
import re
import subprocess

import numpy as np
import pytest

import reference_run

ENCODER = pathlib.Path(__file__).parent.parent / "Inputs" / "encoder.mlir"
RECIPES = ["row8", "row8a8", "paper16", "paper12", "paper10", "paper8", "paper8x8", "tile8", "mx8"]


def grad_function(build, passes):
    """Arguments (name to MLIR type and attributes), body and results (name to type) of @grad."""
    command = [build / "bin" / "intq-opt", ENCODER, *passes, "--intq-keep-functions=names=grad", "--canonicalize", "--cse"]
    text = subprocess.run(command, check=True, text=True, capture_output=True).stdout
    arguments = re.findall(r"%(arg\d+): (tensor<[^>]*>) ({[^}]*})", text)
    body = text[text.index("\n", text.index("func.func @grad")) + 1 : text.index("    return ")]
    names, types = re.search(r"return (.*) : (.*)", text).groups()
    return arguments, body, dict(zip(names.replace("%", "").split(", "), types.split(", ")))


def value(rng, mlir_type, attributes):
    shape = [int(n) for n in re.findall(r"(\d+)x", mlir_type)]
    if "attention_mask" in attributes:
        return np.array([[1, 1, 1, 0], [1, 1, 1, 1]], np.int32)
    if "i32" in mlir_type:
        high = 3 if "labels" in attributes else 10
        return rng.integers(0, high, shape, np.int32)
    return rng.standard_normal(shape, np.float32)


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_orders_give_equal_bits(build, recipe):
    quantize = f"--nn-quantize=recipe={recipe}"
    outcomes = []
    for passes in (["--nn-differentiate", quantize], [quantize, "--nn-differentiate"]):
        arguments, body, results = grad_function(build, passes)
        rng = np.random.default_rng(7)
        inputs = {name: value(rng, kind, attributes) for name, kind, attributes in arguments}
        outcomes.append(reference_run.run_ops(build, body, inputs, results, "reference"))
    assert len(outcomes[0]) == 16, "loss, logits and fourteen gradients"
    for first, second in zip(*outcomes):
        assert first.tobytes() == second.tobytes()
    # The test would see a difference: gradients are not zero.
    assert all(np.any(g != 0) for g in outcomes[0][2:])
