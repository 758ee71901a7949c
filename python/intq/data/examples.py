"""Rows to labelled examples: which columns hold text and label, what the labels are called."""
import math
from dataclasses import dataclass, field

from intq.data.presets import GENERIC
from intq.data.tables import read_table
from intq.errors import UserError

MAX_CLASSES = 1000


@dataclass
class Examples:
    path: str
    texts: list  # tuples of one or two strings
    labels: list = None  # ints or floats
    lines: list = field(default_factory=list)


@dataclass
class Columns:
    """What the user asked for: column names or numbers, or nothing."""
    text: list = None
    label: str = None
    preset: object = None


def read_examples(path, columns, task, label_names, need_labels=True, num_labels=None):
    """Reads a table. `label_names`: names by class number; a list that is empty is filled from the file, which
    must then have `num_labels` classes, if given."""
    table = read_table(path)
    text_columns, label_column = _locate(table, columns, need_labels)
    examples = Examples(str(path), [], [] if label_column is not None else None)
    if label_column is not None and task == "classification" and not label_names:
        label_names += _infer_names(table, label_column, num_labels)
    for row in table.rows:
        examples.lines.append(row.line)
        examples.texts.append(tuple(row.fields[c] for c in text_columns))
        if not any(t.strip() for t in examples.texts[-1]):
            raise UserError(f"{path}:{row.line}: expected text, but got an empty field")
        if label_column is not None:
            examples.labels.append(_label(path, row, label_column, task, label_names))
    return examples


def _label(path, row, column, task, names):
    text = row.fields[column].strip()
    if task == "regression":
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UserError(f"{path}:{row.line}: expected a number as label, but got '{text}'")
        return value
    if text in names:
        return names.index(text)
    if text.isdecimal() and int(text) < len(names) and not all(n.isdecimal() for n in names):
        return int(text)  # class numbers in place of names, as in Hugging Face's renderings
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    raise UserError(f"{path}:{row.line}: expected a label of {shown}, but got '{text}'")


def _infer_names(table, column, num_labels):
    """Class names from the labels: 0, 1, … where all are such numbers, else the distinct ones, sorted."""
    empty = next((row.line for row in table.rows if not row.fields[column].strip()), None)
    if empty:
        raise UserError(f"{table.path}:{empty}: expected a label, but got an empty field")
    distinct = {row.fields[column].strip() for row in table.rows}
    if all(name.isdecimal() and str(int(name)) == name for name in distinct):
        top = max(int(name) for name in distinct)
        if num_labels or top < MAX_CLASSES:
            return [str(n) for n in range(num_labels or max(top + 1, 2))]
    if len(distinct) > MAX_CLASSES:
        raise UserError(f"{table.path}: expected at most {MAX_CLASSES} classes, but got {len(distinct)} distinct "
                        f"labels; for a number as label use --task regression")
    if len(distinct) != (num_labels or max(len(distinct), 2)):
        raise UserError(f"{table.path}: expected {num_labels or 'at least two'} classes, but got {len(distinct)}: "
                        + ", ".join(sorted(distinct)[:10]))
    return sorted(distinct)


def _locate(table, columns, need_labels):
    """Column numbers of texts and label. Takes the header off where there is one."""
    if columns.text or columns.label is not None:
        return _given(table, columns, need_labels)
    known = columns.preset or GENERIC
    header = table.names or [f.strip() for f in table.rows[0].fields]
    texts = next((names for names in known.texts if all(n in header for n in names)), None)
    if texts is None and columns.preset and known.headerless and table.names is None:
        return _headerless(table, known)
    if texts is None:
        raise UserError(f"{table.path}: no text column found among {', '.join(header[:12])}; expected "
                        + " or ".join("+".join(names) for names in known.texts) + "; name one with --text")
    if table.names is None:
        table.take_header()
    label = next((name for name in known.labels if name in table.names), None)
    if label is None and need_labels:
        raise UserError(f"{table.path}: no label column found among {', '.join(header[:12])}; expected "
                        + " or ".join(known.labels) + "; name one with --label")
    return [table.names.index(n) for n in texts], None if label is None else table.names.index(label)


def _headerless(table, known):
    texts, label = known.headerless
    width = len(table.rows[0].fields)
    if width <= max(*texts, label):
        raise UserError(f"{table.path}:{table.rows[0].line}: expected at least {max(*texts, label) + 1} fields, "
                        f"but got {width}")
    return list(texts), label


def _given(table, columns, need_labels):
    texts, label = columns.text or [], columns.label
    if not texts:
        raise UserError("--label was given without --text: name the text column too")
    if label is None and need_labels:
        raise UserError("--text was given without --label: name the label column too")
    wanted = texts if label is None else [*texts, label]
    if table.names is None and _has_header(table, wanted, label):
        table.take_header()
    positions = [_position(table, name) for name in texts]
    if label is None:
        return positions, None
    try:
        return positions, _position(table, label)
    except UserError:
        if need_labels:
            raise
        return positions, None


def _has_header(table, wanted, label):
    """Names mean a header. With numbers, a first row is one whose label is no number and unlike all others."""
    first = [f.strip() for f in table.rows[0].fields]
    if not all(name.isdecimal() for name in wanted):
        return True
    if label is None or int(label) >= len(first) or _is_number(first[int(label)]):
        return False
    return all(row.fields[int(label)].strip() != first[int(label)] for row in table.rows[1:])


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _position(table, name):
    if table.names and name in table.names:
        return table.names.index(name)
    width = len(table.rows[0].fields)
    if name.isdecimal() and int(name) < width:
        return int(name)
    among = ", ".join(table.names) if table.names else f"0 … {width - 1}"
    raise UserError(f"{table.path}: expected a column of {among}, but got '{name}'")
