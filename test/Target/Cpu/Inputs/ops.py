"""Functions of every op but the matrix products, on seeded random operands of odd sizes, for
intq-run --engine=all: one function an op family and row length, whose results are compared bit by bit.

    ops.py float|layout|rows|codes|training
"""
import itertools
import math
import random
import struct
import sys

LENGTHS = (1, 15, 16, 17, 33, 130)
RNG = "[123456789, -7, 3, 1]"


def dims(shape):
    return "".join(f"{n}x" for n in shape)


def tensor(shape, element="f32"):
    return f"tensor<{dims(shape)}{element}>"


class Function:
    """The text of a function; every value that is `keep`t becomes a result."""

    def __init__(self, name):
        self.name, self.lines, self.results, self.count = name, [], [], 0
        self.random = random.Random(name)

    def fresh(self):
        self.count += 1
        return f"%v{self.count}"

    def dense(self, values, code, type):
        name, data = self.fresh(), struct.pack(f"<{len(values)}{code}", *values).hex().upper()
        self.lines.append(f'  {name} = arith.constant dense<"0x{data}"> : {type}')
        return name, type

    def floats(self, *shape, scale=2.0):
        count = 1
        for n in shape:
            count *= n
        values = [self.random.gauss(0, scale) for _ in range(count)]
        if count > 40:  # special values among the ordinary ones
            values[3], values[7], values[11] = 0.0, 1e-41, -30.0
        return self.dense(values, "f", tensor(shape))

    def ints(self, shape, lo, hi):
        count = 1
        for n in shape:
            count *= n
        return self.dense([self.random.randrange(lo, hi) for _ in range(count)], "i", tensor(shape, "i32"))

    def rng(self):
        name = self.fresh()
        self.lines.append(f"  {name} = arith.constant dense<{RNG}> : tensor<4xi32>")
        return name, "tensor<4xi32>"

    def doubles(self, text, type):
        name = self.fresh()
        self.lines.append(f"  {name} = arith.constant dense<{text}> : {type}")
        return name, type

    def op(self, name, operands, types, attributes="", keywords=(), keep=True):
        """`keywords`: what is printed before each operand. Returns (name, type) of each result."""
        names = [self.fresh() for _ in types]
        keywords = list(keywords) + [""] * (len(operands) - len(keywords))
        text = ""
        for (operand, _), keyword in zip(operands, keywords):
            text += (f" {keyword} {operand}" if keyword else f", {operand}") if text else operand
        self.lines.append(f"  {', '.join(names)} = {name} {text} {{{attributes}}} : "
                          f"({', '.join(t for _, t in operands)}) -> ({', '.join(types)})")
        results = list(zip(names, types))
        if keep:
            self.keep(*results)
        return results

    def keep(self, *values):
        for value, type in values:
            if type.startswith("!intq.q"):
                shape, width, scales = CODES[type]
                codes = f"tensor<{dims(shape)}i{8 if width <= 8 else 16}>"
                names = self.fresh(), self.fresh()
                self.lines.append(f"  {names[0]}, {names[1]} = check.codes {value} : ({type}) -> "
                                  f"({codes}, {tensor(scales)})")
                self.results += zip(names, (codes, tensor(scales)))
            else:
                self.results.append((value, type))

    def text(self):
        types = ", ".join(t for _, t in self.results)
        return (f"func.func @{self.name}() -> ({types}) {{\n" + "\n".join(self.lines)
                + f"\n  return {', '.join(n for n, _ in self.results)} : {types}\n}}\n")


CODES = {}  # type → shape, width, shape of the scales


def qtype(shape, width, block, kind):
    entries = ", ".join("*" if b is None else str(b) for b in block)
    type = f"!intq.q<{dims(shape)[:-1]}, i{width}, [{entries}], {kind}>"
    CODES[type] = shape, width, [-(-n // (b or n)) for n, b in zip(shape, block)]
    return type


def quantize(f, x, type, fold=None, stochastic=False, keep=True):
    operands, keywords, attributes = [x], [""], f'site = "site{f.count}"'
    if fold:
        operands.append(fold)
        keywords.append("fold")
    if stochastic:
        operands.append(f.rng())
        keywords.append("rng")
        attributes += f', rounding = #intq<rounding stochastic>, stream = "s{f.count}"'
    return f.op("intq.quantize", operands, [type], attributes, keywords, keep)[0]


# Families -------------------------------------------------------------------------------------------

def float_ops(n):
    f = Function(f"elementwise_{n}")
    for left, right, out in (((3, n), (3, n), (3, n)), ((3, n), (n,), (3, n)), ((3, n), (3, 1), (3, n)),
                             ((1, n), (3, 1), (3, n)), ((2, 1, n), (1, 3, 1), (2, 3, n)), ((), (2, n), (2, n)),
                             ((2, 3, n), (2, 1, 1), (2, 3, n)), ((n, 1), (1, 5), (n, 5))):
        for name in ("add", "sub", "mul", "div"):
            f.op(f"nn.{name}", [f.floats(*left), f.floats(*right)], [tensor(out)])
    x, y = f.floats(3, n), f.floats(3, n)
    for form in ("none", "tanh"):
        f.op("nn.gelu", [x], [x[1]], f"approximate = #nn<gelu {form}>")
        f.op("nn.gelu_grad", [y, x], [x[1]], f"approximate = #nn<gelu {form}>")
    f.op("nn.scale", [x], [x[1]], "factor = 0.3 : f32")
    [t] = f.op("nn.tanh", [x], [x[1]])
    f.op("nn.tanh_grad", [y, t], [x[1]])
    [t] = f.op("nn.relu", [x], [x[1]])
    f.op("nn.relu_grad", [y, t], [x[1]])
    for shape in ((3, n), (9, 117, n)):
        x = f.floats(*shape)
        f.op("nn.dropout", [x, f.rng()], [x[1]], 'ratio = 0.3 : f32, stream = "d"')
    yield f


def layout_ops(n):
    f = Function(f"layout_{n}")
    shape = (2, 3, n)
    x, i = f.floats(*shape), f.ints(shape, -9, 9)
    for perm in itertools.permutations(range(3)):
        for value, element in ((x, "f32"), (i, "i32")):
            f.op("nn.transpose", [value], [tensor([shape[p] for p in perm], element)],
                 f"perm = array<i64: {', '.join(map(str, perm))}>")
    x = f.floats(2, n, 3, 5)
    f.op("nn.transpose", [x], [tensor((2, 3, n, 5))], "perm = array<i64: 0, 2, 1, 3>")
    f.op("nn.transpose", [x], [tensor((5, 2, 3, n))], "perm = array<i64: 3, 0, 2, 1>")
    wide = f.floats(4, n + 3)
    f.op("nn.slice", [wide], [tensor((2, n))], "offsets = array<i64: 1, 2>")
    f.op("nn.slice", [wide], [tensor((4, 1))], f"offsets = array<i64: 0, {n}>")
    f.op("nn.pad", [wide], [tensor((6, n + 20))], "offsets = array<i64: 1, 17>")
    f.op("nn.concat", [f.floats(3, n), f.floats(3, 2), f.floats(3, n)], [tensor((3, 2 * n + 2))], "axis = 1 : i64")
    f.op("nn.concat", [f.floats(3, n), f.floats(1, n)], [tensor((4, n))], "axis = 0 : i64")
    for source in ((n,), (3, 1), (1, n), (), (2, 1, n)):
        f.op("nn.broadcast", [f.floats(*source)], [tensor((2, 3, n))])
    for shape in ((3, n), (130, n), (300, n)):
        x = f.floats(*shape)
        f.op("nn.reduce_sum", [x], [tensor((n,))], "count = 1 : i64")
        f.op("nn.reduce_sum", [x], [tensor(shape[:1])], "count = 1 : i64, trailing")
    f.op("nn.reduce_sum", [x], [tensor(())], "count = 2 : i64, trailing")
    x = f.floats(2, 65, n)
    f.op("nn.bias_grad", [x], [tensor((n,))], 'site = "b"')
    yield f


def row_ops(n):
    f = Function(f"rows_{n}")
    x, y = f.floats(2, 3, 4, n), f.floats(2, 3, 4, n)
    [p] = f.op("nn.softmax", [x], [x[1]])
    f.op("nn.softmax", [x, f.ints((2, n), 0, 2)], [x[1]], keywords=("", "keep"))
    f.op("nn.softmax", [x, f.ints((2, n), 0, 1)], [x[1]], keywords=("", "keep"))
    f.op("nn.softmax_grad", [y, p], [x[1]])
    f.op("nn.mask_rows", [x, f.ints((2, 4), 0, 2)], [x[1]])
    x, y, w, b = f.floats(131, n), f.floats(131, n), f.floats(n), f.floats(n)
    column = tensor((131, 1))
    _, mean, rstd = f.op("nn.layer_norm", [x, w, b], [x[1], column, column], 'epsilon = 1.0e-5 : f32, site = "l"')
    f.op("nn.layer_norm_grad", [y, x, w, mean, rstd], [x[1], w[1], w[1]], 'epsilon = 1.0e-5 : f32, site = "l"')
    table, ids = f.floats(9, n), f.ints((3, 7), 0, 9)
    [e] = f.op("nn.embedding", [table, ids], [tensor((3, 7, n))], 'site = "e"')
    f.op("nn.embedding_grad", [e, ids], [table[1]], 'padding_idx = 2 : i64, site = "e"')
    ids = f.ints((3, n), 0, 4)
    f.op("nn.position_ids", [ids], [ids[1]], "padding_idx = 1 : i64")
    logits, labels = f.floats(5, n), f.ints((5,), 0, n)
    [loss] = f.op("nn.cross_entropy", [logits, labels], [tensor(())])
    f.op("nn.cross_entropy_grad", [loss, logits, labels], [logits[1]])
    a, c = f.floats(3, n), f.floats(3, n)
    [loss] = f.op("nn.mse", [a, c], [tensor(())])
    f.op("nn.mse_grad", [loss, a, c], [a[1]])
    yield f


def training_ops(n):
    f = Function(f"training_{n}")
    gradients = [f.floats(3, n), f.floats(41, n), f.floats(n)]
    _, clip = f.op("nn.clip_coefficient", gradients, [tensor(()), tensor(())], "max_norm = 1.0 : f64")
    betas = "beta1 = 0.9 : f64, beta2 = 0.999 : f64"
    for mode in ("torch", "ort"):
        lr, powers = f.doubles("1.0e-2", "tensor<f64>"), f.doubles("[0.9, 0.999]", "tensor<2xf64>")
        schedule, _ = f.op("nn.adamw_schedule", [lr, powers], [tensor((3,)), powers[1]],
                           f"{betas}, weight_decay = 0.01 : f64, mode = #nn<adam {mode}>")
        for g, clipped, decay in ((gradients[1], True, True), (gradients[0], False, False)):
            shape = (41, n) if clipped else (3, n)
            w, m, v = f.floats(*shape), f.floats(*shape), f.floats(*shape)
            [v] = f.op("nn.mul", [v, v], [v[1]], keep=False)
            f.op("nn.adamw", [w, m, v, g, schedule] + [clip] * clipped, [w[1]] * 3,
                 f"{betas}, epsilon = 1.0e-8 : f64, mode = #nn<adam {mode}>{', decay' if decay else ''}",
                 [""] * 5 + ["clip"] * clipped)
            moment_codes(f, shape, schedule, [clip] * clipped, mode, decay)
        moment_codes(f, (128, n), schedule, [], mode, False)  # from 130 columns on: several threads
    yield f


def moment_codes(f, shape, schedule, clip, mode, decay):
    """Three updates with moments as codes, so that the last starts from codes of all sizes."""
    count, w, g = math.prod(shape), f.floats(*shape), f.floats(*shape)
    blocks, moment = -(-count // 256), tensor(shape, "i8")
    zeros = f.dense([0] * count, "b", moment)
    state = [w, zeros, f.dense([0.0] * blocks, "f", tensor((blocks,))), zeros, f.ints((blocks,), 0, 1)]
    for step in range(3):
        state = f.op("intq.adamw", state + [g, schedule, f.rng()] + clip, [t for _, t in state],
                     f"beta1 = 0.9 : f64, beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam {mode}>"
                     f"{', decay' if decay else ''}, stream = \"m{step}\"",
                     ["", "", "scale", "", "base", "", "", "", "clip"], keep=step == 2)


def code_ops(n):
    f = Function(f"codes_{n}")
    x, row, column = f.floats(37, n), f.floats(37, 1), f.floats(1, n)
    plain, rows, columns = (None, False), (row, True), (column, True)
    every = ((1, None), (None, None), (7, 1), (None, 1))
    # Draws of 16 bits, of fewer, of more; rounding by powers of two.
    for width, kind, blocks, folds in ((8, "f32", every, (plain, rows, columns)), (16, "f32", every[:1], (columns,)),
                                       (14, "f32", every[::2], (rows,)), (4, "pow2", every[:3], (plain, rows))):
        for block in blocks:
            for fold, stochastic in folds:
                q = quantize(f, x, qtype((37, n), width, block, kind), fold, stochastic)
                if not stochastic:
                    f.op("intq.dequantize", [q], [x[1]])
                    f.op("intq.dropout", [q, f.rng()], [qtype((37, n), width, block, "f32")],
                         'ratio = 0.25 : f32, stream = "d"')
    yield f
    f = Function(f"batched_{n}")
    x = f.floats(3, 5, n)
    for block in ((1, 1, None), (1, None, 1), (None, None, None), (1, 16, 16)):
        for fold in (None, f.floats(3, 5, 1), f.floats(3, 1, n)):
            q = quantize(f, x, qtype((3, 5, n), 12, block, "f32"), fold, True)
        f.op("intq.dequantize", [q], [x[1]])
    yield f
    f = Function(f"blocks_{n}")
    x = f.floats(37, n)
    for width, block in ((8, (32, 32)), (8, (1, 32)), (8, (16, None)), (12, (5, 3))):
        for fold, stochastic in ((None, False), (f.floats(37, 1), True)):
            q = quantize(f, x, qtype((37, n), width, block, "pow2"), fold, stochastic)
        f.op("intq.dequantize", [q], [x[1]])
    yield f
    if n == 130:  # wide enough for several tasks a row of blocks
        f = Function("wide_blocks")
        x = f.floats(37, 512)
        for block in ((32, 32), (1, 32), (7, 1)):
            for stochastic in (False, True):
                q = quantize(f, x, qtype((37, 512), 8, block, "pow2"), None, stochastic)
        yield f
    f = Function(f"integer_layers_{n}")
    x, dy, w, b = f.floats(300, n), f.floats(300, n), f.floats(n), f.floats(n)
    for width, block, kind in ((16, (1, None), "f32"), (8, (None, None), "pow2")):
        q = quantize(f, x, qtype((300, n), width, block, kind), keep=False)
        _, rstd = f.op("intq.layer_norm", [q, w, b], [x[1], tensor((300, 1))], 'epsilon = 1.0e-5 : f32, site = "l"')
        a = quantize(f, dy, qtype((300, n), width, block, kind), w, True, keep=False)
        f.op("intq.layer_norm_input_grad", [a, q, rstd], [x[1]])
        h = quantize(f, dy, qtype((300, n), width, (256, 1) if kind == "f32" else block, kind), rstd, True, keep=False)
        f.op("intq.layer_norm_weight_grad", [h, q], [w[1]])
    f.op("intq.bias_grad", [a], [w[1]])
    ids = f.ints((3, 7), 0, 9)
    for block in ((1, None), (None, None)):
        table = quantize(f, f.floats(9, n), qtype((9, n), 8, block, "f32"), keep=False)
        f.op("intq.embedding", [table, ids], [tensor((3, 7, n))], 'site = "e"')
    dy = quantize(f, f.floats(3, 7, n), qtype((3, 7, n), 16, (None,) * 3, "f32"), None, True, keep=False)
    f.op("intq.embedding_grad", [dy, ids], [tensor((9, n))], "padding_idx = 4 : i64")
    # More rows than indices: the table is gathered before it is quantized.
    table = quantize(f, f.floats(30, n), qtype((30, n), 8, (1, None), "f32"), keep=False)
    f.op("intq.embedding", [table, ids], [tensor((3, 7, n))], 'site = "e"')
    yield f


FAMILIES = {"float": float_ops, "layout": layout_ops, "rows": row_ops, "codes": code_ops, "training": training_ops}
for length in LENGTHS if sys.argv[1] != "codes" else (1, 15, 17, 130):
    for function in FAMILIES[sys.argv[1]](length):
        print(function.text())
