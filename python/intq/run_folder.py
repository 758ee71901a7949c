"""A run's output folder: what is in it, and writes that a crash at any moment cannot leave half done.

    run.json            what was asked for
    train.onnx          the graph that is trained
    checkpoints/step-N  state.safetensors, manifest.json
    log.jsonl           one line a logged step or evaluation
    model/, curves.png  results
"""
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from intq.errors import UserError

KEEP = 2  # newest checkpoints that stay


def sync_folder(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def on_disk(path):
    """A new file to write bytes to, which is on the disk when the block ends."""
    with open(path, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_whole(path, write):
    """The whole file or none of it: `write(draft)` writes it durably under another name. A failure names the file."""
    path = Path(path)
    draft = path.with_name(f".{path.name}.draft")
    try:
        write(draft)
        os.replace(draft, path)
        sync_folder(path.parent)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


def write_atomically(path, data):
    def write(draft):
        with on_disk(draft) as file:
            file.write(data if isinstance(data, bytes) else data.encode())

    write_whole(path, write)


def write_together(path, write):
    """All files that `write(draft)` makes in the folder of `draft`, or none: they go beside `path` when they are whole, and
    `path` itself is the last. A failure names it."""
    path = Path(path)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".intq-") as folder:
            write(Path(folder) / path.name)
            for draft in sorted(Path(folder).iterdir(), key=lambda made: made.name == path.name):
                with open(draft, "rb") as file:
                    os.fsync(file.fileno())
                os.replace(draft, path.parent / draft.name)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


class RunFolder:
    def __init__(self, path):
        self.path = Path(path)
        self.checkpoints = self.path / "checkpoints"

    @property
    def manifest_file(self):
        return self.path / "run.json"

    @property
    def initial_checkpoint(self):
        """The checkpoint of ONNX Runtime that a run of an .onnx model began with, if any."""
        return self.path / "initial_ort_checkpoint"

    def checkpoint_option(self):
        return {"checkpoint": str(self.initial_checkpoint)} if self.initial_checkpoint.exists() else {}

    def open_new_or_resume(self, manifest, resume):
        """Claims the folder for this run. Returns whether it holds this very run already."""
        if self.manifest_file.exists():
            if not resume:
                raise UserError(f"{self.path} already holds a run: continue it with --resume, or choose another --out")
            _same_run(self.path, self.read_manifest(), manifest)
            self._probe()
            return True
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"expected a folder for --out, but {self.path} is a file")
        if self.path.exists() and any(p for p in self.path.iterdir() if not p.name.startswith(".")):
            raise UserError(f"{self.path} is not empty and holds no run of intq: choose another --out")
        self._probe()
        write_atomically(self.manifest_file, json.dumps(manifest, indent=1))
        return False

    def _probe(self):
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".probe"
            probe.write_bytes(b"intq")
            probe.unlink()
        except OSError as error:
            raise UserError(f"cannot write to {self.path}: {error.strerror}") from None

    def require_space(self, bytes_needed):
        free = shutil.disk_usage(self.path).free
        if free < bytes_needed:
            raise UserError(f"{self.path}: expected {bytes_needed / 2**20:.1f} MiB of free space for checkpoints and "
                            f"results, but got {free / 2**20:.1f} MiB")

    def read_manifest(self):
        try:
            return json.loads(self.manifest_file.read_text())
        except FileNotFoundError:
            raise UserError(f"{self.path} holds no run of intq (no run.json)") from None
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UserError(f"{self.manifest_file}: expected JSON, but got: {error}") from None

    def save_checkpoint(self, step, write_state, manifest):
        """`write_state(path)` writes the tensors and returns nothing; `manifest` is completed with the file's hash."""
        final = self.checkpoints / f"step-{step:08d}"
        draft = self.checkpoints / f".draft-{step:08d}"
        self._remove_drafts()
        try:
            draft.mkdir(parents=True)  # not before run.json: what a killed run left can be resumed
            write_state(draft / "state.safetensors")
            manifest = {**manifest, "step": step, "file_sha256": _file_sha256(draft / "state.safetensors")}
            write_atomically(draft / "manifest.json", json.dumps(manifest, indent=1))
        except (OSError, UserError):
            shutil.rmtree(draft, ignore_errors=True)
            raise
        shutil.rmtree(final, ignore_errors=True)
        os.replace(draft, final)
        sync_folder(self.checkpoints)
        sync_folder(self.path)
        for old in self._listed()[KEEP:]:
            shutil.rmtree(old, ignore_errors=True)
        return final

    def _remove_drafts(self):
        """What a killed run may have left."""
        for path in self.checkpoints.glob(".draft-*"):
            shutil.rmtree(path, ignore_errors=True)

    def _listed(self):
        """Checkpoint folders, newest first."""
        if not self.checkpoints.is_dir():
            return []
        return sorted((p for p in self.checkpoints.iterdir() if p.name.startswith("step-")), reverse=True)

    def newest_checkpoint(self, notice):
        """(folder, manifest) of the newest whole checkpoint, or None; the others are named to `notice`."""
        for folder in self._listed():
            try:
                manifest = json.loads((folder / "manifest.json").read_text())
                found = _file_sha256(folder / "state.safetensors")
                if found == manifest["file_sha256"]:
                    return folder, manifest
                notice(f"skipping {folder}: its state file does not have the recorded hash")
            except (OSError, ValueError, KeyError) as error:
                notice(f"skipping {folder}: incomplete or damaged ({error})")
        return None

    def append_log(self, record):
        try:
            with open(self.path / "log.jsonl", "a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise UserError(f"cannot write {self.path / 'log.jsonl'}: {error.strerror}") from None

    def read_log(self):
        try:
            lines = (self.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        records = []
        for line in lines:
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError:
                continue  # the last line of a killed run
        return records

    def cut_log(self, step):
        """Forgets what was logged after `step`: a resumed run logs it again."""
        kept = [r for r in self.read_log() if r["step"] <= step]
        write_atomically(self.path / "log.jsonl", "".join(json.dumps(r) + "\n" for r in kept))


def _same_run(path, found, asked):
    before, now = found.get("identity", {}), asked["identity"]
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            raise UserError(f"--resume: {path} was started with {key} = {before.get(key)!r}, but got {now.get(key)!r}")


def _file_sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
            else hashlib.sha256(file.read()).hexdigest()
