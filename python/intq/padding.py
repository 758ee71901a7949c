"""To which lengths batches are padded: all to one, or each to its longest row (docs/Runs.md, section Padding)."""
import numpy as np

from intq.errors import UserError

KINDS = ("max", "longest")


def compiled_lengths(seq):
    """Eighths of the full length, each rounded up to a multiple of 8."""
    return sorted({min(seq, 8 * -(-seq * part // 64)) for part in range(1, 9)})


def longest_row(mask):
    """Tokens up to the last that counts, of the longest row of an attention mask [B, S]; at least 1."""
    counted = np.flatnonzero(np.asarray(mask).any(axis=0))
    return int(counted[-1]) + 1 if counted.size else 1


class Padding:
    """Which variant of a function a batch runs through; a variant is compiled when the first batch of its length comes.

    `graph`, `options`: what the program was compiled from. `cut`: the graph's symbolic dimensions that are the sequence
    length; none: every batch has the full length `seq`.
    """

    def __init__(self, program, graph, options, seq, cut):
        self.program, self.graph, self.options, self.seq, self.cut = program, graph, options, seq, cut
        self.lengths = compiled_lengths(seq) if cut else [seq]
        self._ready = {seq}

    def length(self, mask):
        """The least compiled length that holds every token."""
        if not self.cut:
            return self.seq
        longest = longest_row(mask)
        return next(length for length in self.lengths if length >= longest)

    def variant(self, function, length):
        """The function's name for a length; the full length has the plain one."""
        if length not in self._ready:
            self._compile(length)
            self._ready.add(length)
        return function if length == self.seq else f"{function}@{length}"

    def _compile(self, length):
        bind = self.options["bind"] | {name: length for name in self.cut}
        functions = [name for name in self.options["functions"] if name != "update"]
        self.program.add_variant(str(length), self.graph, self.options | {"bind": bind, "functions": functions})


def check_can_cut(task, norm_cache):
    """Refuses what --pad-to longest does not go with."""
    if task == "qa":
        raise UserError("--pad-to longest goes with classification and regression; the windows of qa are full: use "
                        "--pad-to max")
    if norm_cache == "token":
        raise UserError("--pad-to longest does not go with --norm-cache token, which keeps a norm for each of --seq "
                        "positions: use --norm-cache sample, or --pad-to max")
