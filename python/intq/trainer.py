"""The training loop: batches through the compiled step, schedule, logs, evaluations, checkpoints, resume."""
import math
import statistics
import time

import numpy as np

from intq import norm_cache
from intq.errors import NonFiniteError, UserError
from intq.interrupt import Interrupt
from intq.progress import Progress
from intq.state_file import read_into_state, read_tensor, state_sha256, write_safetensors


class Interrupted(Exception):
    """The user asked to stop; the state was saved."""


class Trainer:
    """`batch(number)` gives the function for microbatch `number`, counted from the start of the run, and its inputs.

    `norms`: the cache of gradient norms, if the program has one; then `indices(number)` are the examples of a microbatch.
    `evaluate()` returns metrics by name (or is None); `eval_at(step)` says whether they are due.
    """

    def __init__(self, program, folder, options, schedule, batch, *, batch_size, steps_per_epoch=None,
                 evaluate=None, eval_at=lambda step: False, norms=None, indices=None):
        self.program, self.folder, self.options, self.schedule = program, folder, options, schedule
        self.batch, self.batch_size, self.steps_per_epoch = batch, batch_size, steps_per_epoch
        self.evaluate, self.eval_at = evaluate, eval_at
        self.norms, self.indices = norms, indices
        self.total, self.step = schedule.total, 0
        self.losses, self.seconds, self.skipped, self.last_metrics = [], [], 0, None

    # Checkpoints.

    def resume(self):
        """Takes up the newest whole checkpoint; without one the run starts from its beginning."""
        found = self.folder.newest_checkpoint(Progress.say)
        if found is None:
            Progress.say(f"no checkpoint in {self.folder.path} yet: starting from the beginning")
        else:
            path, manifest = found
            read_into_state(path / "state.safetensors", self.program)
            if self.norms:
                read_tensor(path / "state.safetensors", norm_cache.NAME, self.norms.codes)
            if self.hash(manifest["step"]) != manifest["state_sha256"]:
                raise UserError(f"{path}: the state does not have the recorded state_sha256")
            self.step, self.skipped = manifest["step"], manifest.get("skipped", 0)
            Progress.say(f"resuming {self.folder.path} at step {self.step} of {self.total}")
        self.folder.cut_log(self.step)

    def hash(self, step=None):
        return state_sha256(self._tensors(), step=self.step if step is None else step, seed=self.options.seed)

    def _tensors(self):
        tensors = {e["name"]: self.program.state(e["name"]) for e in self.program.state_entries}
        return tensors | ({norm_cache.NAME: self.norms.codes} if self.norms else {})

    def save(self):
        tensors = self._tensors()
        manifest = {"seed": self.options.seed, "microbatches": self.step * self.options.grad_accum,
                    "skipped": self.skipped, "options": self.options.identity(), "state_sha256": self.hash()}
        try:
            self.folder.save_checkpoint(self.step, lambda path: write_safetensors(path, tensors), manifest)
        except OSError as error:
            raise UserError(f"cannot save a checkpoint in {self.folder.checkpoints}: {error.strerror}") from None

    # The loop.

    def train(self):
        progress = Progress(self.total, self.step, self.batch_size * self.options.grad_accum)
        saved = self.step if self.step else None
        try:
            with Interrupt() as interrupt:
                while self.step < self.total:
                    self._one_step(progress)
                    last = self.step == self.total
                    if last or self.step % self.options.save_steps == 0 or interrupt.requested:
                        self.save()
                        saved = self.step
                    if interrupt.requested and not last:
                        raise Interrupted(f"stopped after step {self.step} of {self.total}; the state is saved: "
                                          f"continue with --resume")
                    if self.evaluate and (last or self.eval_at(self.step)):
                        self._evaluate(progress)
            if saved != self.step:
                self.save()  # a run of no steps
        finally:
            progress.close()

    def _one_step(self, progress):
        started = time.monotonic()
        rate = self.schedule(self.step)
        try:
            loss = self._accumulated(rate) if self.options.two_phase else self._fused(rate)
        except NonFiniteError as error:
            if self.options.on_nonfinite != "skip":
                raise UserError(f"{error}; nothing of this step was written, and the newest checkpoint stands "
                                f"(--on-nonfinite skip leaves such steps out)") from None
            self.skipped += 1
            loss = math.nan
            progress.say(f"step {self.step + 1} skipped: {error}")
        self.step += 1
        self.losses.append(loss)
        self.seconds.append(time.monotonic() - started)
        progress.step(loss, rate)
        if self.step % self.options.logging_steps == 0 or self.step == self.total:
            self._log(progress, rate)

    def _fused(self, rate):
        outputs = self._run(self.step, lr=rate, only=[self._loss_name("step"), norm_cache.NAME])
        return float(outputs[self._loss_name("step")])

    def _run(self, number, **how):
        """Runs microbatch `number` and keeps the norms of its gradients."""
        function, batch = self.batch(number)
        if self.norms:
            batch = batch | {norm_cache.NAME: self.norms.load(self.indices(number))}
        outputs = self.program.run(function, batch, seed=self.options.seed, step=self.step, **how)
        if self.norms:
            self.norms.store(self.indices(number), outputs[norm_cache.NAME])
        return outputs

    def _accumulated(self, rate):
        """Mean gradient over the microbatches, added in their order in binary32, then one update."""
        count, total, losses = self.options.grad_accum, None, []
        for micro in range(count):
            outputs = self._run(self.step * count + micro, microbatch=micro)
            losses.append(float(outputs[self._loss_name("grad")]))
            grads = {k: v for k, v in outputs.items() if k.startswith("grad/")}
            if total is None:
                total = grads
            else:
                for name, value in grads.items():
                    total[name] += value
        if count > 1:
            for value in total.values():
                value *= np.float32(1 / count)
        self.program.run("update", total, seed=self.options.seed, step=self.step, lr=rate)
        return sum(losses) / count

    def _loss_name(self, function):
        return next(o["name"] for o in self.program.outputs(function) if o.get("loss"))

    def _epoch(self):
        return self.step / self.steps_per_epoch if self.steps_per_epoch else None

    def _log(self, progress, rate):
        window = self.options.logging_steps
        recent = [x for x in self.losses[-window:] if math.isfinite(x)]
        loss, seconds = (statistics.fmean(recent) if recent else math.nan), statistics.median(self.seconds[-window:])
        progress.log(self.step, self.total, loss, rate, self._epoch(), seconds)
        self.folder.append_log({"step": self.step, "epoch": self._epoch(), "loss": None if math.isnan(loss) else loss,
                                "learning_rate": rate, "step_seconds": round(seconds, 4)})

    def _evaluate(self, progress):
        self.last_metrics = self.evaluate()
        self.folder.append_log({"step": self.step, "epoch": self._epoch(), "eval": self.last_metrics})
        shown = "  ".join(f"{name} {value:.4f}" for name, value in self.last_metrics.items())
        progress.say(f"step {self.step}/{self.total}  evaluation: {shown}")
