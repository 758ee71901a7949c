"""Task heads and their losses: classification, regression, extractive question answering, labels of tokens, masked words."""
import numpy as np

IGNORED_LABEL = -100
TASKS = ("classification", "regression", "qa")  # what intq finetune has data and metrics for
HEADS = (*TASKS, "token-classification", "mlm")
PER_TOKEN = ("qa", "token-classification", "mlm")  # outputs for every token


def head_outputs(task, num_labels):
    return 2 if task == "qa" else num_labels


def logits(bert, task, hidden):
    """[B, labels]; [B, S, labels] for questions, tokens and masked words."""
    config, family = bert.config, bert.family
    ratio = config.get(family.head_dropout_key)
    ratio = config["hidden_dropout_prob"] if ratio is None else ratio
    if task == "qa":
        return bert.linear(hidden, "qa_outputs")
    if task == "mlm":
        return bert.words(hidden)
    if task == "token-classification":
        return bert.linear(bert.dropout(hidden, ratio, "dropout"), "classifier")
    if family.pooler:
        return bert.gemm(bert.dropout(bert.pooled(hidden), ratio, "dropout"), "classifier")
    inner, last = family.head
    x = bert.first_token(hidden)
    x = bert.dropout(x, ratio, "head/dropout") if family.head_dropout_first else x
    x = bert.b.node(family.head_activation, [bert.gemm(x, inner)], "head/activation")
    return bert.gemm(bert.dropout(x, ratio, "dropout"), last)


def loss(b, task, logits_value, num_labels, batch, seq):
    """Adds label inputs and the loss that Hugging Face's model of this task computes."""
    if task == "classification":
        labels = b.input("labels", np.int64, [batch])
        return _cross_entropy(b, logits_value, labels, IGNORED_LABEL, "loss/cross_entropy")
    if task in ("token-classification", "mlm"):
        labels = b.input("labels", np.int64, [batch, seq])
        rows = b.node("Reshape", [logits_value, b.ints("rows", [-1, num_labels])], "loss/rows")
        flat = b.node("Reshape", [labels, b.ints("flat", [-1])], "loss/labels")
        return _cross_entropy(b, rows, flat, IGNORED_LABEL, "loss/cross_entropy")
    if task == "regression":
        return _squared_error(b, logits_value, num_labels, batch)
    return _span(b, logits_value, batch, seq)


def _cross_entropy(b, scores, labels, ignored, name):
    return b.node("SoftmaxCrossEntropyLoss", [scores, labels], name, reduction="mean", ignore_index=ignored)


def _squared_error(b, logits_value, num_labels, batch):
    shape = [batch] if num_labels == 1 else [batch, num_labels]
    labels = b.input("labels", np.float32, shape)
    if num_labels == 1:
        logits_value = b.node("Reshape", [logits_value, b.ints("flat", [-1])], "loss/flatten")
    difference = b.node("Sub", [logits_value, labels], "loss/difference")
    square = b.node("Mul", [difference, difference], "loss/square")
    return b.node("ReduceMean", [square], "loss/mean", keepdims=0)


def _span(b, logits_value, batch, seq):
    """Mean of the start's and the end's cross-entropy; position S is ignored, as in Hugging Face."""
    halves = []
    for index, name in enumerate(("start", "end")):
        labels = b.input(f"{name}_positions", np.int64, [batch])
        column = b.node("Gather", [logits_value, b.ints(f"column_{index}", index)], f"loss/{name}_logits", axis=2)
        halves.append(_cross_entropy(b, column, labels, seq, f"loss/{name}"))
    return b.node("Mul", [b.node("Add", halves, "loss/add"), b.floats("half", 0.5)], "loss/mean")
