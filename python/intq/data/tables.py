"""Reads TSV, CSV and JSONL files into rows of text fields, each with the line it stands on."""
import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from intq.errors import UserError

FORMATS = {".tsv": "TSV", ".txt": "TSV", ".csv": "CSV", ".jsonl": "JSONL", ".ndjson": "JSONL"}


@dataclass
class Row:
    line: int
    fields: list


@dataclass
class Table:
    path: Path
    names: list  # column names: those of JSONL objects, else None until a header is taken
    rows: list

    def take_header(self):
        """Makes the first row the column names."""
        self.names = [field.strip() for field in self.rows[0].fields]
        self.rows = self.rows[1:]
        if not self.rows:
            raise UserError(f"{self.path}: expected rows after the header, but the file ends there")


def read_table(path):
    path = Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UserError(f"{path}: expected a file named {', '.join(FORMATS)}, but got '{path.suffix}'")
    text = read_text(path)
    names, rows = {"TSV": _tsv, "CSV": _csv, "JSONL": _jsonl}[kind](path, text)
    if not rows:
        raise UserError(f"{path}: expected rows of {kind}, but the file is empty")
    return Table(path, names, rows)


def read_text(path):
    """A UTF-8 file; the message for a wrong byte says where it is."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b"\n") + 1
        raise UserError(f"{path}:{line}: expected UTF-8 text, but got byte 0x{data[error.start]:02x}") from None


def _lines(text):
    """Lines by \\n alone (str.splitlines would cut at characters that text may hold), numbered, blank ones left out."""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if line.strip():
            yield number, line


def _tsv(path, text):
    """GLUE's form: tabs separate, quotes are text."""
    rows = [Row(number, line.split("\t")) for number, line in _lines(text)]
    return None, _same_width(path, rows, "tab-separated")


def _csv(path, text):
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, start = [], 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                rows.append(Row(start, fields))
            start = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}:{start}: expected CSV, but got: {error}") from None
    return None, _same_width(path, rows, "comma-separated")


def _same_width(path, rows, what):
    for row in rows:
        if len(row.fields) != len(rows[0].fields):
            raise UserError(f"{path}:{row.line}: expected {len(rows[0].fields)} {what} fields as in line "
                            f"{rows[0].line}, but got {len(row.fields)}")
    return rows


def _jsonl(path, text):
    names, rows = None, []
    for number, line in _lines(text):
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise UserError(f"{path}:{number}: expected one JSON object a line, but got: {error}") from None
        if not isinstance(record, dict):
            raise UserError(f"{path}:{number}: expected a JSON object, but got {type(record).__name__}")
        names = names or list(record)
        missing = [name for name in names if name not in record]
        if missing:
            raise UserError(f"{path}:{number}: expected the key '{missing[0]}' as in the first line, "
                            f"but got {', '.join(record) or 'none'}")
        fields = [_field(record[name]) for name in names]
        for name, value in zip(names, fields):
            if not is_text(value):
                raise UserError(f"{path}:{number}: expected text in '{name}', but got half of a surrogate pair")
        rows.append(Row(number, fields))
    return names, rows


def is_text(value):
    """Whether a string from JSON, which may hold any escape, is Unicode text."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _field(value):
    return value if isinstance(value, str) else json.dumps(value)
