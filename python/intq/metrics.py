"""Metrics by their usual names and definitions: fractions, but SQuAD's two in percent as its own script has them."""
import collections
import re
import string

import numpy as np


def classification(predicted, expected, classes):
    metrics = {"accuracy": float(np.mean(predicted == expected)), "f1": _f1(predicted, expected, classes),
               "matthews_correlation": _matthews(predicted, expected, classes)}
    return metrics


def _f1(predicted, expected, classes):
    """Of class 1 where there are two, else the mean over classes."""
    scores = []
    for c in ([1] if classes == 2 else range(classes)):
        hit = np.sum((predicted == c) & (expected == c))
        total = np.sum(predicted == c) + np.sum(expected == c)
        scores.append(2 * hit / total if total else 0.0)
    return float(np.mean(scores))


def _matthews(predicted, expected, classes):
    """Matthews correlation in its general form (Gorodkin's R_K)."""
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (expected, predicted), 1)
    truth, guess, n = confusion.sum(1), confusion.sum(0), confusion.sum()
    covariance = np.trace(confusion) * n - truth @ guess
    spread = (n * n - guess @ guess) * (n * n - truth @ truth)
    return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0


def regression(predicted, expected):
    predicted, expected = predicted.astype(np.float64), expected.astype(np.float64)
    metrics = {"mse": float(np.mean((predicted - expected)**2))}
    if predicted.ndim == 1:
        metrics.update(pearson=_pearson(predicted, expected), spearmanr=_pearson(_ranks(predicted), _ranks(expected)))
    return metrics


def _pearson(a, b):
    a, b = a - a.mean(), b - b.mean()
    spread = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread) if spread > 0 else 0.0


def _ranks(values):
    """Ranks from 0, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts + 1) / 2)[inverse]


def squad(answers, questions):
    """Exact match and F1 of SQuAD v1.1 and v2 (an unanswerable question expects the empty answer)."""
    exact, f1 = [], []
    for given, question in zip(answers, questions):
        truths = question.answers or [""]
        exact.append(max(_normalize(given) == _normalize(t) for t in truths))
        f1.append(max(_token_f1(given, t) for t in truths))
    return {"exact_match": 100 * float(np.mean(exact)), "f1": 100 * float(np.mean(f1))}


def _normalize(text):
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _token_f1(given, truth):
    given, truth = _normalize(given).split(), _normalize(truth).split()
    if not given or not truth:
        return float(given == truth)
    same = sum((collections.Counter(given) & collections.Counter(truth)).values())
    return 2 * same / (len(given) + len(truth))


def cross_entropy(logits, labels):
    """Mean over rows in binary64; for reports, not for training."""
    logits = logits.astype(np.float64)
    top = logits.max(axis=1, keepdims=True)
    lse = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    return float(np.mean(lse - logits[np.arange(len(labels)), labels]))
