"""The step of models.training("D") in `training_info` (form E)."""
import numpy as np
from models import PARAMETERS, training
from onnx import TensorProto, helper, numpy_helper


def training_info(optimizer, attributes, moments):
    """Form E in training_info: the loss is part of the algorithm, which ends with an optimizer of the standard."""
    model = training("D")
    graph, chosen = model.graph, ["inner.weight", "classifier.bias"]
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    info = model.training_info.add()
    algorithm = info.algorithm
    algorithm.name = "step"
    algorithm.node.append(graph.node.pop())  # the loss
    rest = [name for name in values if name in PARAMETERS and name not in chosen]
    algorithm.node.append(helper.make_node("Gradient", chosen + rest, [f"d_{n}" for n in chosen],
                                           domain="ai.onnx.preview.training", xs=chosen, zs=rest, y="loss"))
    kinds = [chosen, [f"d_{n}" for n in chosen], *([f"{m}_{n}" for n in chosen] for m in moments)]
    results = [[f"new_{n}" for n in names] for names in (kinds[0], *kinds[2:])]
    algorithm.node.append(helper.make_node(optimizer, ["rate", "count", *sum(kinds, [])], sum(results, []), name="update",
                                           domain="ai.onnx.preview.training", **attributes))
    for name, value in {"rate": np.float32(0.1), "count": np.int64(0),
                        **{f"{m}_{n}": np.zeros_like(values[n]) for m in moments for n in chosen}}.items():
        algorithm.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    for names, new in zip((kinds[0], *kinds[2:]), results):
        for key, value in zip(names, new):
            info.update_binding.add(key=key, value=value)
    algorithm.input.append(graph.input.pop())  # labels
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, None))
    model.opset_import.append(helper.make_opsetid("ai.onnx.preview.training", 1))
    return model, chosen
