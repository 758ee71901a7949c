"""The Spec's formulas in NumPy, written without regard to the C++: what test_numerics.py compares
the interpreter with, bit for bit. binary32 values are float32 arrays throughout."""
import numpy as np

F = np.float32
np.seterr(all="ignore")


def bits(x):
    return np.asarray(x, F).view(np.uint32)


def from_bits(b):
    return np.asarray(b, np.uint32).view(F)


def fma(a, b, c):
    """One rounding of a·b + c: the sum in binary64 is rounded to odd, then to binary32."""
    a, b, c = np.broadcast_arrays(*(np.asarray(v, F).astype(np.float64) for v in (a, b, c)))
    p = a * b  # exact
    s = p + c
    t = s - p
    e = (p - (s - t)) + (c - t)
    raw = s.view(np.int64).copy()
    inexact = (e != 0) & ~np.isnan(e) & np.isfinite(s) & (raw & 1 == 0)
    raw += np.where(inexact, np.where((e > 0) == (s > 0), 1, -1), 0)
    return raw.view(np.float64).astype(F)


def horner(x, coefficients):
    """Constant coefficient first."""
    p = np.full_like(x, F(float.fromhex(coefficients[-1])))
    for c in coefficients[-2::-1]:
        p = fma(p, x, F(float.fromhex(c)))
    return p


def exp_parts(x):
    n = np.rint(x * F(float.fromhex("0x1.715476p+0")))
    r = fma(n, F(float.fromhex("-0x1.62e43p-1")), x)
    r = fma(n, F(float.fromhex("0x1.05c61p-29")), r)
    p = horner(r, ["0x1p-1", "0x1.555492p-3", "0x1.5554cp-5", "0x1.12398ep-7", "0x1.6d7a5ap-10"])
    return fma(r * r, p, r), n


def power_of_two(n):
    return np.ldexp(F(1), n.astype(int))


def scaled(y, n):
    half = np.floor(n / 2)
    return y * power_of_two(half) * power_of_two(n - half)


def exp(x):
    tail, n = exp_parts(np.clip(np.nan_to_num(x, nan=0.0), F(-104), F(89)).astype(F))
    return np.where(np.isnan(x), x, scaled(F(1) + tail, n)).astype(F)


def log(x):
    mantissa, e = np.frexp(np.where((x > 0) & np.isfinite(x), x, F(1)))
    low = mantissa < from_bits(0x3f3504f3)
    f = np.where(low, mantissa * F(2), mantissa).astype(F) - F(1)
    k = (e - low).astype(F)
    square = f * f
    tail = (square * f) * horner(f, ["0x1.55554ap-2", "-0x1.00022p-2", "0x1.99a5acp-3", "-0x1.54789p-3",
                                     "0x1.226cd8p-3", "-0x1.0cdf1p-3", "0x1.07d89cp-3", "-0x1.4205b8p-4"])
    tail = fma(k, F(float.fromhex("-0x1.05c61p-29")), tail)
    tail = fma(square, F(-0.5), tail)
    y = fma(k, F(float.fromhex("0x1.62e43p-1")), f + tail)
    y = np.where(x < np.inf, y, x)
    y = np.where(x < 0, np.nan, y)
    return np.where(x == 0, -np.inf, y).astype(F)


def tanh(x):
    a = np.clip(np.nan_to_num(np.abs(x), nan=0.0, posinf=10.0), 0, 10).astype(F)
    u = a * a
    near = fma(a * u, horner(u, ["-0x1.55553ep-2", "0x1.110c32p-3", "-0x1.b96a16p-5", "0x1.60382p-6",
                                 "-0x1.04eac2p-7", "0x1.2f37d2p-9", "-0x1.7b75c8p-12"]), a)
    tail, n = exp_parts(F(2) * a)
    far = F(1) - F(2) / (scaled(F(1) + tail, n) + F(1))
    return np.where(np.isnan(x), x, np.copysign(np.where(a < 1, near, far), x)).astype(F)


def normal_cdf(x):
    k, first = F(1.96875), F(float.fromhex("0x1.56e376p-1"))
    a = np.clip(np.nan_to_num(np.abs(x), nan=0.0, posinf=14.5), 0, 14.5).astype(F)
    half = F(0.5) * a
    s = half * a
    excess = fma(-half, a, s)
    tail, n = exp_parts(-s)
    d = a + k
    r = F(1) / d
    d_rest = np.where(a < k, k - (d - a), a - (d - k)).astype(F)
    excess = excess + fma(-d, r, F(1))
    excess = fma(-d_rest, r, excess)
    q = (a - k) * r
    q = fma(r, fma(-q, a, fma(q + F(1), -k, a)), q)
    upper = horner(q, ["-0x1.4bb818p-2", "0x1.71aee2p-6", "0x1.2f53f6p-5", "0x1.f260eep-11", "-0x1.aead86p-8",
                       "-0x1.2b566cp-9", "0x1.54d09cp-11", "0x1.c15212p-11", "0x1.91c404p-13",
                       "-0x1.124958p-13", "-0x1.194524p-14"])
    h = fma(upper, q, first)
    g = h * r
    rest = fma(fma(upper, q, first - h), r, fma(h, r, -g))
    rest = fma(g, fma(excess, tail, excess), rest)
    lower = scaled(g + fma(g, tail, rest), n)
    return np.where(np.isnan(x), x, np.where(x > 0, F(1) - lower, lower)).astype(F)


def gelu(x):
    return x * normal_cdf(x)


def gelu_grad(dy, x):
    density = F(float.fromhex("0x1.988454p-2")) * exp(F(-0.5) * (x * x))
    return dy * fma(x, density, normal_cdf(x))


def _gelu_inner(x):
    return tanh((F(np.sqrt(2 / np.pi)) * x) * fma(F(0.044715), x * x, F(1)))


def gelu_tanh(x):
    return (F(0.5) * x) * (F(1) + _gelu_inner(x))


def gelu_tanh_grad(dy, x):
    t = _gelu_inner(x)
    slope = F(np.sqrt(2 / np.pi)) * fma(F(3 * 0.044715), x * x, F(1))
    return dy * fma((F(0.5) * x) * fma(-t, t, F(1)), slope, F(0.5) * (F(1) + t))


# Sums -----------------------------------------------------------------------------------

def sum_lanes(x):
    """N3 along the last dimension."""
    x = np.asarray(x)
    count = -(-x.shape[-1] // 16) * 16
    padded = np.zeros(x.shape[:-1] + (count,), x.dtype)
    padded[..., :x.shape[-1]] = x
    lanes = np.zeros(x.shape[:-1] + (16,), x.dtype)
    for i in range(0, count, 16):
        lanes = lanes + padded[..., i:i + 16]
    for width in (8, 4, 2, 1):
        lanes = lanes[..., :width] + lanes[..., width:]
    return lanes[..., 0]


def sum_rows(x):
    """N3 along the first dimension."""
    total = np.zeros(x.shape[1:], F)
    for begin in range(0, len(x), 128):
        chunk = np.zeros(x.shape[1:], F)
        for row in x[begin:begin + 128]:
            chunk = chunk + row
        total = total + chunk
    return total


def sum_chunked(x):
    """N10 over a flat binary64 array."""
    while True:
        x = np.array([sum_lanes(x[i:i + 4096]) for i in range(0, len(x), 4096)])
        if len(x) == 1:
            return x[0]


def float_matmul(a, b):
    """N11 of [M, K] and [K, N]."""
    out = np.zeros((a.shape[0], b.shape[1]), F)
    for begin in range(0, a.shape[1], 256):
        acc = np.zeros_like(out)
        for k in range(begin, min(begin + 256, a.shape[1])):
            acc = fma(a[:, k:k + 1], b[k:k + 1], acc)
        out = out + acc
    return out


# Random numbers --------------------------------------------------------------------------

def philox(counter, key):
    """Philox4x32-10; counter: four, key: two arrays of uint64 holding 32-bit words."""
    mask = np.uint64(0xffffffff)
    c = [np.asarray(w, np.uint64) for w in counter]
    k = [np.uint64(w) for w in key]
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ k[0], p1 & mask, (p0 >> np.uint64(32)) ^ c[3] ^ k[1], p0 & mask]
        k = [(k[0] + np.uint64(0x9E3779B9)) & mask, (k[1] + np.uint64(0xBB67AE85)) & mask]
    return c


def stream_id(name):
    import hashlib
    return int(hashlib.sha256(name.encode()).hexdigest()[-8:], 16)


def draws(count, rng, stream, r):
    """The random bits of elements 0 … count−1; rng = [seed_lo, seed_hi, step, microbatch]."""
    i = np.arange(count, dtype=np.uint64)
    shift = np.uint64(2 if r > 16 else 3)
    group = i >> shift
    high = (group >> np.uint64(32)) & np.uint64(0xffff) | np.uint64(rng[3] << 16)
    words = philox([group & np.uint64(0xffffffff), high, np.full_like(i, rng[2]),
                    np.full_like(i, stream_id(stream))], rng[:2])
    if r > 16:
        word = np.choose((i & np.uint64(3)).astype(int), words)
        return (word >> np.uint64(32 - r)).astype(np.int64)
    word = np.choose(((i & np.uint64(7)) >> np.uint64(1)).astype(int), words)
    return ((word >> (np.uint64(16) * (i & np.uint64(1)))) & np.uint64(0xffff)).astype(np.int64) >> (16 - r)


def keep_mask(shape, rng, stream, ratio):
    threshold = int(np.floor(float(F(ratio)) * 65536 + 0.5))
    kept = draws(int(np.prod(shape)), rng, stream, 16).reshape(shape) >= threshold
    return kept, F(65536 / (65536 - threshold))


# Codes -------------------------------------------------------------------------------------

def block_index(shape, block):
    """For every element the flat index of its scale, and the shape of the scales."""
    sizes = [n if b is None else b for n, b in zip(shape, block)]
    scale_shape = tuple(-(-n // b) for n, b in zip(shape, sizes))
    grid = np.meshgrid(*(np.arange(n) // b for n, b in zip(shape, sizes)), indexing="ij")
    return np.ravel_multi_index(grid, scale_shape), scale_shape


def scales_of(amax, width, kind):
    """F2 from exact rational arithmetic on the bits."""
    q = 2 ** (width - 1) - 1
    out = np.ones(amax.shape, F)
    for i, a in np.ndenumerate(amax):
        if not np.isfinite(a) or a == 0:
            continue
        if kind == "f32":
            out[i] = max(F(a) / F(q), F(2.0 ** -126))
        else:
            e = -126
            while e < 127 and float(a) > q * 2.0 ** e:  # exact in binary64
                e += 1
            out[i] = F(2.0 ** e)
    return out


def quantize(x, width, block, kind="f32", rng=None, stream=None):
    """Codes (int64) in the shape of x and scales in the scale shape."""
    index, scale_shape = block_index(x.shape, block)
    amax = np.zeros(int(np.prod(scale_shape)), F)
    finite = np.ones(amax.shape, bool)
    for b in range(len(amax)):
        values = np.abs(x[index == b])
        finite[b] = np.isfinite(values).all()
        amax[b] = values.max() if finite[b] else np.nan
    scale = scales_of(amax, width, kind)
    r = (F(1) / scale)[index]
    q = 2 ** (width - 1) - 1
    v = x * r
    if rng is None:
        codes = np.clip(np.rint(np.nan_to_num(v, posinf=0, neginf=0)), -q, q).astype(np.int64)
    else:
        R = 16 if width <= 12 else 31 - width
        t = np.rint(np.nan_to_num(v, posinf=0, neginf=0) * F(2.0 ** R)).astype(np.float64)
        t = np.clip(t, -2.0 ** 40, 2.0 ** 40).astype(np.int64)
        codes = np.clip((t + draws(x.size, rng, stream, R).reshape(x.shape)) >> R, -q, q)
    return np.where(finite[index], codes, 0), scale.reshape(scale_shape)


def moment_values(codes1, scales, codes2, bases):
    """Moments in 8 bits as floats; all flat."""
    block = np.arange(codes1.size) // 256
    c = codes2.view(np.uint8).astype(np.int64)
    return (codes1.astype(F) * scales[block],
            np.where(c == 0, F(0), from_bits(((c + bases[block]) << 20).astype(np.uint32))))


def moment_codes(first, second, rng, stream):
    """The inverse, by stochastic rounding: codes and scales, codes and bases."""
    block, draw = np.arange(first.size) // 256, draws(first.size, rng, stream, 32)
    largest = np.zeros((2, block[-1] + 1), np.uint32)
    magnitude = bits(first) & 0x7fffffff
    b = np.minimum(bits(second) & 0x7fffffff, 0x7f7fffff).astype(np.int64)
    np.maximum.at(largest[0], block, magnitude)
    np.maximum.at(largest[1], block, b.astype(np.uint32))
    finite = largest[0] < 0x7f800000
    scales = scales_of(np.where(finite, from_bits(largest[0]), F(np.nan)), 8, "f32")
    t = np.rint(np.nan_to_num(first * (F(1) / scales)[block], posinf=0, neginf=0) * F(65536))
    codes1 = (np.clip(t, -127 * 65536, 127 * 65536).astype(np.int64) + (draw & 0xffff)) >> 16
    bases = np.maximum((largest[1].astype(np.int64) >> 20) - 254, 0)
    top = np.minimum((b + 16 * (draw >> 16)) >> 20, 0x7f7)
    codes2 = np.where(b == 0, 0, np.maximum(top - bases[block], 1))
    return np.where(finite[block], codes1, 0), scales, codes2, bases


def to_f32(integers):
    """int64 to binary32, one rounding."""
    return np.asarray(integers, np.int64).astype(F)


def decode(codes, scales, block):
    index, _ = block_index(codes.shape, block)
    return to_f32(codes) * scales.reshape(-1)[index]


def layer_norm_codes(q, s, weight, bias, epsilon):
    """s: [M, 1]. Returns y, rstd [M, 1]."""
    n = q.shape[1]
    s1 = q.sum(1, keepdims=True)
    variance = n * (q * q).sum(1, keepdims=True) - s1 * s1
    e2 = F(float(F(epsilon)) * n * n)
    rstd = F(1) / np.sqrt(to_f32(variance) + e2 / s / s)
    return fma(to_f32(n * q - s1) * rstd, weight, bias), rstd


def layer_norm_input_grad(a, sa, q, s, rstd):
    n = q.shape[1]
    c = n * q - q.sum(1, keepdims=True)
    count = F(n)
    rho = (rstd * count) / s
    m1 = (to_f32(a.sum(1, keepdims=True)) * sa) / count
    m2 = ((to_f32((a * c).sum(1, keepdims=True)) * sa) * rstd) / count
    return rho * fma(-(to_f32(c) * rstd), m2, to_f32(a) * sa - m1)


def softmax(x, keep=None):
    keep = np.ones(x.shape, bool) if keep is None else np.broadcast_to(keep, x.shape)
    largest = np.where(keep, x, F(-np.inf)).max(-1, keepdims=True)
    e = np.where(keep, exp(x - largest), F(0)).astype(F)
    total = sum_lanes(e)[..., None]
    return np.where(keep, e / total, F(0)).astype(F)
