"""Writes a small ONNX model, by name, for the tests of the import: models.py NAME FILE."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BATCH, TOKENS, WIDTH, HEADS, INNER, WORDS, CLASSES = 2, 4, 8, 2, 12, 11, 3


class Graph:
    """Nodes, initializers and inputs under construction; values are names."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []

    def input(self, name, dtype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name, shape):
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def constant(self, name, value):
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, name, *shape):
        return self.constant(name, self.random.normal(0, 0.3, shape).astype(np.float32))

    def node(self, op, *inputs, name=None, outputs=None, **attributes):
        name = name or f"{op}_{len(self.nodes)}"
        outputs = outputs or [name + ":0"]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, name=name, **attributes))
        return outputs[0]

    def model(self, opset=17, **options):
        graph = helper.make_graph(self.nodes, "test", self.inputs, self.outputs, self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9, **options)


def scale(g, x, factor):
    return g.node("Mul", x, g.constant(f"scale{len(g.nodes)}", np.float32(factor)))


def linear(g, x, name, out, inner, folded=False):
    if folded:
        weight = g.weight(name + ".weight_transposed", inner, out)
    else:
        weight = g.node("Transpose", g.weight(name + ".weight", out, inner), perm=[1, 0])
    return g.node("Add", g.node("MatMul", x, weight), g.weight(name + ".bias", out))


def norm_operator(g, x, name):
    return g.node("LayerNormalization", x, g.weight(name + ".weight", WIDTH), g.weight(name + ".bias", WIDTH),
                  epsilon=1e-12)


def norm_spelled(g, x, name):
    centered = g.node("Sub", x, g.node("ReduceMean", x, axes=[-1]))
    square = g.node("Pow", centered, g.constant(f"two{len(g.nodes)}", np.float32(2)))
    variance = g.node("Add", g.node("ReduceMean", square, axes=[-1]), g.constant(f"eps{len(g.nodes)}", np.float32(1e-12)))
    normal = g.node("Div", centered, g.node("Sqrt", variance))
    return g.node("Add", g.node("Mul", normal, g.weight(name + ".weight", WIDTH)), g.weight(name + ".bias", WIDTH))


def norm_keras(g, x, name):
    weight, bias = g.weight(name + ".weight", WIDTH), g.weight(name + ".bias", WIDTH)
    mean = g.node("ReduceMean", x, axes=[2])
    difference = g.node("Sub", x, mean)
    variance = g.node("ReduceMean", g.node("Mul", difference, difference), axes=[2])
    deviation = g.node("Sqrt", g.node("Add", variance, g.constant(f"eps{len(g.nodes)}", np.float32(1e-12))))
    factor = g.node("Mul", g.node("Reciprocal", deviation), weight)
    return g.node("Add", g.node("Mul", x, factor), g.node("Sub", bias, g.node("Mul", mean, factor)))


def gelu_erf(g, x):
    erf = g.node("Erf", g.node("Div", x, g.constant(f"root{len(g.nodes)}", np.float32(np.sqrt(2)))))
    one = g.node("Add", erf, g.constant(f"one{len(g.nodes)}", np.float32(1)))
    return scale(g, g.node("Mul", x, one), 0.5)


def gelu_tanh(g, x):
    cube = g.node("Mul", g.node("Mul", x, x), x)
    inner = scale(g, g.node("Add", x, scale(g, cube, 0.044715)), np.sqrt(2 / np.pi))
    one = g.node("Add", g.constant(f"one{len(g.nodes)}", np.float32(1)), g.node("Tanh", inner))
    return g.node("Mul", scale(g, x, 0.5), one)


def mask_subtracted(g, mask, opset=17):
    wide = g.node("Unsqueeze", mask, g.constant("axes", np.array([1, 2])))
    kept = g.node("Cast", wide, to=TensorProto.FLOAT)
    dropped = g.node("Sub", g.constant("one", np.float32(1)), kept)
    return g.node("Mul", dropped, g.constant("lowest", np.finfo(np.float32).min))


def mask_gathered(g, mask):
    index = np.arange(BATCH * TOKENS).reshape(BATCH, 1, 1, TOKENS)
    flat = g.node("Flatten", g.node("Cast", mask, to=TensorProto.BOOL), axis=0)
    flat = g.node("Reshape", flat, g.constant("flat", np.array([-1])))
    kept = g.node("Gather", flat, g.constant("index", index), axis=0)
    kept = g.node("And", g.constant("true", np.ones((1, 1, TOKENS, 1), bool)), kept)
    return g.node("Where", kept, g.constant("zero", np.float32(0)), g.constant("lowest", np.finfo(np.float32).min))


def attention(g, x, name, mask, ratio=0.0):
    def heads(kind, perm):
        y = g.node("Reshape", linear(g, x, f"{name}.{kind}", WIDTH, WIDTH),
                   g.constant(f"{name}.{kind}.shape", np.array([0, 0, HEADS, -1])))
        return g.node("Transpose", y, perm=perm)

    scores = g.node("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]), name=name + "/scores")
    scores = g.node("Div", scores, g.constant(name + ".root", np.float32(np.sqrt(WIDTH // HEADS))))
    p = g.node("Softmax", g.node("Add", scores, mask), axis=-1)
    if ratio:
        p = g.node("Dropout", p, g.constant(name + ".ratio", np.float32(ratio)), g.constant(name + ".training", np.array(True)),
                   name=name + "/dropout")
    y = g.node("Transpose", g.node("MatMul", p, heads("value", [0, 2, 1, 3]), name=name + "/context"), perm=[0, 2, 1, 3])
    y = g.node("Reshape", y, g.constant(name + ".flat", np.array([BATCH, TOKENS, WIDTH])))
    return linear(g, y, name + ".output", WIDTH, WIDTH)


def encoder(norm=norm_operator, gelu=gelu_erf, mask=mask_subtracted, opset=17, ratio=0.0, batch=BATCH):
    """A BERT of one layer with a cross-entropy loss."""
    g = Graph()
    ids = g.input("input_ids", TensorProto.INT64, [batch, TOKENS])
    keep = g.input("attention_mask", TensorProto.INT64, [batch, TOKENS])
    labels = g.input("labels", TensorProto.INT64, [batch])
    words = g.node("Gather", g.weight("words.weight", WORDS, WIDTH), ids)
    positions = g.node("Gather", g.weight("positions.weight", 2 * TOKENS, WIDTH),
                       g.constant("position_ids", np.arange(TOKENS)[None]))
    x = norm(g, g.node("Add", words, positions), "embeddings.norm")
    x = norm(g, g.node("Add", attention(g, x, "attention", mask(g, keep), ratio), x), "attention.norm")
    inner = gelu(g, linear(g, x, "inner", INNER, WIDTH, folded=True))
    x = norm(g, g.node("Add", linear(g, inner, "outer", WIDTH, INNER), x), "outer.norm")
    first = g.node("Gather", x, g.constant("first", np.array(0)), axis=1)
    pooled = g.node("Tanh", g.node("Gemm", first, g.weight("pooler.weight", WIDTH, WIDTH), g.weight("pooler.bias", WIDTH),
                                   transB=1))
    g.node("Gemm", pooled, g.weight("classifier.weight", CLASSES, WIDTH), g.weight("classifier.bias", CLASSES), transB=1,
           name="classifier", outputs=["logits"])
    g.node("SoftmaxCrossEntropyLoss", "logits", labels, name="cross_entropy", outputs=["loss"], ignore_index=-100)
    g.output("loss", [])
    g.output("logits", [batch, CLASSES])
    return g.model(opset)


def embedded(g):
    ids = g.input("ids", TensorProto.INT64, [BATCH, TOKENS])
    return g.node("Gather", g.weight("table", WORDS, WIDTH), ids)


def product(g, x, name, out, inner):
    return g.node("MatMul", x, g.node("Transpose", g.weight(name + ".weight", out, inner), perm=[1, 0]))


def fused(apart):
    """Operators that ONNX Runtime's optimizer fuses, or the same taken apart."""
    g = Graph()
    x = embedded(g)
    dense, dense_bias = product(g, x, "dense", WIDTH, WIDTH), g.weight("dense.bias", WIDTH)
    weight, bias = g.weight("norm.weight", WIDTH), g.weight("norm.bias", WIDTH)
    ms = {"domain": MICROSOFT}
    if apart:
        total = g.node("Add", g.node("Add", dense, dense_bias), x)
        x = g.node("LayerNormalization", total, weight, bias, epsilon=1e-12)
    else:
        x = g.node("SkipLayerNormalization", dense, x, weight, bias, dense_bias, epsilon=1e-12, **ms)
    inner, inner_bias = product(g, x, "inner", INNER, WIDTH), g.weight("inner.bias", INNER)
    x = (g.node("Gelu", g.node("Add", inner, inner_bias), **ms) if apart else g.node("BiasGelu", inner, inner_bias, **ms))
    first = g.node("Gather", x, g.constant("first", np.array(0)), axis=1)
    operands = first, g.weight("pooler.weight", CLASSES, INNER), g.weight("pooler.bias", CLASSES)
    if apart:
        g.node("Tanh", g.node("Gemm", *operands, transB=1), outputs=["logits"])
    else:
        g.node("FusedGemm", *operands, transB=1, activation="Tanh", outputs=["logits"], **ms)
    labels = g.input("labels", TensorProto.INT64, [BATCH])
    g.node("SoftmaxCrossEntropyLoss", "logits", labels, outputs=["loss"])
    g.output("loss", [])
    return g.model(17)


def fused_encoder(apart):
    """ONNX Runtime's fused embeddings and attention, or the same taken apart."""
    g, ms = Graph(), {"domain": MICROSOFT}
    ids, mask = g.input("ids", TensorProto.INT64, [BATCH, TOKENS]), g.input("mask", TensorProto.INT64, [BATCH, TOKENS])
    words, places = g.weight("words", WORDS, WIDTH), g.weight("places", TOKENS, WIDTH)
    weight, bias = g.weight("norm.weight", WIDTH), g.weight("norm.bias", WIDTH)
    qkv, qkv_bias = g.weight("qkv.weight", WIDTH, 3 * WIDTH), g.weight("qkv.bias", 3 * WIDTH)
    if apart:
        at = g.constant("at", np.arange(TOKENS)[None])
        x = g.node("Add", g.node("Gather", words, ids), g.node("Gather", places, at))
        x = g.node("LayerNormalization", x, weight, bias, epsilon=1e-12)
        parts = g.node("Add", g.node("MatMul", x, qkv), qkv_bias)
        names = [f"part{i}" for i in range(3)]
        g.node("Split", parts, outputs=names, axis=-1)
        shape = g.constant("heads", np.array([0, 0, HEADS, WIDTH // HEADS]))
        q, k, v = (g.node("Transpose", g.node("Reshape", n, shape), perm=p)
                   for n, p in zip(names, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3])))
        kept = g.node("Cast", g.node("Unsqueeze", mask, g.constant("axes", np.array([1, 2]))), to=TensorProto.FLOAT)
        added = scale(g, g.node("Sub", g.constant("one", np.float32(1)), kept), -1e4)
        scores = g.node("Add", scale(g, g.node("MatMul", q, k), 1 / np.sqrt(WIDTH // HEADS)), added)
        context = g.node("Transpose", g.node("MatMul", g.node("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
        x = g.node("Reshape", context, g.constant("merged", np.array([0, 0, WIDTH])))
    else:
        small = [g.node("Cast", v, to=TensorProto.INT32) for v in (ids, mask)]
        x = g.node("EmbedLayerNormalization", small[0], "", words, places, "", weight, bias, small[1], epsilon=1e-12,
                   outputs=["embedded", "kept"], **ms)
        x = g.node("Attention", x, qkv, qkv_bias, "kept", num_heads=HEADS, **ms)
    first = g.node("Gather", x, g.constant("first", np.array(0)), axis=1)
    g.node("Gemm", first, g.weight("head.weight", CLASSES, WIDTH), g.weight("head.bias", CLASSES), transB=1,
           outputs=["logits"])
    if apart:
        g.node("SoftmaxCrossEntropyLoss", "logits", g.input("labels", TensorProto.INT64, [BATCH]), ignore_index=-100,
               outputs=["loss"])
    else:
        cross_entropy_spelled(g, "logits", g.input("labels", TensorProto.INT64, [BATCH]))
    g.output("loss", [])
    return g.model(17)


def cross_entropy_spelled(g, logits, labels):
    """What ONNX Runtime's optimizer makes of the loss."""
    axes, ignored = g.constant("class_axis", np.array([1])), g.constant("ignored", np.array(-100))
    zero, one = g.constant("zero", np.float32(0)), g.constant("unit", np.float32(1))
    rows = g.node("LogSoftmax", g.node("Reshape", logits, g.constant("ncd", np.array([0, 0, -1]))), axis=1)
    rows = g.node("Reshape", rows, g.node("Shape", logits))
    targets = g.node("Unsqueeze", labels, axes)
    mask = g.node("Equal", targets, ignored)
    weights = g.node("Where", g.node("Squeeze", mask, axes), zero, one)
    safe = g.node("Where", mask, g.node("Sub", targets, targets), targets)
    taken = g.node("Where", mask, zero, g.node("GatherElements", rows, safe, axis=1))
    loss = g.node("Squeeze", g.node("Neg", taken), axes)
    total = g.node("ReduceSum", g.node("Mul", loss, weights), keepdims=0)
    g.node("Div", total, g.node("ReduceSum", weights, keepdims=0), outputs=["loss"])


def counted_positions():
    """RoBERTa's positions, counted from the padding 1, and ReLU."""
    g = Graph()
    ids = g.input("ids", TensorProto.INT64, [BATCH, TOKENS])
    pad = g.constant("pad", np.array(1))
    kept = g.node("Cast", g.node("Not", g.node("Equal", ids, pad)), to=TensorProto.INT32)
    counted = g.node("Mul", g.node("CumSum", kept, g.constant("along", np.array(1))), kept)
    positions = g.node("Add", g.node("Cast", counted, to=TensorProto.INT64), pad)
    x = g.node("Add", g.node("Gather", g.weight("words", WORDS, WIDTH), ids),
               g.node("Gather", g.weight("places", TOKENS + 2, WIDTH), positions))
    first = g.node("Gather", x, g.constant("first", np.array(0)), axis=1)
    inner = g.node("Relu", g.node("Gemm", first, g.weight("inner.weight", INNER, WIDTH), g.weight("inner.bias", INNER), transB=1))
    g.node("Gemm", inner, g.weight("head.weight", CLASSES, INNER), g.weight("head.bias", CLASSES), transB=1,
           outputs=["logits"])
    g.node("SoftmaxCrossEntropyLoss", "logits", g.input("labels", TensorProto.INT64, [BATCH]), outputs=["loss"])
    g.output("loss", [])
    return g.model(17)


def span():
    """Start and end of an answer: two losses averaged, labels clamped, as Hugging Face writes it."""
    g = Graph()
    scores = linear(g, embedded(g), "qa_outputs", 2, WIDTH)
    g.node("Split", scores, outputs=["start", "end"], axis=-1)
    losses = []
    for kind in ("start", "end"):
        labels = g.input(kind + "_positions", TensorProto.INT64, [BATCH])
        clamped = g.node("Clip", labels, g.constant(kind + "_low", np.array(0)), g.constant(kind + "_high", np.array(TOKENS)))
        rows = g.node("Squeeze", kind, g.constant(kind + "_axis", np.array([-1])))
        losses.append(g.node("SoftmaxCrossEntropyLoss", rows, clamped, ignore_index=TOKENS))
    g.node("Div", g.node("Add", *losses), g.constant("count", np.float32(2)), outputs=["loss"])
    g.output("loss", [])
    return g.model(17)


def regression():
    g = Graph()
    first = g.node("Gather", embedded(g), g.constant("first", np.array(0)), axis=1)
    value = g.node("Squeeze", linear(g, first, "regressor", 1, WIDTH))
    labels = g.input("labels", TensorProto.FLOAT, [BATCH])
    squares = g.node("Mul", g.node("Sub", value, labels), g.node("Sub", value, labels))
    g.node("ReduceMean", squares, outputs=["loss"], keepdims=0)
    g.output("loss", [])
    return g.model(17)


MICROSOFT = "com.microsoft"
PARAMETERS = {"table": (WORDS, WIDTH), "norm.weight": (WIDTH,), "norm.bias": (WIDTH,), "inner.weight": (INNER, WIDTH),
              "inner.bias": (INNER,), "classifier.weight": (CLASSES, INNER), "classifier.bias": (CLASSES,)}


def training_forward(g, ratio):
    """Embedding, layer norm, linear, GELU, first token, classifier; with the names of what is used again."""
    norm = g.node("LayerNormalization", g.node("Gather", "table", "ids", outputs=["x"]), "norm.weight", "norm.bias",
                  outputs=["n", "mean", "deviation"], epsilon=1e-12)
    g.node("Transpose", "inner.weight", outputs=["wt"], perm=[1, 0])
    g.node("Add", "inner.bias", g.node("MatMul", norm, "wt"), outputs=["y"])
    inner = g.node("Gelu", "y", domain=MICROSOFT)
    if ratio:
        inner = g.node("Dropout", inner, g.constant("ratio", np.float32(ratio)), g.constant("training", np.array(True)),
                       name="dropout", outputs=["dropped", "mask"])
    g.node("Gather", inner, g.constant("first", np.array(0)), outputs=["f"], axis=1)
    g.node("Gemm", "f", "classifier.weight", "classifier.bias", outputs=["logits"], transB=1)
    g.node("SoftmaxCrossEntropyLoss", "logits", "labels", outputs=["loss", "log_prob"])
    return inner


def training_backward(g, inner, ratio):
    """The nodes that ONNX Runtime's gradient builder writes; out of order, as in its files."""
    ms = {"domain": MICROSOFT}
    g.constant("seed", np.float32(1))
    flat = g.constant("flat_n", np.array([-1, WIDTH])), g.constant("flat_dy", np.array([-1, INNER]))
    g.node("SoftmaxCrossEntropyLossGrad", "seed", "log_prob", "labels", outputs=["dlogits"], **ms)
    g.node("ReduceSum", "dlogits", g.constant("rows", np.array([0])), outputs=["classifier.bias_grad"], keepdims=0)
    g.node("Gemm", "dlogits", "f", outputs=["classifier.weight_grad"], transA=1)
    g.node("Gemm", "dlogits", "classifier.weight", outputs=["df"])
    g.node("GatherGrad", g.node("Shape", inner), "first", "df", outputs=["dinner"], axis=1, **ms)
    if ratio:
        g.node("DropoutGrad", "dinner", "mask", "ratio", "training", outputs=["dg"], **ms)
    g.node("GeluGrad", "dg" if ratio else "dinner", "y", outputs=["dy"], **ms)
    g.node("ReduceSum", "dy", g.constant("all_rows", np.array([1, 0])), outputs=["inner.bias_grad"], keepdims=0)
    g.node("Identity", "dy", outputs=["dz"])
    g.node("FusedMatMul", "dz", "wt", outputs=["dn"], transB=1, **ms)
    g.node("Transpose", "dwt", outputs=["inner.weight_grad"], perm=[1, 0])
    g.node("Gemm", g.node("Reshape", "n", flat[0]), g.node("Reshape", "dz", flat[1]), outputs=["dwt"], transA=1)
    g.node("LayerNormalizationGrad", "dn", "x", "norm.weight", "mean", "deviation",
           outputs=["dx", "norm.weight_grad", "norm.bias_grad"], epsilon=1e-12, axis=-1, **ms)
    g.node("GatherGrad", g.node("Shape", "table"), "ids", "dx", outputs=["table_grad"], axis=0, **ms)


def training(form, ratio=0.0):
    """The same step as forms C (gradients are outputs), A (accumulated) and D (no backward)."""
    g = Graph()
    g.input("ids", TensorProto.INT64, [BATCH, TOKENS])
    g.input("labels", TensorProto.INT64, [BATCH])
    for name, shape in PARAMETERS.items():
        if form == "A":
            g.input(name, TensorProto.FLOAT, shape)
        else:
            g.weight(name, *shape)
    inner = training_forward(g, ratio)
    g.output("loss", [])
    if form == "D":
        return g.model(15)
    training_backward(g, inner, ratio)
    if form == "C":
        for name, shape in PARAMETERS.items():
            g.output(name + "_grad", shape)
        return g.model(15)
    g.input("lazy_reset_grad", TensorProto.BOOL, [1])
    for name, shape in PARAMETERS.items():
        buffer = g.input(name + "_grad.accumulation.buffer", TensorProto.FLOAT, shape)
        flag = name + "_grad.accumulation.out"
        g.node("InPlaceAccumulatorV2", buffer, name + "_grad", "lazy_reset_grad", outputs=[flag], domain=MICROSOFT)
        g.outputs.append(helper.make_tensor_value_info(flag, TensorProto.BOOL, [1]))
    return g.model(15)


MODELS = {
    "training-a": lambda: training("A"),
    "training-c": lambda: training("C"),
    "training-c-dropout": lambda: training("C", ratio=0.5),
    "training-d": lambda: training("D"),
    "encoder": encoder,
    "spelled": lambda: encoder(norm_spelled, gelu_tanh, mask_gathered, opset=15),
    "dropout": lambda: encoder(ratio=0.25),
    "span": span,
    "regression": regression,
    "dynamic": lambda: encoder(batch="batch"),
}

if __name__ == "__main__":
    onnx.save(MODELS[sys.argv[1]](), sys.argv[2])
