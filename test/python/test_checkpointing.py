"""Activation checkpointing changes no bit, needs less memory, and goes together with sampled gradients."""
import numpy as np
import pytest
from test_end_to_end import RECIPES
from test_wta_crs import compile_grad, graph, inputs  # noqa: F401 (fixture)

from intq.program import Program


@pytest.mark.parametrize("recipe,ratio", [("float", None), ("row8", 0.3)])
def test_every_bit_is_that_of_the_plain_program(graph, recipe, ratio):  # noqa: F811
    data = inputs(np.arange(8) * 2 + 1)
    with compile_grad(graph, recipe, ratio, "cpu", dropout=0.2) as plain, \
            compile_grad(graph, recipe, ratio, "cpu", dropout=0.2, checkpointing=True) as checkpointed:
        expected, got = (p.run("grad", data, seed=5, step=3) for p in (plain, checkpointed))
        # Between forward and backward only the layers' inputs are alive.
        assert checkpointed.info["plan_bytes"] < plain.info["plan_bytes"]
    assert all(np.array_equal(got[name], value) for name, value in expected.items())


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_combination_runs(graph, recipe):  # noqa: F811
    """Two steps in the interpreter; sampling alone changes the state, checkpointing never."""
    states = {}
    for sampling in (None, {"ratio": 0.3, "sampler": "pps"}, {"ratio": 0.2, "criterion": "squared", "cache": "sample"}):
        for checkpointing in (False, True):
            options = {"recipe": recipe, "engine": "reference", "functions": ["step"], "checkpointing": checkpointing}
            with Program.compile(graph, options | ({"sampling": sampling} if sampling else {})) as program:
                for step in range(2):
                    norms = {s["name"]: np.ones(s["shape"], np.float32) for s in program.inputs("step")
                             if s["name"] == "norm_cache"}
                    outputs = program.run("step", inputs() | norms, seed=1, step=step, lr=1e-3)
                    assert np.isfinite(outputs["loss"])
                states[str(sampling), checkpointing] = {e["name"]: program.state(e["name"]).copy()
                                                        for e in program.state_entries}
    kinds = {key[0] for key in states}
    for kind in kinds:
        assert all(np.array_equal(states[kind, True][n], v) for n, v in states[kind, False].items())
        assert kind == "None" or any((states["None", False][n] != v).any() for n, v in states[kind, False].items())
