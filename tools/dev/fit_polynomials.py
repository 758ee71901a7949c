#!/usr/bin/env python3
"""Fits the polynomials of include/intq/Format/Math.h and prints their hexadecimal coefficients.

Each fit is close to minimax (Lawson's iteratively reweighted least squares on Chebyshev nodes) for the
error multiplied by a weight; coefficients are rounded to binary32 one by one, from the constant term up,
and the remaining ones are fitted again. Needs mpmath and numpy. Run: fit_polynomials.py
"""
import mpmath as mp
import numpy as np

mp.mp.dps = 50


def lawson(x, target, weight, degree):
    """Monomial coefficients, constant first, that nearly minimize max |weight·(p(x) − target)|."""
    basis = np.vander(x, degree + 1, increasing=True) * weight[:, None]
    emphasis = np.ones_like(x)
    best = None
    for _ in range(200):
        root = np.sqrt(emphasis)
        c = np.linalg.lstsq(basis * root[:, None], target * weight * root, rcond=None)[0]
        error = np.abs(basis @ c - target * weight)
        if best is None or error.max() < best[0]:
            best = (error.max(), c)
        emphasis = emphasis * (error / error.max() + 1e-3)
        emphasis /= emphasis.sum()
    return best[1]


def fit(name, f, weight, lo, hi, degree):
    nodes = 1500
    x = float(lo + hi) / 2 - float(hi - lo) / 2 * np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    target = np.array([float(f(mp.mpf(v))) for v in x])
    scale = np.array([float(weight(mp.mpf(v))) for v in x])
    fixed = []
    for k in range(degree + 1):
        rest = target - np.polynomial.polynomial.polyval(x, fixed) if fixed else target
        c = lawson(x, rest / x**k, scale * np.abs(x) ** k, degree - k)
        fixed.append(float(np.float32(c[0])))
    worst = np.abs((np.polynomial.polynomial.polyval(x, fixed) - target) * scale).max()
    print(f"{name}: degree {degree}, weighted error 2^{np.log2(worst):.1f}")
    for c in fixed:
        print(f"  {c.hex()}  {c:.9g}")


def tail(a):
    """exp(a²/2)·Φ(−a)"""
    return mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2


if __name__ == "__main__":
    half = mp.log(2) / 2
    fit("exp: (e^r - 1 - r)/r^2", lambda r: (mp.expm1(r) - r) / r**2, lambda r: r**2, -half, half, 4)
    fit("tanh: (tanh(x)/x - 1)/x^2 in u = x^2",
        lambda u: (mp.tanh(mp.sqrt(u)) / mp.sqrt(u) - 1) / u, lambda u: u, mp.mpf(0), mp.mpf(1), 6)
    fit("log: (log(1+f) - f + f^2/2)/f^3", lambda f: (mp.log1p(f) - f + f * f / 2) / f**3,
        lambda f: f**2, mp.sqrt(mp.mpf(1) / 2) - 1, mp.sqrt(2) - 1, 7)
    # K is chosen so that the constant term is almost a binary32 number.
    K, top = mp.mpf("1.96875"), mp.mpf("14.5")
    argument = lambda q: K * (1 + q) / (1 - q)
    fit("normalCdf: exp(a^2/2)·Phi(-a)·(a+K) in q = (a-K)/(a+K)", lambda q: tail(argument(q)) * (argument(q) + K),
        lambda q: 1 / (tail(argument(q)) * (argument(q) + K)), mp.mpf(-1), (top - K) / (top + K), 11)
