"""Norms of gradients by training example (docs/Sampling.md), kept between the visits of an example: a byte each, a
logarithmic code of integer arithmetic alone. 0: not visited yet."""
import numpy as np

NAME = "norm_cache"
# Codes 1 … 255 are the floats with bits (code + _BASE) << 20: eight an octave, from 2^-28 to almost 2^4.
_BASE, _SHIFT = (127 - 28) * 8 - 1, 20


def encode(norms):
    bits = np.ascontiguousarray(norms, np.float32).view(np.int32) & 0x7FFFFFFF
    return np.clip((bits >> _SHIFT) - _BASE, 1, 255).astype(np.uint8)


def decode(codes):
    return ((codes.astype(np.int32) + _BASE) << _SHIFT).view(np.float32)


class NormCache:
    """`spec`: the program's input norm_cache, [choices, batch] or [choices, batch, length]."""

    def __init__(self, spec, examples):
        choices, self.batch, *rest = spec["shape"]
        self.codes = np.zeros([examples, choices, *rest], np.uint8)

    @classmethod
    def of(cls, program, function, examples):
        """None where the program has no such input."""
        return next((cls(spec, examples) for spec in program.inputs(function) if spec["name"] == NAME), None)

    def load(self, indices):
        """Cached norms of a batch. Where an example is new its norms are the mean code of those that are not, choice by
        choice, and 1 where all are new: any positive value leaves the estimate without bias."""
        codes = self.codes[indices]
        known = codes != 0
        axes = (0, *range(2, codes.ndim))
        counts, sums = known.sum(axes, keepdims=True), codes.astype(np.int64).sum(axes, keepdims=True)
        fallback = np.where(counts > 0, sums // np.maximum(counts, 1), encode(np.float32(1)))
        return np.ascontiguousarray(np.moveaxis(decode(np.where(known, codes, fallback)), 0, 1))

    def store(self, indices, norms):
        self.codes[indices] = encode(np.moveaxis(norms, 1, 0))
