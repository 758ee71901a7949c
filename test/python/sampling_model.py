"""The selection of rows (docs/Spec.md, nn.select_rows) in Python integers and fractions, written without regard to
the C++, and split so that every possible draw can be enumerated."""
import itertools
from fractions import Fraction

import numpy as np

from intq import philox

F = np.float32


def weight_bits(rows):
    return min(23, 30 - (rows - 1).bit_length())


def integer_weights(weights, keep=None, anchor=-1):
    w = np.asarray(weights, F)
    kept = np.ones(w.size, bool)
    if keep is not None:
        kept = (keep != 0).reshape(-1) | (np.arange(w.size) % keep.shape[1] == anchor)
    largest = np.abs(w[kept]).max(initial=F(0))
    full = F(2.0 ** weight_bits(w.size))
    with np.errstate(all="ignore"):
        scaled = np.clip(np.rint(w / largest * full), F(1), full)
    scaled[np.isnan(scaled)] = full
    return [int(v) if k and x != 0 else 0 for v, k, x in zip(scaled, kept, w)]


def with_uniform_share(weights, share):
    used = sum(w > 0 for w in weights)
    each = int(np.rint(np.float64(sum(weights)) * (share / (1 - share)) / np.float64(used)))
    return [w + each if w else 0 for w in weights]


def certain_rows(weights, k, sampler="wta", criterion="paper"):
    """The rows taken for sure."""
    order = sorted(range(len(weights)), key=lambda i: (-weights[i], i))
    total, left = sum(weights), sum(weights)
    if sampler == "pps":
        c = 0
        while (k - c) * weights[order[c]] > left:
            left -= weights[order[c]]
            c += 1
        return order[:c]
    scores = []
    for c in range(k):
        rest = np.float64(left)
        score = (rest * rest if criterion == "squared" else rest) / np.float64(k - c)
        if criterion == "paper" or left * k <= total * (k - c):
            scores.append((score, c))
        left -= weights[order[c]]
    return order[:min(scores)[1]]


def take_all(weights, k):
    fill = k - sum(w > 0 for w in weights)
    rows = []
    for row, w in enumerate(weights):
        if w or fill > 0:
            fill -= not w
            rows.append(row)
    return rows


def find(rest, u):
    for row, w in enumerate(rest):
        u -= w
        if u < 0:
            return row
    raise AssertionError


def comb(rest, draws, u):
    """Rows that the teeth u, u + R, u + 2R … meet, R the sum of `rest`."""
    width, rows, end = sum(rest), [], 0
    teeth = [u + m * width for m in range(draws)]
    for row, w in enumerate(rest):
        rows += [row] * sum(end <= t < end + w * draws for t in teeth)
        end += w * draws
    return rows


def split(weights, k, sampler, criterion):
    """(certain rows, weights of the others, number of draws)"""
    certain = certain_rows(weights, k, sampler, criterion)
    return certain, [0 if i in certain else w for i, w in enumerate(weights)], k - len(certain)


def outcomes(weights, k, sampler="wta", criterion="paper"):
    """Every outcome of the selection: (probability, [(row, factor)]), in fractions."""
    if sum(w > 0 for w in weights) <= k:
        yield Fraction(1), [(row, Fraction(1)) for row in take_all(weights, k)]
        return
    certain, rest, draws = split(weights, k, sampler, criterion)
    total = sum(rest)
    sure = [(row, Fraction(1)) for row in certain]

    def drawn(rows):
        return sure + [(row, Fraction(total, draws * rest[row])) for row in rows]

    if sampler == "pps":
        for u in range(total):
            yield Fraction(1, total), drawn(comb(rest, draws, u))
        return
    for rows in itertools.product([i for i, w in enumerate(rest) if w], repeat=draws):
        probability = Fraction(1)
        for row in rows:
            probability *= Fraction(rest[row], total)
        yield probability, drawn(rows)


def select(weights, k, key, stream, keep=None, anchor=-1, sampler="wta", criterion="paper", defensive=0.0):
    """What the op computes: (rows, factors). `key` = (seed, step)."""
    w = integer_weights(weights, keep, anchor)
    if sum(v > 0 for v in w) <= k:
        rows = take_all(w, k)
        return np.array(rows, np.int32), np.ones(k, F)
    w = with_uniform_share(w, defensive)
    certain, rest, draws = split(w, k, sampler, criterion)
    total = sum(rest)
    words = philox.words32(2 * draws, seed=key[0], step=key[1], stream=philox.stream_id(stream))
    uniform = [((int(words[2 * t]) << 32 | int(words[2 * t + 1])) * total) >> 64 for t in range(draws)]
    drawn = comb(rest, draws, uniform[0]) if sampler == "pps" else [find(rest, u) for u in uniform]
    rows = sorted(list(certain) + drawn)
    factors = [F(1) if row in set(certain) else F(total) / F(draws * rest[row]) for row in rows]
    return np.array(rows, np.int32), np.array(factors, F)
