"""Data of every character for test_numerics.py and test_codes.py, and equality of bits."""
import numpy as np
from numerics_model import F

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
