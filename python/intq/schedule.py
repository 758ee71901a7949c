"""Learning-rate schedules, step for step those of Hugging Face transformers."""
import math
from dataclasses import dataclass

from intq.errors import UserError

KINDS = ("linear", "constant")


@dataclass(frozen=True)
class Schedule:
    kind: str
    peak: float
    total: int
    warmup: int

    @classmethod
    def make(cls, kind, peak, total, warmup):
        """`warmup`: a share of the steps where below 1 (rounded up), else a number of steps."""
        if warmup < 0 or (warmup >= 1 and warmup != int(warmup)):
            raise UserError(f"expected --warmup as a share of the steps below 1 or a number of steps, but got {warmup}")
        return cls(kind, peak, total, math.ceil(total * warmup) if warmup < 1 else int(warmup))

    def __call__(self, step):
        """The rate of optimizer step `step`, counted from 0."""
        if step < self.warmup:
            return self.peak * (float(step) / float(max(1, self.warmup)))
        if self.kind == "constant":
            return self.peak
        return self.peak * max(0.0, float(self.total - step) / float(max(1, self.total - self.warmup)))
