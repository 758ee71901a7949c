"""Metrics of a model on labelled data, and its predictions as rows of text."""
import numpy as np

from intq import metrics
from intq.data import squad
from intq.errors import UserError
from intq.feeding import predict_logits


def evaluate_ranks(program, dataset, batch, padding, task, first=None):
    """[{rank, metrics}] of a program with adapters, one entry a rank to evaluate."""
    return [{"rank": rank, "metrics": evaluate(program, dataset, batch, padding, task, first, rank)}
            for rank in program.info["eval_ranks"]]


def evaluate(program, dataset, batch, padding, task, first=None, rank=None):
    """Metrics by name; the one called `first` stands first."""
    logits = predict_logits(program, dataset, batch, padding, rank)
    result = _metrics(logits, dataset, task)
    if not all(np.isfinite(v) for v in result.values()):
        raise UserError("evaluation: expected finite numbers, but the model's outputs are not")
    if first in result:
        result = {first: result[first], **result}
    return result


def _metrics(logits, dataset, task):
    if task == "qa":
        questions, windows = dataset.source
        return metrics.squad(squad.answers(questions, windows, logits), questions)
    labels = dataset.arrays["labels"]
    if task == "regression":
        return metrics.regression(logits.reshape(labels.shape), labels)
    result = metrics.classification(logits.argmax(axis=1), labels, logits.shape[1])
    return {**result, "eval_loss": metrics.cross_entropy(logits, labels)}


def prediction_rows(program, dataset, batch, padding, task, label_names, rank=None):
    """Header and rows of a table of predictions."""
    logits = predict_logits(program, dataset, batch, padding, rank)
    if task == "qa":
        questions, windows = dataset.source
        found = squad.answers(questions, windows, logits)
        return ["id", "prediction"], [[q.id, " ".join(a.split())] for q, a in zip(questions, found)]
    if task == "regression":
        values = logits.reshape(len(dataset), -1)
        return ["index", "prediction"], [[str(i), " ".join(f"{x:.6g}" for x in row)] for i, row in enumerate(values)]
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    probability = shifted / shifted.sum(axis=1, keepdims=True)
    best = logits.argmax(axis=1)
    return ["index", "prediction", "probability"], [[str(i), label_names[c], f"{probability[i, c]:.6f}"]
                                                    for i, c in enumerate(best)]
