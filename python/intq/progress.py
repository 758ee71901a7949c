"""What a person sees while training: a progress bar on a terminal, plain lines elsewhere."""
import sys
import time

from tqdm import tqdm


class Progress:
    """Bar with loss, learning rate, speed and time left; `say` prints a line without breaking the bar."""

    def __init__(self, total, done, examples_per_step, unit="step"):
        self.examples = examples_per_step
        self.bar = tqdm(total=total, initial=done, unit=unit, desc="training", dynamic_ncols=True,
                        disable=not sys.stderr.isatty(), smoothing=0.1)
        self.start, self.first = time.monotonic(), done

    def step(self, loss, rate):
        self.bar.set_postfix(loss=f"{loss:.4f}", lr=f"{rate:.2e}", refresh=False)
        self.bar.update(1)

    def log(self, step, total, loss, rate, epoch, seconds):
        """One line in the manner of Hugging Face's trainer, where no bar is shown."""
        if not self.bar.disable:
            return
        speed = 1 / seconds if seconds else float("inf")
        left = _clock((total - step) * seconds)
        at = "" if epoch is None else f"epoch {epoch:.2f}  "
        self.say(f"step {step}/{total}  {at}loss {loss:.4f}  lr {rate:.3e}  {speed:.2f} steps/s  "
                 f"{speed * self.examples:.0f} examples/s  {left} left")

    @staticmethod
    def say(text):
        tqdm.write(text, file=sys.stdout)
        sys.stdout.flush()

    def close(self):
        self.bar.close()


def _clock(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
