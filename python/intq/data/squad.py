"""Extractive question answering: SQuAD JSON to overlapping windows with answer positions, and back to text."""
import json
from dataclasses import dataclass

import numpy as np

from intq.data.tables import is_text, read_text
from intq.data.tokenizer import arrays, pad
from intq.errors import UserError

MAX_ANSWER_TOKENS, BEST = 30, 20


@dataclass
class Question:
    id: str
    question: str
    context: str
    answers: list  # texts
    start: int = None  # of the first answer, in characters


@dataclass
class Windows:
    """One window of a context a row: token arrays, where it comes from, characters of each token."""
    inputs: dict
    start_positions: np.ndarray
    end_positions: np.ndarray
    question: np.ndarray  # index of the question
    offsets: np.ndarray  # [N, S, 2] characters in the context; −1 outside it


def read_squad(path, need_answers=True):
    try:
        data = json.loads(read_text(path))
        articles = data["data"]
        questions = [_question(path, paragraph["context"], qa, need_answers) for article in articles
                     for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: expected SQuAD JSON (data, paragraphs, context, qas), but got: "
                        f"{type(error).__name__} {error}") from None
    if not questions:
        raise UserError(f"{path}: expected questions, but the file has none")
    return questions


def _question(path, context, qa, need_answers):
    for what, text in (("question", qa["question"]), ("context", context)):
        if not isinstance(text, str) or not is_text(text):
            raise UserError(f"{path}: question '{qa['id']}': expected text as its {what}, but got {json.dumps(text)[:80]}")
    answers = qa.get("answers") or []
    if not answers:
        if need_answers and not qa.get("is_impossible", False):
            raise UserError(f"{path}: question '{qa['id']}': expected an answer, but got none")
        return Question(qa["id"], qa["question"], context, [])
    start, text = answers[0]["answer_start"], answers[0]["text"]
    if context[start:start + len(text)] != text:
        raise UserError(f"{path}: question '{qa['id']}': expected the answer '{text}' at character {start} of its "
                        f"context, but got '{context[start:start + len(text)]}'")
    return Question(qa["id"], qa["question"], context, [a["text"] for a in answers], start)


def doc_stride(seq):
    """Tokens that neighbouring windows share: 128 as in Hugging Face's example, a third of a short window."""
    return 128 if seq >= 384 else seq // 3


def windows(tokenizer, questions, seq):
    tokenizer.enable_truncation(seq, stride=doc_stride(seq), strategy="only_second")
    pad(tokenizer, seq)
    encodings, owner = [], []
    for index, q in enumerate(questions):
        try:
            first = tokenizer.encode(q.question.strip(), q.context)
        except BaseException as error:  # a too long question panics inside the tokenizers package
            if isinstance(error, KeyboardInterrupt):
                raise
            raise UserError(f"question '{q.id}' leaves no room for its context in a window of {seq} tokens: "
                            f"take a longer --seq") from None
        for encoding in (first, *first.overflowing):
            encodings.append(encoding)
            owner.append(index)
    offsets = np.array([_context_offsets(e) for e in encodings], np.int32)
    spans = [_positions(questions[o], off) for o, off in zip(owner, offsets)]
    return Windows(arrays(encodings), np.array([s for s, _ in spans]), np.array([e for _, e in spans]),
                   np.array(owner), offsets)


def _context_offsets(encoding):
    return [o if s == 1 else (-1, -1) for o, s in zip(encoding.offsets, encoding.sequence_ids)]


def _positions(question, offsets):
    """Tokens of the answer's first and last character; (0, 0) where the window does not hold all of it."""
    if question.start is None:
        return 0, 0
    last = question.start + len(question.answers[0]) - 1
    inside = offsets[:, 0] >= 0
    start = np.flatnonzero(inside & (offsets[:, 0] <= question.start) & (question.start < offsets[:, 1]))
    end = np.flatnonzero(inside & (offsets[:, 0] <= last) & (last < offsets[:, 1]))
    return (int(start[0]), int(end[0])) if start.size and end.size else (0, 0)


def answers(questions, found, logits):
    """The best span of each question over its windows. `logits`: [N, S, 2]."""
    best = [(-np.inf, "")] * len(questions)
    for row, owner in enumerate(found.question):
        score, text = _best_span(questions[owner].context, found.offsets[row], logits[row])
        if score > best[owner][0]:
            best[owner] = (score, text)
    return [text for _, text in best]


def _best_span(context, offsets, logits):
    inside = np.flatnonzero(offsets[:, 0] >= 0)
    starts = inside[np.argsort(-logits[inside, 0], kind="stable")[:BEST]]
    ends = inside[np.argsort(-logits[inside, 1], kind="stable")[:BEST]]
    score = logits[starts, 0][:, None].astype(np.float64) + logits[ends, 1][None]
    length = ends[None] - starts[:, None]
    score = np.where((length >= 0) & (length < MAX_ANSWER_TOKENS), score, -np.inf)
    if not np.isfinite(score).any():
        return -np.inf, ""
    s, e = np.unravel_index(np.argmax(score), score.shape)
    return float(score[s, e]), context[offsets[starts[s], 0]:offsets[ends[e], 1]]
