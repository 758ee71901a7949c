"""Float ops against an independent NumPy model, bit for bit, on random, boundary and adversarial
data."""
import numerics_model as model
import numpy as np
import pytest
from numerics_data import KINDS, RNG, RNG_WORDS, equal, matrix, special_values
from numerics_model import F
from reference_run import tensor_type

# Functions -------------------------------------------------------------------------------

@pytest.mark.parametrize("op, function", [("tanh", model.tanh), ("gelu", model.gelu)])
def test_unary(run, op, function):
    x = special_values(np.random.default_rng(1))
    [y] = run(f"  %y = nn.{op} %x : ({tensor_type(x)}) -> {tensor_type(x)}", {"x": x}, {"y": tensor_type(x)})
    equal(y, function(x))


def test_relu(run):
    rng = np.random.default_rng(4)
    x = special_values(rng)
    dy, t = rng.permutation(x), tensor_type(x)
    y, dx = run(f"  %y = nn.relu %x : ({t}) -> {t}\n  %dx = nn.relu_grad %dy, %x : ({t}, {t}) -> {t}", {"x": x, "dy": dy},
                {"y": t, "dx": t})
    equal(y, np.where(x <= 0, F(0), x))
    equal(dx, np.where(x > 0, dy, F(0)))


@pytest.mark.parametrize("tokens", [1, 15, 16, 17, 100])
def test_position_ids(run, tokens):
    ids = np.random.default_rng(tokens).integers(0, 4, (5, tokens)).astype(np.int32)
    t = tensor_type(ids)
    [got] = run(f"  %p = nn.position_ids %ids {{padding_idx = 2 : i64}} : ({t}) -> {t}", {"ids": ids}, {"p": t})
    kept = ids != 2
    np.testing.assert_array_equal(got, np.cumsum(kept, axis=1) * kept + 2)


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


# Optimizer --------------------------------------------------------------------------------------

def updated(w, first, second, schedule, mode, decay):
    size, scale, rate = schedule
    v = np.sqrt(second)
    if mode == "torch":
        return model.fma(size, first / (v / scale + F(1e-8)), w * rate if decay else w)
    new = model.fma(size, first / (v + F(1e-8)), w)
    return model.fma(rate, new, new) if decay else new


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
    new = updated(w, first, second, schedule, mode, decay)
    equal(out[4], new)
    equal(out[5], first)
    equal(out[6], second)


@pytest.mark.parametrize("shape", [(1,), (3, 40), (2, 128), (257,), (5, 300)])
@pytest.mark.parametrize("kind", KINDS)
def test_adamw_on_codes(run, shape, kind):
    """From codes of every kind to codes: values, the update, and both encoders."""
    data = np.random.default_rng(11)
    count = int(np.prod(shape))
    blocks = -(-count // 256)
    w, g = matrix(data, "random", shape), matrix(data, kind, shape)
    m, v = (data.integers(-127, 128, shape).astype(np.int8) for _ in range(2))
    scales, bases = np.abs(data.normal(size=blocks)).astype(F), data.integers(700, 800, blocks).astype(np.int32)
    schedule = np.array([-1e-3, 0.5, 0.99], F)
    types = [tensor_type(x) for x in (w, m, scales, v, bases)]
    state = ", ".join(types)
    out = run(f"""
  %w1, %m1, %s1, %v1, %b1 = intq.adamw %w, %m scale %scales, %v base %bases, %g, %schedule, %rng {{beta1 = 0.9 : f64,
    beta2 = 0.999 : f64, epsilon = 1.0e-8 : f64, mode = #nn<adam torch>, decay, stream = "w/moments"}}
    : ({state}, {tensor_type(g)}, tensor<3xf32>, tensor<4xi32>) -> ({state})""",
              {"w": w, "m": m, "scales": scales, "v": v, "bases": bases, "g": g, "schedule": schedule, "rng": RNG},
              dict(zip(("w1", "m1", "s1", "v1", "b1"), types)))
    first, second = model.moment_values(m.reshape(-1), scales, v.reshape(-1), bases)
    flat = g.reshape(-1)
    first = model.fma(F(0.9), first, F(1 - 0.9) * flat)
    second = model.fma(F(0.999), second, (F(1 - 0.999) * flat) * flat)
    equal(out[0], updated(w.reshape(-1), first, second, schedule, "torch", True).reshape(shape))
    codes1, scale, codes2, base = model.moment_codes(first, second, RNG_WORDS, "w/moments")
    equal(out[1], codes1.reshape(shape))
    equal(out[2], scale)
    equal(out[3].view(np.uint8), codes2.reshape(shape))
    equal(out[4], base)
