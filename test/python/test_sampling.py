"""Sampling of rows: the ops against their model bit for bit, and the estimator's mean and variance by exact
enumeration, with the mistakes of published code as controls that the same test must flag."""
from fractions import Fraction

import numpy as np
import pytest
import sampling_model as model
from numerics_data import equal
from numerics_model import F, sum_lanes
from reference_run import tensor_type

# The estimator, in fractions -------------------------------------------------------------------

PROBLEMS = [([5, 3, 2, 1, 1, 1], [2, -1, 3, 1, -2, 4], [1, 2, -1, 3, 1, 1]),
            ([1, 1, 1, 1, 1], [1, 2, 3, 4, 5], [1, -1, 1, -1, 1]),
            ([9, 1, 1, 1], [3, 1, 1, 2], [3, 1, -1, 1]),
            ([4, 0, 3, 2, 0, 1], [2, 0, -1, 3, 0, 1], [1, 1, 2, -1, 1, 2])]
SAMPLERS = [("wta", "paper"), ("wta", "squared"), ("pps", "paper")]


def moments(outcomes, x, g):
    """Mean and variance of Σ factor·x·g over the outcomes."""
    mean = square = Fraction(0)
    for probability, rows in outcomes:
        value = sum(factor * x[row] * g[row] for row, factor in rows)
        mean += probability * value
        square += probability * value ** 2
    return mean, square - mean ** 2


def variance_of_wta(weights, k, x, g, criterion):
    """The closed form: {(1−P) Σ x²g²/p − (Σ x·g)²}/(k−|C|) over the rows that are drawn, p their share of all."""
    if sum(w > 0 for w in weights) <= k:
        return Fraction(0)
    certain, rest, draws = model.split(weights, k, "wta", criterion)
    total = sum(weights)
    p = [Fraction(w, total) for w in weights]
    left = 1 - sum(p[c] for c in certain)
    drawn = [i for i, w in enumerate(rest) if w]
    return (left * sum(Fraction(x[i] * g[i]) ** 2 / p[i] for i in drawn)
            - sum(x[i] * g[i] for i in drawn) ** 2) / draws


@pytest.mark.parametrize("sampler,criterion", SAMPLERS)
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_mean_and_variance_are_exact(k, sampler, criterion):
    for weights, x, g in PROBLEMS:
        outcomes = list(model.outcomes(weights, k, sampler, criterion))
        assert sum(p for p, _ in outcomes) == 1 and all(len(rows) == k for _, rows in outcomes)
        mean, variance = moments(outcomes, x, g)
        assert mean == sum(a * b for a, b in zip(x, g))
        if sampler == "wta":
            assert variance == variance_of_wta(weights, k, x, g, criterion)


def unscaled(outcomes):
    return [(p, [(row, 1) for row, _ in rows]) for p, rows in outcomes]


def without_replacement(weights, k):
    """Draws without replacement, by weight, all with factor 1: the official code where no row is certain."""
    if k == 0:
        yield Fraction(1), []
        return
    for row, w in enumerate(weights):
        if w:
            rest = [0 if i == row else v for i, v in enumerate(weights)]
            for probability, rows in without_replacement(rest, k - 1):
                yield Fraction(w, sum(weights)) * probability, [(row, 1)] + rows


def top_k(weights, k):
    order = sorted(range(len(weights)), key=lambda i: (-weights[i], i))
    return [(Fraction(1), [(row, 1) for row in order[:k]])]


CONTROLS = {"cold cache, factors left out": lambda w, k: unscaled(model.outcomes(w, k)),
            "no row certain: without replacement, factor 1": lambda w, k: list(without_replacement(w, k)),
            "the k heaviest rows": top_k,
            "factors of k draws where k − |C| are made": lambda w, k: [
                (p, [(r, f if f == 1 else f * (k - len(model.certain_rows(w, k))) / k) for r, f in rows])
                for p, rows in model.outcomes(w, k)]}


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_are_biased(control):
    biased = [moments(CONTROLS[control](weights, 3), x, g)[0] != sum(a * b for a, b in zip(x, g))
              for weights, x, g in PROBLEMS]
    assert any(biased)


def test_stale_and_adversarial_weights_stay_unbiased():
    x, g = [2, -1, 3, 1, -2, 4], [1, 2, -1, 3, 1, 1]
    for weights in ([1, 1, 1, 1, 1, 1], [1, 1000, 1, 1, 1, 1], [7, 1, 1, 30, 2, 1]):
        for sampler, criterion in SAMPLERS:
            mean, _ = moments(model.outcomes(weights, 3, sampler, criterion), x, g)
            assert mean == sum(a * b for a, b in zip(x, g))


def test_squared_criterion_finds_the_least_variance():
    """With weights ‖x‖·‖g‖ no number of certain rows is better; the paper's rule stops too early."""
    weights = [8, 4, 2, 1, 1, 1]
    found = {c: variance_of_wta(weights, 4, weights, [1] * 6, c) for c in ("paper", "squared")}
    assert found["squared"] <= found["paper"]


def test_certain_rows_never_hurt():
    """Var[WTA] ≤ Var[CRS] where P_C ≥ |C|/k, which the criterion ensures."""
    for weights, x, g in PROBLEMS[:3]:
        for k in (2, 3):
            crs = variance_of_wta_with(weights, k, x, g, [])
            assert variance_of_wta(weights, k, x, g, "paper") <= crs


def variance_of_wta_with(weights, k, x, g, certain):
    total = sum(weights)
    drawn = [i for i, w in enumerate(weights) if w and i not in certain]
    left = Fraction(sum(weights[i] for i in drawn), total)
    return (left * sum(Fraction(x[i] * g[i]) ** 2 * total / weights[i] for i in drawn)
            - sum(x[i] * g[i] for i in drawn) ** 2) / (k - len(certain))


# The ops against the model ----------------------------------------------------------------------

KEY = (0x123456789ABCDEF, 77)
RNG = np.array([0x89ABCDEF - 2**32, 0x1234567, 77, 0], np.int32)


def run_select(run, weights, k, keep=None, **options):
    spelled = {"sampler": "sampler = #nn<sampler {}>", "criterion": "criterion = #nn<criterion {}>",
               "defensive": "defensive = {:e} : f64", "anchor": "anchor = {} : i64"}
    attributes = ", ".join([spelled[name].format(value) for name, value in options.items()] + ['stream = "w/rows"'])
    types = [tensor_type(weights), "tensor<4xi32>"] + ([tensor_type(keep)] if keep is not None else [])
    inputs = {"w": weights, "rng": RNG} | ({"keep": keep} if keep is not None else {})
    rows, scales = run(f"  %rows, %scales = nn.select_rows %w, %rng {'keep %keep' if keep is not None else ''} "
                       f"{{{attributes}}} : ({', '.join(types)}) -> (tensor<{k}xi32>, tensor<{k}xf32>)",
                       inputs, {"rows": f"tensor<{k}xi32>", "scales": f"tensor<{k}xf32>"})
    return rows, scales


def weights_of(kind, rows):
    rng = np.random.default_rng(rows)
    if kind == "equal":
        return np.full(rows, 0.3, F)
    if kind == "heavy tail":
        return (rng.pareto(1.1, rows) + 0.01).astype(F)
    if kind == "zeros":
        return np.where(rng.random(rows) < 0.6, 0, rng.random(rows)).astype(F)
    return rng.random(rows).astype(F)


@pytest.mark.parametrize("sampler,criterion", SAMPLERS)
@pytest.mark.parametrize("kind", ["uniform", "equal", "heavy tail", "zeros"])
@pytest.mark.parametrize("rows,k", [(1, 1), (17, 1), (16, 16), (300, 90), (257, 10)])
def test_select_rows(run, rows, k, kind, sampler, criterion):
    weights = weights_of(kind, rows)
    got = run_select(run, weights, k, sampler=sampler, criterion=criterion, defensive=0.1)
    expected = model.select(weights, k, KEY, "w/rows", sampler=sampler, criterion=criterion, defensive=0.1)
    equal(got[0], expected[0])
    equal(got[1], expected[1])


@pytest.mark.parametrize("sampler", ["wta", "pps"])
def test_select_rows_drops_what_is_masked(run, sampler):
    rng = np.random.default_rng(3)
    weights, keep = rng.random(64).astype(F), np.repeat([[1, 0], [1, 1], [0, 0], [1, 0]], 8, axis=1).astype(np.int32)
    rows, scales = run_select(run, weights, 20, keep, sampler=sampler, anchor=0)
    expected = model.select(weights, 20, KEY, "w/rows", keep, 0, sampler=sampler)
    equal(rows, expected[0])
    equal(scales, expected[1])
    assert all(keep.reshape(-1)[r] or r % 16 == 0 for r in rows)


def test_special_weights(run):
    weights = np.array([np.inf, 1, np.nan, 0, 1e-40, -2, 3, -0.0], F)
    rows, scales = run_select(run, weights, 3)
    expected = model.select(weights, 3, KEY, "w/rows")
    equal(rows, expected[0])
    equal(scales, expected[1])


def test_factors_stay_within_the_bound_of_the_defensive_share(run):
    rows, k, share = 512, 64, 0.1
    weights = np.full(rows, 1e-6, F)
    weights[5] = 1
    for sampler, criterion in SAMPLERS:
        _, scales = run_select(run, weights, k, sampler=sampler, criterion=criterion, defensive=share)
        assert scales.max() <= rows / (share * k) * (1 + 1e-4)


@pytest.mark.parametrize("rows,columns", [(1, 1), (5, 15), (33, 16), (64, 100)])
def test_row_norms_and_gathered_rows(run, rows, columns):
    rng = np.random.default_rng(rows)
    x, picked = rng.normal(size=(rows, columns)).astype(F), rng.integers(0, rows, 7).astype(np.int32)
    scales = rng.random(7).astype(F)
    t, q = tensor_type(x), f"!intq.q<{rows}x{columns}, i8, [1, *], f32>"
    qk = f"!intq.q<7x{columns}, i8, [1, *], f32>"
    norms, code_norms, codes, quantized, gathered, scaled = run(f"""
  %norms = nn.row_norm %x : ({t}) -> tensor<{rows}xf32>
  %q = intq.quantize %x {{site = "x"}} : ({t}) -> {q}
  %cn = intq.row_norm %q : ({q}) -> tensor<{rows}xf32>
  %qg = intq.gather_rows %q, %rows : ({q}, tensor<7xi32>) -> {qk}
  %codes = intq.dequantize %qg : ({qk}) -> tensor<7x{columns}xf32>
  %all = intq.dequantize %q : ({q}) -> {t}
  %g = nn.gather_rows %x, %rows : ({t}, tensor<7xi32>) -> tensor<7x{columns}xf32>
  %s = nn.gather_rows %x, %rows scale %f : ({t}, tensor<7xi32>, tensor<7xf32>) -> tensor<7x{columns}xf32>""",
        {"x": x, "rows": picked, "f": scales},
        {"norms": f"tensor<{rows}xf32>", "cn": f"tensor<{rows}xf32>", "codes": f"tensor<7x{columns}xf32>", "all": t,
         "g": f"tensor<7x{columns}xf32>", "s": f"tensor<7x{columns}xf32>"})
    equal(norms, np.sqrt(sum_lanes(x * x)))
    s = np.abs(x).max(1) / F(127)
    q_codes = np.rint(quantized / s[:, None]).astype(np.int64)
    equal(code_norms, np.sqrt((q_codes ** 2).sum(1).astype(F)) * s)
    equal(codes, quantized[picked])
    equal(gathered, x[picked])
    equal(scaled, x[picked] * scales[:, None])


@pytest.mark.parametrize("block", ["[256, 1]", "[*, *]", "[1, *]", "[2, 3]"])
@pytest.mark.parametrize("width", ["i8", "i16"])
def test_draws_of_gathered_rows_are_those_of_their_origin(run, block, width):
    """Rounding a row of the gathered tensor draws what it draws in the whole one: with all rows in order the codes
    are equal, and with a scale of one for all, row by row."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=(12, 10)).astype(F)
    x[:, 0] = 4  # one scale for any choice of rows
    order, picked = np.arange(12, dtype=np.int32), np.array([3, 3, 7, 11], np.int32)
    q, qk = f"!intq.q<12x10, {width}, {block}, f32>", f"!intq.q<4x10, {width}, {block}, f32>"
    attributes = '{rounding = #intq<rounding stochastic>, stream = "w", site = "w"}'
    plain, all_rows, some = run(f"""
  %q = intq.quantize %x rng %rng {attributes} : (tensor<12x10xf32>, tensor<4xi32>) -> {q}
  %plain = intq.dequantize %q : ({q}) -> tensor<12x10xf32>
  %qa = intq.quantize %x rng %rng rows %order {attributes} : (tensor<12x10xf32>, tensor<4xi32>, tensor<12xi32>) -> {q}
  %all = intq.dequantize %qa : ({q}) -> tensor<12x10xf32>
  %g = nn.gather_rows %x, %picked : (tensor<12x10xf32>, tensor<4xi32>) -> tensor<4x10xf32>
  %qs = intq.quantize %g rng %rng rows %picked {attributes} : (tensor<4x10xf32>, tensor<4xi32>, tensor<4xi32>) -> {qk}
  %some = intq.dequantize %qs : ({qk}) -> tensor<4x10xf32>""",
        {"x": x, "rng": RNG, "order": order, "picked": picked},
        {"plain": "tensor<12x10xf32>", "all": "tensor<12x10xf32>", "some": "tensor<4x10xf32>"})
    equal(all_rows, plain)
    if block in ("[1, *]", "[*, *]"):
        equal(some, plain[picked])
