"""Counter-based random numbers (docs/Spec.md, N5) and what is drawn from them: initial heads and data order."""
import hashlib

import numpy as np

MASK32 = np.uint64(0xFFFFFFFF)


def stream_id(name):
    """Low 32 bits of the SHA-256 of a stream's name (the digest read as one big-endian number)."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[-4:], "big")


def philox4x32(counter, key):
    """Philox4x32-10. `counter`: four arrays or numbers of 32 bits; `key`: two. Returns four uint64 arrays below 2^32."""
    c = [np.asarray(word, np.uint64) for word in counter]
    k0, k1 = (np.uint64(word) for word in key)
    for _ in range(10):
        product0, product1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(product1 >> np.uint64(32)) ^ c[1] ^ k0, product1 & MASK32,
             (product0 >> np.uint64(32)) ^ c[3] ^ k1, product0 & MASK32]
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & MASK32, (k1 + np.uint64(0xBB67AE85)) & MASK32
    return c


def words32(count, *, seed, step, stream):
    """Draws of 32 bits for elements 0 … count−1 (N5's form for more than 16 bits: block i>>2, word i&3)."""
    block = np.arange((count + 3) // 4, dtype=np.uint64)
    zero = np.zeros_like(block)
    counter = (block & MASK32, block >> np.uint64(32), zero + np.uint64(step), zero + np.uint64(stream))
    drawn = philox4x32(counter, (seed & 0xFFFFFFFF, seed >> 32))
    return np.stack(drawn, axis=1).reshape(-1)[:count].astype(np.uint32)


def permutation(count, *, seed, epoch):
    """The order of an epoch: indices sorted by their 32-bit draw from stream data/order, ties by index."""
    keys = words32(count, seed=seed, step=epoch, stream=stream_id("data/order"))
    return np.argsort(keys, kind="stable")


def normal(name, shape, std, *, seed):
    """Initial values of parameter `name`: std · Φ⁻¹((w + ½)/2³²), w the element's draw from stream `name`/init.

    Binary64 with +, −, ·, /, √ only, so every machine gets the same bits; rounded to binary32 at the end.
    """
    draws = words32(int(np.prod(shape, dtype=np.int64)), seed=seed, step=0, stream=stream_id(name + "/init"))
    values = _inverse_normal((draws.astype(np.float64) + 0.5) * 2.0**-32)
    return (values * std).astype(np.float32).reshape(shape)


def _horner(x, coefficients):
    result = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


# Wichura's algorithm AS 241 (PPND7): rational approximations of the inverse normal distribution, about 1e-7.
_CENTRE = ([59.109374720, 159.29113202, 50.434271938, 3.3871327179],
           [67.187563600, 78.757757664, 17.895169469, 1.0])
_MIDDLE = ([0.17023821103, 1.3067284816, 2.7568153900, 1.4234372777], [0.12021132975, 0.73700164250, 1.0])
_TAIL = ([0.017337203997, 0.42868294337, 3.0812263860, 6.6579051150], [0.012258202635, 0.24197894225, 1.0])


def _ratio(x, pair):
    return _horner(x, pair[0]) / _horner(x, pair[1])


def _inverse_normal(p):
    q = p - 0.5
    central = np.abs(q) <= 0.425
    inner = np.where(central, 0.180625 - q * q, 0.0)
    edge = np.where(central, 0.5, np.where(q < 0, p, 1.0 - p))
    r = np.sqrt(-_log(edge))
    outer = np.where(r <= 5.0, _ratio(r - 1.6, _MIDDLE), _ratio(r - 5.0, _TAIL))
    return np.where(central, q * _ratio(inner, _CENTRE), np.where(q < 0, -outer, outer))


def _log(x):
    """Natural logarithm in binary64 by 2·artanh((m−1)/(m+1)), m in [½√2, √2): the same bits everywhere."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < 0.7071067811865476
    mantissa, exponent = np.where(low, mantissa * 2.0, mantissa), exponent - low
    s = (mantissa - 1.0) / (mantissa + 1.0)
    series = _horner(s * s, [1.0 / (2 * k + 1) for k in range(11, -1, -1)])
    return 2.0 * s * series + exponent * 0.6931471805599453
