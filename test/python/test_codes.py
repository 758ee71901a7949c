"""Ops on codes and random numbers against an independent NumPy model, bit for bit, on random,
boundary and adversarial data."""
import itertools

import numerics_model as model
import numpy as np
import pytest
from numerics_data import KINDS, RNG, RNG_WORDS, codes_type, equal, matrix, qtype
from numerics_model import F
from reference_run import tensor_type

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


def blocked_product(a, b, along):
    """a, b: codes and the scale of each element, [rows, k]."""
    (ca, sa), (cb, sb) = a, b
    out, blocks = np.zeros((len(ca), len(cb)), F), range(0, ca.shape[1], along)
    for k in blocks:
        sums = model.to_f32(ca[:, k:k + along] @ cb[:, k:k + along].T)
        factor = sa[:, k, None] * sb[None, :, k]
        out = sums * factor if len(blocks) == 1 else model.fma(sums, factor, out)
    return out


@pytest.mark.parametrize("along, across", [(32, 32), (32, 1), (64, 64)], ids=["tiles", "rows", "large tiles"])
@pytest.mark.parametrize("size", [1, 31, 32, 33, 130])
def test_integer_matmul_of_blocks(run, along, across, size):
    """Blocks along the contraction of both operands, in the layouts of all three products of a linear layer."""
    rng = np.random.default_rng(size)
    m, n, k = 35, 33, size
    body, inputs, results, expected = "", {}, {}, []
    for name, (ta, tb) in {"nt": (False, True), "nn": (False, False), "tn": (True, False)}.items():
        operands, types = [], []
        for letter, rows, k_last in (("a", m, not ta), ("b", n, tb)):
            x = matrix(rng, "outlier", (rows, k) if k_last else (k, rows))
            block = (across, along) if k_last else (along, across)
            codes, scales = model.quantize(x, 8, block, "pow2")
            index, _ = model.block_index(x.shape, block)
            parts = codes, scales.reshape(-1)[index]
            operands.append(parts if k_last else [part.T for part in parts])
            types.append(qtype(x.shape, 8, block, "pow2"))
            inputs[letter + name] = x
            body += f"""
  %q{letter}{name} = intq.quantize %{letter}{name} {{site = "x"}} : ({tensor_type(x)}) -> {types[-1]}"""
        flags = "transpose_a, " * ta + "transpose_b, " * tb
        body += f"""
  %{name} = intq.matmul %qa{name}, %qb{name} {{{flags}site = "w"}} : ({', '.join(types)}) -> tensor<{m}x{n}xf32>"""
        results[name] = f"tensor<{m}x{n}xf32>"
        expected.append(blocked_product(*operands, along))
    for actual, wanted in zip(run(body, inputs, results), expected, strict=True):
        equal(actual, wanted)


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
