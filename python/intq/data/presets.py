"""Task presets: which columns GLUE's files (and Hugging Face's renderings of them) use, labels and metrics."""
from dataclasses import dataclass

from intq.errors import UserError

ENTAILMENT = ["entailment", "not_entailment"]


@dataclass(frozen=True)
class Preset:
    task: str
    texts: tuple  # alternatives: tuples of column names
    labels: tuple  # alternatives: column names
    label_names: tuple = ()
    metric: str = "accuracy"  # the one that is plotted and named first
    headerless: tuple = ()  # (text column numbers, label column number) where the file has no header


_SENTENCE = (("sentence",), ("text_a",), ("text",))
_PAIR = (("sentence1", "sentence2"), ("text_a", "text_b"))
_LABEL = ("label", "labels")
_01 = ("0", "1")

PRESETS = {
    "sst2": Preset("classification", _SENTENCE, _LABEL, _01),
    "cola": Preset("classification", _SENTENCE, _LABEL, _01, "matthews_correlation", ((3,), 1)),
    "stsb": Preset("regression", _PAIR, ("score", "label"), (), "pearson"),
    "mrpc": Preset("classification", (("#1 String", "#2 String"), *_PAIR), ("Quality", *_LABEL), _01, "f1"),
    "qqp": Preset("classification", (("question1", "question2"),), ("is_duplicate", *_LABEL), _01, "f1"),
    "rte": Preset("classification", _PAIR, _LABEL, tuple(ENTAILMENT)),
    "qnli": Preset("classification", (("question", "sentence"),), _LABEL, tuple(ENTAILMENT)),
    "wnli": Preset("classification", _PAIR, _LABEL, _01),
    "mnli": Preset("classification", (*_PAIR, ("premise", "hypothesis")), ("gold_label", *_LABEL),
                   ("entailment", "neutral", "contradiction")),
}

# Used without a preset where a header names its columns so.
GENERIC = Preset("classification", (*_PAIR, *_SENTENCE, ("question1", "question2"), ("question", "sentence"),
                                    ("premise", "hypothesis"), ("review",)),
                 (*_LABEL, "score", "class", "rating"))


def preset(name):
    if name not in PRESETS:
        raise UserError(f"expected a task preset of {', '.join(PRESETS)}, but got '{name}'")
    return PRESETS[name]
