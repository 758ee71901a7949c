"""Activation checkpointing changes no bit, needs less memory, and goes together with sampled gradients."""
import numpy as np
import pytest
from test_wta_crs import compile_grad, graph, inputs  # noqa: F401 (fixture)


@pytest.mark.parametrize("recipe,ratio", [("float", None), ("row8", None), ("row8", 0.3)])
def test_every_bit_is_that_of_the_plain_program(graph, recipe, ratio):  # noqa: F811
    data = inputs(np.arange(8) * 2 + 1)
    with compile_grad(graph, recipe, ratio, dropout=0.2) as plain, \
            compile_grad(graph, recipe, ratio, dropout=0.2, checkpointing=True) as checkpointed:
        expected, got = (p.run("grad", data, seed=5, step=3) for p in (plain, checkpointed))
        # Between forward and backward only the layers' inputs are alive.
        assert checkpointed.info["plan_bytes"] <= plain.info["plan_bytes"]
    assert all(np.array_equal(got[name], value) for name, value in expected.items())
