"""Small random models of the BERT family, exported by PyTorch, and what autograd says of them."""
import dataclasses
import warnings

import numpy as np

BATCH, TOKENS, WORDS, HIDDEN, LABELS = 2, 7, 40, 32, 3
FAMILIES = ("bert", "roberta", "distilbert", "albert", "electra", "mpnet")
HEADS = ("classification", "regression", "qa", "mlm", "token-classification")
_CLASSES = {"bert": "Bert", "roberta": "Roberta", "distilbert": "DistilBert", "albert": "Albert", "electra": "Electra",
            "mpnet": "MPNet"}
_SUFFIXES = {"classification": "SequenceClassification", "regression": "SequenceClassification",
             "qa": "QuestionAnswering", "mlm": "MaskedLM", "token-classification": "TokenClassification"}
_LOSSES = {"classification": "cross-entropy", "regression": "mse", "qa": "span", "mlm": "mlm",
           "token-classification": "cross-entropy"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One export: exporter `torchscript` or `dynamo`; `training`: nothing is folded and no parameter renamed."""
    family: str
    head: str
    exporter: str = "dynamo"
    opset: int = 20
    attention: str = "sdpa"
    labels: bool = True
    training: bool = False

    def __str__(self):
        parts = [self.family, self.head, self.exporter, str(self.opset), self.attention]
        return "-".join(parts + ["loss" if self.labels else "plain"] + ["training"] * self.training)

    @property
    def loss(self):
        """What `--loss` adds where the export has none."""
        return None if self.labels else _LOSSES[self.head]


def cases():
    """A set in which every family meets every head and exporter, and BERT every opset and spelling."""
    chosen = [Case(family, head, attention="eager" if family == "mpnet" else "sdpa") for family in FAMILIES for head in HEADS]
    chosen += [Case(family, "classification", "torchscript", 14, attention, training=training)
               for family in FAMILIES for attention in ("sdpa", "eager") for training in (False, True)
               if (family, attention) != ("mpnet", "sdpa")]  # MPNet has eager attention only
    chosen += [Case(family, head, "torchscript", 17, "eager" if family == "mpnet" else "sdpa", labels=False)
               for family in FAMILIES for head in HEADS]
    chosen += [Case("bert", "classification", "torchscript", opset, "eager", labels)
               for opset in range(11, 18) for labels in (True, False)
               if opset > 11 or not labels]  # torch's exporter has no cross-entropy before operator set 12
    chosen += [Case("bert", head, "dynamo", opset, attention, labels) for head in HEADS for opset in (18, 23)
               for attention in ("sdpa", "eager") for labels in (True, False)]
    chosen += [Case(family, "classification", "dynamo", 18, "eager", training=True) for family in FAMILIES]
    return list(dict.fromkeys(chosen))


def _config(case):
    import transformers
    sizes = {"vocab_size": WORDS, "num_labels": {"regression": 1, "qa": 2}.get(case.head, LABELS), "pad_token_id": 1}
    if case.family == "distilbert":
        sizes |= {"dim": HIDDEN, "hidden_dim": 64, "n_layers": 2, "n_heads": 4, "dropout": 0.0, "attention_dropout": 0.0,
                  "seq_classif_dropout": 0.0, "qa_dropout": 0.0, "max_position_embeddings": 16}
    else:
        sizes |= {"hidden_size": HIDDEN, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
                  "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout_prob": 0.0,
                  "max_position_embeddings": 16}
    if case.family in ("albert", "electra"):
        sizes["embedding_size"] = 16
    if case.family == "electra":
        sizes["summary_last_dropout"] = 0.0
    config = getattr(transformers, _CLASSES[case.family] + "Config")(**sizes)
    if case.head in ("classification", "regression"):
        config.problem_type = "regression" if case.head == "regression" else "single_label_classification"
    config.return_dict = False
    config._attn_implementation = case.attention
    return config


def build(case):
    """The model with random weights, none of them equal to another."""
    import torch
    import transformers
    torch.manual_seed(7)
    config = _config(case)
    model = getattr(transformers, _CLASSES[case.family] + "For" + _SUFFIXES[case.head])(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model.train(case.training)


def feeds(case):
    """Inputs, then labels, by name."""
    random = np.random.default_rng(3)
    ids = random.integers(5, WORDS, (BATCH, TOKENS))
    mask = np.ones((BATCH, TOKENS), np.int64)
    mask[0, -2:] = 0
    ids[0, -2:] = 1  # padding
    inputs = {"input_ids": ids, "attention_mask": mask}
    if case.family in ("bert", "albert", "electra"):
        inputs["token_type_ids"] = np.array([[0, 0, 0, 1, 1, 1, 0]] * BATCH)
    if case.head == "qa":
        return inputs, {"start_positions": np.array([1, 5]), "end_positions": np.array([3, 6])}
    if case.head == "regression":
        return inputs, {"labels": np.array([0.5, -1.0], np.float32)}
    if case.head == "classification":
        return inputs, {"labels": np.array([2, 0])}
    labels = random.integers(0, WORDS if case.head == "mlm" else LABELS, (BATCH, TOKENS))
    labels[0, -3:] = -100
    return inputs, {"labels": labels}


def export(case, model, path):
    """Writes the ONNX file as the exporter's documentation says."""
    import torch
    inputs, labels = feeds(case)
    values = {**inputs, **(labels if case.labels else {})}
    tensors = {name: torch.tensor(value) for name, value in values.items()}
    outputs = ["loss"] * case.labels + (["start_logits", "end_logits"] if case.head == "qa" else ["logits"])
    options = {"opset_version": case.opset, "input_names": list(values), "output_names": outputs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if case.exporter == "dynamo":
            torch.onnx.export(model, (), str(path), kwargs=tensors, dynamo=True, optimize=not case.training,
                              external_data=False, verbose=False, **options)
            return
        if case.training:
            options |= {"training": torch.onnx.TrainingMode.TRAINING, "do_constant_folding": False}
        torch.onnx.export(model, (tensors,), str(path), dynamo=False, **options)


def reference(case, model):
    """Loss and the gradient of every parameter that has one, by torch's names."""
    import torch
    inputs, labels = feeds(case)
    loss = model(**{name: torch.tensor(value) for name, value in {**inputs, **labels}.items()})[0]
    loss.backward()
    return loss.item(), {name: p.grad.numpy() for name, p in model.named_parameters() if p.grad is not None}
