"""The gradient ops of nn against central differences of binary64 NumPy forward functions: the
formulas are derivatives, not only self-consistent."""
import math

import numpy as np
import pytest
from reference_run import tensor_type

F = np.float32
erf = np.vectorize(math.erf, otypes=[float])


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x, w, b):
    d = x - x.mean(-1, keepdims=True)
    return d / np.sqrt((d * d).mean(-1, keepdims=True) + 1e-5) * w + b


def cross_entropy(x, labels):
    rows = labels != -100
    return -np.log(softmax(x)[np.arange(len(x)), np.where(rows, labels, 0)])[rows].mean()


def differences(f, arguments, index, cotangent):
    """∂⟨cotangent, f⟩/∂arguments[index]."""
    x = arguments[index]
    out = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        h = 1e-6 * max(1.0, abs(x[i]))
        values = []
        for sign in (1, -1):
            moved = [a.copy() for a in arguments]
            moved[index][i] += sign * h
            values.append(np.sum(cotangent * f(*moved)))
        out[i] = (values[0] - values[1]) / (2 * h)
    return out


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=2e-5, atol=2e-6 * max(1.0, np.abs(expected).max()))


def data(*shapes):
    rng = np.random.default_rng(len(shapes))
    return [rng.normal(0, 1.5, s).astype(F) for s in shapes]


def double(*arrays):
    return [a.astype(np.float64) for a in arrays]


FORWARD = {
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "gelu tanh": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
}


@pytest.mark.parametrize("form", FORWARD)
def test_gelu(run, form):
    x, dy = data((4, 50), (4, 50))
    x[0, :6] = [0, -0.0, 5, -5, 9, -9]
    t = tensor_type(x)
    attr = " {approximate = #nn<gelu tanh>}" if "tanh" in form else ""
    y, dx = run(f"""
  %y = nn.gelu %x{attr} : ({t}) -> {t}
  %dx = nn.gelu_grad %dy, %x{attr} : ({t}, {t}) -> {t}""", {"x": x, "dy": dy}, {"y": t, "dx": t})
    close(y, FORWARD[form](x.astype(np.float64)))
    close(dx, differences(FORWARD[form], double(x), 0, dy.astype(np.float64)))


def test_tanh(run):
    x, dy = data((3, 40), (3, 40))
    t = tensor_type(x)
    [dx] = run(f"""
  %y = nn.tanh %x : ({t}) -> {t}
  %dx = nn.tanh_grad %dy, %y : ({t}, {t}) -> {t}""", {"x": x, "dy": dy}, {"dx": t})
    close(dx, differences(np.tanh, double(x), 0, dy.astype(np.float64)))


def test_relu(run):
    x, dy = data((3, 40), (3, 40))
    t = tensor_type(x)
    [dx] = run(f"""
  %y = nn.relu %x : ({t}) -> {t}
  %dx = nn.relu_grad %dy, %y : ({t}, {t}) -> {t}""", {"x": x, "dy": dy}, {"dx": t})
    close(dx, differences(lambda v: np.maximum(v, 0), double(x), 0, dy.astype(np.float64)))


def test_softmax(run):
    x, dy = data((2, 3, 21), (2, 3, 21))
    t = tensor_type(x)
    [dx] = run(f"""
  %y = nn.softmax %x : ({t}) -> {t}
  %dx = nn.softmax_grad %dy, %y : ({t}, {t}) -> {t}""", {"x": x, "dy": dy}, {"dx": t})
    close(dx, differences(softmax, double(x), 0, dy.astype(np.float64)))


def test_layer_norm(run):
    x, dy, w, b = data((5, 18), (5, 18), (18,), (18,))
    X, V, R = tensor_type(x), tensor_type(w), "tensor<5x1xf32>"
    attr = '{epsilon = 1.0e-5 : f32, site = "w"}'
    grads = run(f"""
  %y, %mean, %rstd = nn.layer_norm %x, %w, %b {attr} : ({X}, {V}, {V}) -> ({X}, {R}, {R})
  %dx, %dw, %db = nn.layer_norm_grad %dy, %x, %w, %mean, %rstd {attr} : ({X}, {X}, {V}, {R}, {R}) -> ({X}, {V}, {V})""",
                {"x": x, "dy": dy, "w": w, "b": b}, {"dx": X, "dw": V, "db": V})
    for i, grad in enumerate(grads):
        close(grad, differences(layer_norm, double(x, w, b), i, dy.astype(np.float64)))


def test_integer_layer_norm(run):
    """With 16-bit codes to nearest the integer layer norm is the float one to four digits."""
    x, dy, w, b = data((6, 32), (6, 32), (32,), (32,))
    X, V, R, Q, H = (tensor_type(x), tensor_type(w), "tensor<6x1xf32>", "!intq.q<6x32, i16, [1, *], f32>",
                     "!intq.q<6x32, i16, [256, 1], f32>")
    y, dx, dw = run(f"""
  %q = intq.quantize %x {{site = "x"}} : ({X}) -> {Q}
  %y, %rstd = intq.layer_norm %q, %w, %b {{epsilon = 1.0e-5 : f32, site = "w"}} : ({Q}, {V}, {V}) -> ({X}, {R})
  %a = intq.quantize %dy fold %w {{site = "a"}} : ({X}, {V}) -> {Q}
  %dx = intq.layer_norm_input_grad %a, %q, %rstd : ({Q}, {Q}, {R}) -> {X}
  %h = intq.quantize %dy fold %rstd {{site = "h"}} : ({X}, {R}) -> {H}
  %dw = intq.layer_norm_weight_grad %h, %q : ({H}, {Q}) -> {V}""",
                    {"x": x, "dy": dy, "w": w, "b": b}, {"y": X, "dx": X, "dw": V})
    arguments = double(x, w, b)
    for actual, expected in ((y, layer_norm(*arguments)),
                             (dx, differences(layer_norm, arguments, 0, dy.astype(np.float64))),
                             (dw, differences(layer_norm, arguments, 1, dy.astype(np.float64)))):
        assert np.abs(actual - expected).max() < 3e-4 * np.abs(expected).max()


def test_cross_entropy(run):
    [x] = data((6, 7))
    labels = np.array([0, 6, -100, 3, 3, -100], np.int32)
    dloss = np.array(1.75, F)
    t, lt = tensor_type(x), tensor_type(labels)
    loss, dx = run(f"""
  %loss = nn.cross_entropy %x, %labels : ({t}, {lt}) -> tensor<f32>
  %dx = nn.cross_entropy_grad %dloss, %x, %labels : (tensor<f32>, {t}, {lt}) -> {t}""",
                   {"x": x, "labels": labels, "dloss": dloss}, {"loss": "tensor<f32>", "dx": t})
    close(loss, cross_entropy(x.astype(np.float64), labels))
    close(dx, differences(lambda v: cross_entropy(v, labels), double(x), 0, float(dloss)))


def test_mse(run):
    p, t = data((4, 9), (4, 9))
    dloss = np.array(-0.5, F)
    ty = tensor_type(p)
    [dp] = run(f"  %dp = nn.mse_grad %dloss, %p, %t : (tensor<f32>, {ty}, {ty}) -> {ty}",
               {"p": p, "t": t, "dloss": dloss}, {"dp": ty})
    close(dp, differences(lambda v: np.mean((v - t) ** 2), double(p), 0, float(dloss)))


def test_linear(run):
    x, w, b, dy = data((2, 5, 11), (7, 11), (7,), (2, 5, 7))
    X, W, B, Y = map(tensor_type, (x, w, b, dy))
    grads = run(f"""
  %dx = nn.linear_input_grad %dy, %w {{site = "w"}} : ({Y}, {W}) -> {X}
  %dw = nn.linear_weight_grad %dy, %x {{site = "w"}} : ({Y}, {X}) -> {W}
  %db = nn.bias_grad %dy {{site = "w"}} : ({Y}) -> {B}""", {"x": x, "w": w, "dy": dy}, {"dx": X, "dw": W, "db": B})
    for i, grad in enumerate(grads):
        close(grad, differences(lambda x, w, b: x @ w.T + b, double(x, w, b), i, dy.astype(np.float64)))


@pytest.mark.parametrize("embedding", [True, False])
def test_adjoints_of_moves(run, embedding):
    """⟨u, J v⟩ = ⟨Jᵀ u, v⟩, exactly, on small integers: embedding, and slice with pad."""
    rng = np.random.default_rng(1)
    v = rng.integers(-9, 9, (6, 4)).astype(F)
    V = tensor_type(v)
    if embedding:
        ids = rng.integers(0, 6, (3, 5)).astype(np.int32)
        u = rng.integers(-9, 9, (3, 5, 4)).astype(F)
        forward = f'nn.embedding %v, %ids {{site = "t"}} : ({V}, {tensor_type(ids)}) -> {tensor_type(u)}'
        adjoint = f'nn.embedding_grad %u, %ids {{site = "t"}} : ({tensor_type(u)}, {tensor_type(ids)}) -> {V}'
        inputs = {"v": v, "u": u, "ids": ids}
    else:
        u = rng.integers(-9, 9, (3, 2)).astype(F)
        forward = f"nn.slice %v {{offsets = array<i64: 2, 1>}} : ({V}) -> {tensor_type(u)}"
        adjoint = f"nn.pad %u {{offsets = array<i64: 2, 1>}} : ({tensor_type(u)}) -> {V}"
        inputs = {"v": v, "u": u}
    jv, ju = run(f"  %jv = {forward}\n  %ju = {adjoint}", inputs, {"jv": tensor_type(u), "ju": V})
    assert np.sum(u * jv) == np.sum(ju * v) and np.any(ju)
