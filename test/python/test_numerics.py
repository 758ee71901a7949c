"""The interpreter against an independent NumPy model, bit for bit, on random, boundary and
adversarial data."""
import itertools

import numerics_model as model
import numpy as np
import pytest
from numerics_model import F
from reference_run import tensor_type

RNG = np.array([12345, -7, 3, 2], np.int32)
RNG_WORDS = [int(w) & 0xffffffff for w in RNG]


def equal(actual, expected):
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    if actual.dtype == np.float32:
        expected = expected.astype(np.float32)
        same = (actual.view(np.uint32) == expected.view(np.uint32)) | (np.isnan(actual) & np.isnan(expected))
    else:
        same = actual == expected
    wrong = np.argwhere(~same)
    assert not len(wrong), (f"{len(wrong)} of {same.size} differ, first at {wrong[0]}: "
                            f"got {actual[tuple(wrong[0])]!r}, expected {expected[tuple(wrong[0])]!r}")


def special_values(rng):
    """Random bits of every exponent, special values, and ordinary numbers."""
    patterns = rng.integers(0, 2**32, 3000, dtype=np.uint64).astype(np.uint32)
    special = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 0.5, 1e-45, -1e-45, 1.1754944e-38, 3.4e38, -3.4e38,
                        88.7, 89, -87.4, -103.9, -104.1, 9.1, -14.2, -14.6, 0.70710677, 1.4142135], F)
    return np.concatenate([patterns.view(F), special, rng.normal(0, 3, 3000).astype(F),
                           rng.uniform(-1.1, 1.1, 1000).astype(F)])


def matrix(rng, kind, shape):
    """Data of one character, as named."""
    x = rng.normal(0, 1, shape).astype(F)
    if kind == "zeros":
        x[:] = 0
    elif kind == "amax":  # every element is the largest magnitude
        x = (np.sign(x) * F(0.37)).astype(F)
    elif kind == "outlier":
        x[tuple(n // 2 for n in shape)] = F(1e4)
    elif kind == "subnormal":
        x = (x * F(1e-39)).astype(F)
    elif kind == "huge":
        x = (x * F(5e37)).astype(F)
    elif kind == "ties":  # with amax 127 and 8 bits, half the codes are ties
        x = (rng.integers(-254, 255, shape) / 2).astype(F)
        x.reshape(-1)[0] = 127
    elif kind == "nonfinite":
        x.reshape(-1)[x.size // 3] = np.nan
        x.reshape(-1)[-1] = -np.inf
    return x


KINDS = ["random", "zeros", "amax", "outlier", "subnormal", "huge", "ties", "nonfinite"]


def qtype(shape, width, block, kind):
    entries = ", ".join("*" if b is None else str(b) for b in block)
    return f"!intq.q<{'x'.join(map(str, shape))}, i{width}, [{entries}], {kind}>"


def codes_type(shape, width):
    return f"tensor<{'x'.join(map(str, shape))}xi{8 if width <= 8 else 16}>"


# Functions -------------------------------------------------------------------------------

@pytest.mark.parametrize("op, function", [("tanh", model.tanh), ("gelu", model.gelu)])
def test_unary(run, op, function):
    x = special_values(np.random.default_rng(1))
    [y] = run(f"  %y = nn.{op} %x : ({tensor_type(x)}) -> {tensor_type(x)}", {"x": x}, {"y": tensor_type(x)})
    equal(y, function(x))


def test_gelu_tanh(run):
    x = special_values(np.random.default_rng(2))
    t = tensor_type(x)
    [y] = run(f"  %y = nn.gelu %x {{approximate = #nn<gelu tanh>}} : ({t}) -> {t}", {"x": x}, {"y": t})
    equal(y, model.gelu_tanh(x))


@pytest.mark.parametrize("op, function", [("gelu_grad", model.gelu_grad), ("tanh_grad", None),
                                          ("gelu_grad tanh", model.gelu_tanh_grad)])
def test_unary_gradients(run, op, function):
    rng = np.random.default_rng(3)
    x = special_values(rng)
    dy = rng.permutation(x)
    t = tensor_type(x)
    name, _, tanh = op.partition(" ")
    attr = " {approximate = #nn<gelu tanh>}" if tanh else ""
    [dx] = run(f"  %dx = nn.{name} %dy, %x{attr} : ({t}, {t}) -> {t}", {"x": x, "dy": dy}, {"dx": t})
    equal(dx, function(dy, x) if function else dy * model.fma(-x, x, F(1)))


@pytest.mark.parametrize("columns", [1, 15, 16, 17, 100, 513])
def test_softmax(run, columns):
    rng = np.random.default_rng(columns)
    x = rng.normal(0, 4, (2, 3, 5, columns)).astype(F)
    keep = rng.integers(0, 2, (2, columns)).astype(np.int32)
    keep[1] = 0  # rows without a kept key
    dy = rng.normal(0, 1, x.shape).astype(F)
    t = tensor_type(x)
    y, masked, dx = run(f"""
  %y = nn.softmax %x : ({t}) -> {t}
  %masked = nn.softmax %x keep %keep : ({t}, {tensor_type(keep)}) -> {t}
  %dx = nn.softmax_grad %dy, %y : ({t}, {t}) -> {t}""",
                        {"x": x, "keep": keep, "dy": dy}, {"y": t, "masked": t, "dx": t})
    equal(y, model.softmax(x))
    equal(masked, model.softmax(x, keep[:, None, None, :] != 0))
    expected = model.softmax(x)
    equal(dx, expected * (dy - model.sum_lanes(dy * expected)[..., None]))


@pytest.mark.parametrize("rows, classes", [(1, 2), (7, 3), (40, 17), (33, 1)])
def test_cross_entropy(run, rows, classes):
    rng = np.random.default_rng(rows)
    x = rng.normal(0, 5, (rows, classes)).astype(F)
    labels = rng.integers(0, classes, rows).astype(np.int32)
    labels[rows // 2:] = np.where(rng.random(rows - rows // 2) < 0.4, -100, labels[rows // 2:])
    dloss = np.array(0.75, F)
    t, lt = tensor_type(x), tensor_type(labels)
    loss, dx = run(f"""
  %loss = nn.cross_entropy %x, %labels : ({t}, {lt}) -> tensor<f32>
  %dx = nn.cross_entropy_grad %dloss, %x, %labels : (tensor<f32>, {t}, {lt}) -> {t}""",
                   {"x": x, "labels": labels, "dloss": dloss}, {"loss": "tensor<f32>", "dx": t})
    counts = labels != -100
    largest = x.max(1)
    lse = largest + model.log(model.sum_lanes(model.exp(x - largest[:, None])))
    picked = x[np.arange(rows), np.where(counts, labels, 0)]
    terms = np.where(counts, lse - picked, F(0)).astype(F)
    equal(loss, model.sum_lanes(terms) / F(counts.sum()) if counts.any() else F(0))
    onehot = (np.arange(classes) == labels[:, None]).astype(F)
    grad = ((model.softmax(x) - onehot) * (F(1) / F(counts.sum()))) * dloss
    equal(dx, np.where(counts[:, None], grad, F(0)))


def test_cross_entropy_without_labels(run):
    x, labels = np.ones((3, 4), F), np.full(3, -100, np.int32)
    t, lt = tensor_type(x), tensor_type(labels)
    loss, dx = run(f"""
  %loss = nn.cross_entropy %x, %labels : ({t}, {lt}) -> tensor<f32>
  %dx = nn.cross_entropy_grad %loss, %x, %labels : (tensor<f32>, {t}, {lt}) -> {t}""",
                   {"x": x, "labels": labels}, {"loss": "tensor<f32>", "dx": t})
    equal(loss, F(0))
    equal(dx, np.zeros_like(x))


def test_mse(run):
    rng = np.random.default_rng(0)
    p, t = rng.normal(size=(7, 19)).astype(F), rng.normal(size=(7, 19)).astype(F)
    dloss = np.array(-1.5, F)
    ty = tensor_type(p)
    loss, dp = run(f"""
  %loss = nn.mse %p, %t : ({ty}, {ty}) -> tensor<f32>
  %dp = nn.mse_grad %dloss, %p, %t : (tensor<f32>, {ty}, {ty}) -> {ty}""",
                   {"p": p, "t": t, "dloss": dloss}, {"loss": "tensor<f32>", "dp": ty})
    d = p - t
    equal(loss, model.sum_lanes((d * d).reshape(-1)) / F(d.size))
    equal(dp, (d * (F(2) / F(d.size))) * dloss)


# Sums, float products ----------------------------------------------------------------------

@pytest.mark.parametrize("shape", [(1, 1), (127, 3), (128, 3), (129, 3), (300, 17), (3, 511)])
def test_reduce_sum(run, shape):
    x = np.random.default_rng(5).normal(size=shape).astype(F)
    a, b = shape
    lead, trail, bias = run(f"""
  %lead = nn.reduce_sum %x {{count = 1 : i64}} : ({tensor_type(x)}) -> tensor<{b}xf32>
  %trail = nn.reduce_sum %x {{count = 1 : i64, trailing}} : ({tensor_type(x)}) -> tensor<{a}xf32>
  %bias = nn.bias_grad %x {{site = "w"}} : ({tensor_type(x)}) -> tensor<{b}xf32>""",
                      {"x": x}, {"lead": f"tensor<{b}xf32>", "trail": f"tensor<{a}xf32>", "bias": f"tensor<{b}xf32>"})
    equal(lead, model.sum_rows(x))
    equal(trail, model.sum_lanes(x))
    equal(bias, model.sum_rows(x))


@pytest.mark.parametrize("m, k, n", [(1, 1, 1), (5, 255, 3), (4, 256, 7), (3, 257, 2), (2, 600, 5)])
def test_float_linear(run, m, k, n):
    rng = np.random.default_rng(m * k)
    x, w, b = (rng.normal(size=s).astype(F) for s in ((m, k), (n, k), (n,)))
    dy = rng.normal(size=(m, n)).astype(F)
    X, W, B, Y = map(tensor_type, (x, w, b, dy))
    y, dx, dw, tt = run(f"""
  %y = nn.linear %x, %w bias %b {{site = "w"}} : ({X}, {W}, {B}) -> {Y}
  %dx = nn.linear_input_grad %dy, %w {{site = "w"}} : ({Y}, {W}) -> {X}
  %dw = nn.linear_weight_grad %dy, %x {{site = "w"}} : ({Y}, {X}) -> {W}
  %tt = nn.matmul %x, %dy {{transpose_a, site = "w"}} : ({X}, {Y}) -> tensor<{k}x{n}xf32>""",
                        {"x": x, "w": w, "b": b, "dy": dy}, {"y": Y, "dx": X, "dw": W, "tt": f"tensor<{k}x{n}xf32>"})
    equal(y, model.float_matmul(x, w.T) + b)
    equal(dx, model.float_matmul(dy, w))
    equal(dw, model.float_matmul(dy.T, x))
    equal(tt, model.float_matmul(x.T, dy))


@pytest.mark.parametrize("rows, n", [(1, 1), (3, 16), (130, 33)])
def test_float_layer_norm(run, rows, n):
    rng = np.random.default_rng(n)
    x, dy = rng.normal(2, 3, (rows, n)).astype(F), rng.normal(size=(rows, n)).astype(F)
    w, b = rng.normal(size=n).astype(F), rng.normal(size=n).astype(F)
    X, V, R = tensor_type(x), tensor_type(w), f"tensor<{rows}x1xf32>"
    y, mean, rstd, dx, dw, db = run(f"""
  %y, %mean, %rstd = nn.layer_norm %x, %w, %b {{epsilon = 1.0e-5 : f32, site = "w"}} : ({X}, {V}, {V}) -> ({X}, {R}, {R})
  %dx, %dw, %db = nn.layer_norm_grad %dy, %x, %w, %mean, %rstd {{epsilon = 1.0e-5 : f32, site = "w"}}
    : ({X}, {X}, {V}, {R}, {R}) -> ({X}, {V}, {V})""",
                                    {"x": x, "dy": dy, "w": w, "b": b},
                                    {"y": X, "mean": R, "rstd": R, "dx": X, "dw": V, "db": V})
    count = F(n)
    mu = (model.sum_lanes(x) / count)[:, None]
    d = x - mu
    r = (F(1) / np.sqrt(model.sum_lanes(d * d) / count + F(1e-5)))[:, None]
    equal(mean, mu)
    equal(rstd, r)
    equal(y, model.fma(d * r, w, b))
    xh, gh = d * r, dy * w
    m1, m2 = (model.sum_lanes(gh) / count)[:, None], (model.sum_lanes(gh * xh) / count)[:, None]
    equal(dx, r * model.fma(-xh, m2, gh - m1))
    equal(dw, model.sum_rows(dy * xh))
    equal(db, model.sum_rows(dy))


# Codes ----------------------------------------------------------------------------------------

BLOCKS = {
    "in use": [((6, 37), (1, None)), ((6, 37), (None, None)), ((300, 5), (256, 1)),
               ((2, 3, 5, 9), (1, 1, 1, None)), ((2, 3, 5, 9), (1, 1, None, 1)), ((100,), (None,))],
    "any": [((33, 70), (32, 32)), ((4, 70), (1, 32)), ((2, 3, 5, 9), (2, 1, 3, 4)), ((100,), (32,))]}


@pytest.mark.parametrize("width", [2, 4, 8, 12, 16])
@pytest.mark.parametrize("blocks", BLOCKS)
def test_quantize(run, width, blocks):
    rng = np.random.default_rng(width)
    body, inputs, results, expected = "", {"rng": RNG}, {}, []
    cases = itertools.product(KINDS, BLOCKS[blocks], ("f32", "pow2"))
    for i, (kind, (shape, block), scale) in enumerate(cases):
        x = matrix(rng, kind, shape)
        q, X = qtype(shape, width, block, scale), tensor_type(x)
        codes, scales = model.quantize(x, width, block, scale)
        random_codes, _ = model.quantize(x, width, block, scale, RNG_WORDS, "some/stream")
        C, S = codes_type(shape, width), tensor_type(scales)
        body += f"""
  %near{i} = intq.quantize %x{i} {{site = "x"}} : ({X}) -> {q}
  %c{i}, %s{i} = check.codes %near{i} : ({q}) -> ({C}, {S})
  %d{i} = intq.dequantize %near{i} : ({q}) -> {X}
  %random{i} = intq.quantize %x{i} rng %rng {{rounding = #intq<rounding stochastic>, stream = "some/stream", site = "x"}}
    : ({X}, tensor<4xi32>) -> {q}
  %rc{i}, %rs{i} = check.codes %random{i} : ({q}) -> ({C}, {S})"""
        inputs[f"x{i}"] = x
        results |= {f"c{i}": C, f"s{i}": S, f"d{i}": X, f"rc{i}": C, f"rs{i}": S}
        expected += [codes, scales, model.decode(codes, scales, block), random_codes, scales]
    for actual, wanted in zip(run(body, inputs, results), expected, strict=True):
        equal(actual, wanted)


def test_quantize_folds(run):
    rng = np.random.default_rng(0)
    x, fold = rng.normal(size=(7, 20)).astype(F), rng.normal(size=(7, 1)).astype(F)
    q = qtype(x.shape, 8, (1, None), "f32")
    codes, scales = run(f"""
  %q = intq.quantize %x fold %fold {{site = "x"}} : ({tensor_type(x)}, {tensor_type(fold)}) -> {q}
  %c, %s = check.codes %q : ({q}) -> (tensor<7x20xi8>, tensor<7x1xf32>)""",
                        {"x": x, "fold": fold}, {"c": "tensor<7x20xi8>", "s": "tensor<7x1xf32>"})
    expected = model.quantize(x * fold, 8, (1, None))
    equal(codes, expected[0])
    equal(scales, expected[1])


@pytest.mark.parametrize("width, k", [(8, 1), (8, 700), (12, 1100), (16, 130)])
@pytest.mark.parametrize("kind", ["random", "amax", "outlier", "nonfinite"])
def test_integer_matmul(run, width, k, kind):
    """Rows outside the contraction, blocks of 256 along it, one scale a tensor; the layouts of all
    three products of a linear layer."""
    rng = np.random.default_rng(k)
    m, n = 5, 4
    x, w, bias = matrix(rng, kind, (m, k)), matrix(rng, "random", (n, k)), rng.normal(size=n).astype(F)
    row, column = (1, None), (256, 1)
    g = matrix(rng, "random", (k, n))  # [tokens, features] with the tokens contracted
    h = matrix(rng, "random", (k, m))
    X, W, G = qtype((m, k), width, row, "f32"), qtype((n, k), width, row, "f32"), qtype((k, n), width, column, "f32")
    T, U = qtype((k, m), width, (None, None), "pow2"), qtype((k, m), width, (None, None), "unit")
    # One matrix for U with a single block, one for the blocks of G with a unit partner.
    y, yb, dw, tensor = run(f"""
  %qx = intq.quantize %x {{site = "x"}} : ({tensor_type(x)}) -> {X}
  %qw = intq.quantize %w {{site = "w"}} : ({tensor_type(w)}) -> {W}
  %y = intq.matmul %qx, %qw {{transpose_b, site = "w"}} : ({X}, {W}) -> tensor<{m}x{n}xf32>
  %yb = intq.matmul %qx, %qw bias %bias {{transpose_b, site = "w"}} : ({X}, {W}, tensor<{n}xf32>) -> tensor<{m}x{n}xf32>
  %qg = intq.quantize %g {{site = "g"}} : ({tensor_type(g)}) -> {G}
  %qh = intq.quantize %h {{site = "h"}} : ({tensor_type(h)}) -> {T}
  %u, %us = intq.unscale %qh : ({T}) -> ({U}, tensor<1x1xf32>)
  %dw = intq.matmul %qg, %u {{transpose_a, site = "w"}} : ({G}, {U}) -> tensor<{n}x{m}xf32>
  %qxt = intq.quantize %h {{site = "h"}} : ({tensor_type(h)}) -> {T}
  %tensor = intq.matmul %qh, %qxt {{transpose_a, site = "w"}} : ({T}, {T}) -> tensor<{m}x{m}xf32>""",
                          {"x": x, "w": w, "bias": bias, "g": g, "h": h},
                          {"y": f"tensor<{m}x{n}xf32>", "yb": f"tensor<{m}x{n}xf32>", "dw": f"tensor<{n}x{m}xf32>",
                           "tensor": f"tensor<{m}x{m}xf32>"})
    (cx, sx), (cw, sw) = model.quantize(x, width, row), model.quantize(w, width, row)
    expected = model.to_f32(cx @ cw.T) * (sx * sw.T)
    equal(y, expected)
    equal(yb, expected + bias)
    (cg, sg), (ch, sh) = model.quantize(g, width, column), model.quantize(h, width, (None, None), "pow2")
    if k <= 256:
        expected = model.to_f32(cg.T @ ch) * sg.T
    else:
        expected = np.zeros((n, m), F)
        for c in range(len(sg)):
            part = slice(256 * c, 256 * c + 256)
            expected = model.fma(model.to_f32(cg[part].T @ ch[part]), sg[c][:, None], expected)
    equal(dw, expected)
    equal(tensor, model.to_f32(ch.T @ ch) * (sh * sh))


def test_batched_integer_matmul(run):
    """Attention's layouts: rank 4, V with one scale a column."""
    rng = np.random.default_rng(8)
    b, h, s, d = 2, 3, 20, 9
    p, v = np.abs(matrix(rng, "random", (b, h, s, s))), matrix(rng, "random", (b, h, s, d))
    P, V = qtype(p.shape, 12, (1, 1, 1, None), "f32"), qtype(v.shape, 12, (1, 1, None, 1), "f32")
    ratio = 0.25
    [out] = run(f"""
  %qp = intq.quantize %p {{site = "p"}} : ({tensor_type(p)}) -> {P}
  %dropped = intq.dropout %qp, %rng {{ratio = {ratio} : f32, stream = "p/dropout"}} : ({P}, tensor<4xi32>) -> {P}
  %qv = intq.quantize %v {{site = "v"}} : ({tensor_type(v)}) -> {V}
  %out = intq.matmul %dropped, %qv {{site = "pv"}} : ({P}, {V}) -> {tensor_type(v)}""",
                {"p": p, "v": v, "rng": RNG}, {"out": tensor_type(v)})
    cp, sp = model.quantize(p, 12, (1, 1, 1, None))
    cv, sv = model.quantize(v, 12, (1, 1, None, 1))
    kept, factor = model.keep_mask(p.shape, RNG_WORDS, "p/dropout", ratio)
    sums = np.where(kept, cp, 0) @ cv
    equal(out, model.to_f32(sums) * ((sp * factor) * sv))


@pytest.mark.parametrize("kind", ["random", "outlier", "zeros", "amax", "nonfinite"])
@pytest.mark.parametrize("block, scale, width", [((1, None), "f32", 16), ((None, None), "pow2", 12), ((1, None), "f32", 8)])
def test_integer_layer_norm(run, kind, block, scale, width):
    rng = np.random.default_rng(width)
    M, n, eps = 300, 48, 1.0e-12
    x, dy = matrix(rng, kind, (M, n)), matrix(rng, "random", (M, n))
    w, b = rng.normal(size=n).astype(F), rng.normal(size=n).astype(F)
    column = (256, 1) if block[0] == 1 else (None, None)
    X, Q, V = tensor_type(x), qtype((M, n), width, block, scale), tensor_type(w)
    H = qtype((M, n), width, column, scale)
    stochastic = "rounding = #intq<rounding stochastic>"
    y, rstd, dx, dw = run(f"""
  %qx = intq.quantize %x {{site = "x"}} : ({X}) -> {Q}
  %y, %rstd = intq.layer_norm %qx, %w, %b {{epsilon = {eps:.1e} : f32, site = "w"}} : ({Q}, {V}, {V}) -> ({X}, tensor<{M}x1xf32>)
  %a = intq.quantize %dy fold %w rng %rng {{{stochastic}, stream = "a", site = "a"}} : ({X}, {V}, tensor<4xi32>) -> {Q}
  %dx = intq.layer_norm_input_grad %a, %qx, %rstd : ({Q}, {Q}, tensor<{M}x1xf32>) -> {X}
  %h = intq.quantize %dy fold %rstd rng %rng {{{stochastic}, stream = "h", site = "h"}}
    : ({X}, tensor<{M}x1xf32>, tensor<4xi32>) -> {H}
  %dw = intq.layer_norm_weight_grad %h, %qx : ({H}, {Q}) -> {V}""",
                          {"x": x, "dy": dy, "w": w, "b": b, "rng": RNG},
                          {"y": X, "rstd": f"tensor<{M}x1xf32>", "dx": X, "dw": V})
    q, s = model.quantize(x, width, block, scale)
    s = np.broadcast_to(s, (M, 1))
    expected, r = model.layer_norm_codes(q, s, w, b, eps)
    equal(rstd, r)
    equal(y, expected)
    a, sa = model.quantize(dy * w, width, block, scale, RNG_WORDS, "a")
    equal(dx, model.layer_norm_input_grad(a, np.broadcast_to(sa, (M, 1)), q, s, r))
    h, sh = model.quantize(dy * r, width, column, scale, RNG_WORDS, "h")
    c = n * q - q.sum(1, keepdims=True)
    total = np.zeros(n, F)
    for i, rows in enumerate(range(0, M, column[0] or M)):
        part = slice(rows, rows + (column[0] or M))
        total = model.fma(model.to_f32((h[part] * c[part]).sum(0)), sh[i], total)
    equal(dw, total)


def test_integer_embedding(run):
    rng = np.random.default_rng(4)
    V, H = 11, 24
    table, dy = rng.normal(size=(V, H)).astype(F), rng.normal(size=(3, 50, H)).astype(F)
    ids = rng.integers(0, 4, (3, 50)).astype(np.int32)  # many duplicates
    T, D = qtype((V, H), 8, (1, None), "f32"), qtype(dy.shape, 16, (None,) * 3, "f32")
    out, dt, db = run(f"""
  %qt = intq.quantize %table {{site = "t"}} : ({tensor_type(table)}) -> {T}
  %out = intq.embedding %qt, %ids {{site = "t"}} : ({T}, {tensor_type(ids)}) -> {tensor_type(dy)}
  %qd = intq.quantize %dy rng %rng {{rounding = #intq<rounding stochastic>, stream = "d", site = "t"}}
    : ({tensor_type(dy)}, tensor<4xi32>) -> {D}
  %dt = intq.embedding_grad %qd, %ids {{padding_idx = 2 : i64}} : ({D}, {tensor_type(ids)}) -> {tensor_type(table)}
  %flat = intq.reshape %qd : ({D}) -> {qtype((150, H), 16, (None, None), "f32")}
  %db = intq.bias_grad %flat : ({qtype((150, H), 16, (None, None), "f32")}) -> tensor<{H}xf32>""",
                      {"table": table, "ids": ids, "dy": dy, "rng": RNG},
                      {"out": tensor_type(dy), "dt": tensor_type(table), "db": f"tensor<{H}xf32>"})
    codes, scales = model.quantize(table, 8, (1, None))
    equal(out, model.to_f32(codes[ids]) * scales[ids])
    g, s = model.quantize(dy, 16, (None,) * 3, "f32", RNG_WORDS, "d")
    sums = np.zeros((V, H), np.int64)
    np.add.at(sums, ids.reshape(-1), g.reshape(-1, H))
    sums[2] = 0
    equal(dt, model.to_f32(sums) * s.reshape(()))
    equal(db, model.to_f32(g.reshape(-1, H).sum(0)) * s.reshape(()))


def test_dropout(run):
    x = np.random.default_rng(6).normal(size=(13, 77)).astype(F)
    for ratio in (0.0, 0.1, 0.5, 0.99999):
        [y] = run(f"""
  %y = nn.dropout %x, %rng {{ratio = {ratio} : f32, stream = "layer/dropout"}} : ({tensor_type(x)}, tensor<4xi32>) -> {tensor_type(x)}""",
                  {"x": x, "rng": RNG}, {"y": tensor_type(x)})
        kept, factor = model.keep_mask(x.shape, RNG_WORDS, "layer/dropout", ratio)
        equal(y, np.where(kept, x * factor, F(0)))


# Optimizer --------------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", ["torch", "ort"])
@pytest.mark.parametrize("decay", [True, False])
def test_adamw(run, mode, decay):
    rng = np.random.default_rng(9)
    w, m1, g = (rng.normal(size=(3, 40)).astype(F) for _ in range(3))
    m2, g2 = np.abs(rng.normal(size=(3, 40))).astype(F), rng.normal(size=(5000,)).astype(F)
    lr, powers = np.array(3e-4), np.array([0.9**4, 0.999**4])
    T = tensor_type(w)
    out = run(f"""
  %schedule, %new = nn.adamw_schedule %lr, %powers {{beta1 = 0.9 : f64, beta2 = 0.999 : f64, weight_decay = 0.01 : f64,
    mode = #nn<adam {mode}>}} : (tensor<f64>, tensor<2xf64>) -> (tensor<3xf32>, tensor<2xf64>)
  %norm, %c = nn.clip_coefficient %g, %g2 {{max_norm = 1.0 : f64}} : ({T}, {tensor_type(g2)}) -> (tensor<f32>, tensor<f32>)
  %w1, %m11, %m21 = nn.adamw %w, %m1, %m2, %g, %schedule clip %c {{beta1 = 0.9 : f64, beta2 = 0.999 : f64,
    epsilon = 1.0e-8 : f64, mode = #nn<adam {mode}>{", decay" if decay else ""}}}
    : ({T}, {T}, {T}, {T}, tensor<3xf32>, tensor<f32>) -> ({T}, {T}, {T})""",
              {"w": w, "m1": m1, "m2": m2, "g": g, "g2": g2, "lr": lr, "powers": powers},
              {"schedule": "tensor<3xf32>", "new": "tensor<2xf64>", "norm": "tensor<f32>", "c": "tensor<f32>",
               "w1": T, "m11": T, "m21": T})
    p1, p2 = powers[0] * 0.9, powers[1] * 0.999
    c1, root = 1 - p1, np.sqrt(1 - p2)
    if mode == "torch":
        schedule = [-F(lr / c1), F(root), F(1 - lr * 0.01)]
    else:
        schedule = [-F(lr * root / c1), F(1), -F(lr * 0.01)]
    equal(out[0], np.array(schedule, F))
    equal(out[1], np.array([p1, p2]))
    square = lambda x: model.sum_chunked(x.reshape(-1).astype(np.float64) ** 2)
    norm = np.sqrt(square(g) + square(g2))
    coefficient = F(min(1.0, 1.0 / (norm + 1e-6)))
    equal(out[2], F(norm))
    equal(out[3], coefficient)
    gradient = g * coefficient
    first = model.fma(F(0.9), m1, F(1 - 0.9) * gradient)
    second = model.fma(F(0.999), m2, (F(1 - 0.999) * gradient) * gradient)
    size, scale, rate = schedule
    v = np.sqrt(second)
    if mode == "torch":
        new = model.fma(size, first / (v / scale + F(1e-8)), w * rate if decay else w)
    else:
        new = model.fma(size, first / (v + F(1e-8)), w)
        new = model.fma(rate, new, new) if decay else new
    equal(out[4], new)
    equal(out[5], first)
    equal(out[6], second)
