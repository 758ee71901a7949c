"""The step of models.training("C") as an ORTModule holds it (form B): values outside, the loss yielded, PyTorch's lookup,
and the operators that ORTModule's graphs have beside those of training artifacts."""
import numpy as np
from models import INNER, MICROSOFT, PARAMETERS, WORDS, Graph, training
from onnx import TensorProto, helper

ATEN = "org.pytorch.aten"


class Rewriting:
    """Nodes of form C by their first result, replaced in place."""

    def __init__(self, model):
        self.g = Graph()
        self.g.nodes = list(model.graph.node)
        self.g.initializers = [t for t in model.graph.initializer if t.name not in PARAMETERS and t.name != "seed"]
        self.g.inputs = list(model.graph.input)

    def replace(self, result, *nodes):
        at = next(i for i, n in enumerate(self.g.nodes) if n.output[0] == result)
        old, self.g.nodes[at:at + 1] = self.g.nodes[at], nodes
        return old


def node(op, inputs, outputs, domain=MICROSOFT, **attributes):
    return helper.make_node(op, inputs, outputs, name=f"{op}/{outputs[0]}", domain=domain, **attributes)


def ortmodule():
    r = Rewriting(training("C"))
    g = r.g
    for name, shape in PARAMETERS.items():
        g.input(name, TensorProto.FLOAT, shape)
        g.output(name + "_grad", shape)
    no_padding, false = g.constant("no_padding", np.int64(-1)), g.constant("false", np.array(False))
    options = [no_padding, false, false]
    r.replace("x", node("ATen", ["table", "ids", *options], ["x"], ATEN, operator="embedding"))
    rows = g.constant("words", np.int64(WORDS))
    r.replace("table_grad", node("ATen", ["dx", "ids", rows, *options], ["table_grad"], ATEN, operator="embedding_backward"))
    product = r.replace("y").input[1]
    inner = next(n for n in g.nodes if n.op_type == "Gelu").output[0]
    r.replace(inner, node("BiasGelu", [product, "inner.bias"], [inner]))
    r.replace("dy", node("BiasGeluGrad_dX", ["dinner", product, "inner.bias"], ["dy"]))
    bounds = [g.constant(name, np.array([value])) for name, value in (("zero", 0), ("one", 1))]
    r.replace("f", node("Slice", [inner, *bounds, bounds[1]], ["part"], ""), node("Squeeze", ["part", bounds[1]], ["f"], ""))
    shape = r.replace("dinner").input[0]
    g.nodes += [node("Unsqueeze", ["df", bounds[1]], ["dpart"], ""), node("SliceGrad", ["dpart", shape, *bounds, bounds[1]], ["dinner"])]
    g.nodes += [node("Shape", ["dy"], ["of_dy"], ""), node("Shape", ["inner.bias"], ["of_bias"], ""),
                node("BroadcastGradientArgs", ["of_dy", "of_bias"], ["none", "summed"])]
    r.replace("inner.bias_grad", node("ReduceSum", ["dy", "summed"], ["inner.bias_grad"], "", keepdims=0, noop_with_empty_axes=1))
    inside = g.constant("inner_size", np.array([INNER])), g.constant("any_size", np.array([-1]))
    flat = node("ConcatTraining", inside[::-1], ["flat_dz", "lengths"], axis=0)
    next(n for n in g.nodes if "flat_dy" in n.input).input[1] = "flat_dz"
    g.nodes.append(flat)
    first = r.replace("dlogits")
    first.output[0] = "dlogits_0"
    echo = node("Identity", ["labels"], ["echo"], "")
    yielded = node("YieldOp", ["logits", "echo", "loss"], ["logits_grad", "seed"], full_shape_outputs=[0], non_differentiable_outputs=[1])
    g.nodes += [first, echo, yielded, node("Sum", ["dlogits_0", "logits_grad"], ["dlogits"], "")]
    return g.model(15)
