"""Exports that ONNX Runtime's transformers optimizer has fused: the loss and gradients of torch's autograd. Needs PyTorch,
transformers and onnxruntime."""
import re
import warnings

import exported_models as exported
import numpy as np
import pytest
from test_exporters import compare

from intq.export.families import FAMILIES

# Level 0 fuses by the optimizer's own patterns (Attention, EmbedLayerNormalization), 1 and 2 by ONNX Runtime's as well.
CASES = [*((family, "classification", level) for family in exported.FAMILIES for level in (0, 1, 2)), ("bert", "mlm", 0),
         ("bert", "qa", 0), ("roberta", "token-classification", 0)]


def optimized(case, level, path):
    pytest.importorskip("torch", reason="PyTorch is not installed here")
    pytest.importorskip("transformers", reason="transformers is not installed here")
    optimizer = pytest.importorskip("onnxruntime.transformers.optimizer", reason="onnxruntime is not installed here")
    plain = path.with_name("plain.onnx")
    exported.export(case, exported.build(case), plain)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = optimizer.optimize_model(str(plain), model_type="bert", num_heads=4, hidden_size=exported.HIDDEN, opt_level=level)
    model.save_model_to_file(str(path))
    return {node.op_type for node in model.model.graph.node}


def apart(case):
    """Gradients of fused products of Q, K and V by the names of the three; matrices that were shared add up."""
    family = FAMILIES[case.family]

    def named(got):
        out = {}
        for name, value in got.items():
            fused = re.fullmatch(r"grad/Attention_(\d+)_qkv_(weight|bias)", name)
            if not fused:
                out[name] = out.get(name, 0) + value
                continue
            layer = family.prefix + family.layer_prefix({"num_hidden_layers": 2}, int(fused[1]))
            for part, gradient in zip((family.query, family.key, family.value), np.split(value, 3)):
                whole = f"grad/{layer}{part}.{fused[2]}"
                out[whole] = out.get(whole, 0) + gradient
        return out

    return named


@pytest.mark.parametrize("family,head,level", CASES)
def test_optimized_exports(build, tmp_path, family, head, level):
    case = exported.Case(family, head, "torchscript", 14, "eager", labels=False)
    operators = optimized(case, level, tmp_path / "model.onnx")
    assert "SkipLayerNormalization" in operators
    assert level or family == "mpnet" or "Attention" in operators
    untrained = compare(build, tmp_path / "model.onnx", case, apart(case))
    assert not [name for name in untrained if "relative_attention_bias" not in name]
