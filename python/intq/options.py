"""What a training run needs to know, gathered from the command line, and what the compiler is told of it."""
import math
import os
from dataclasses import dataclass

from intq.adapters import adapter_options
from intq.errors import UserError


@dataclass
class TrainingOptions:
    recipe: str = "row8"
    engine: str = "cpu"
    cpu_isa: str = "auto"
    threads: int = 0
    lr: float = 5e-5
    lr_scheduler: str = None
    warmup: float = 0.0
    weight_decay: float = 0.0
    decay_all: bool = False
    max_grad_norm: float = None
    adam_mode: str = "torch"
    adam_betas: tuple = (0.9, 0.999)
    adam_eps: float = None
    moments: str = None
    grad_accum: int = 1
    dropout: float = None
    wta_crs: float = None
    sampler: str = "wta"
    wta_criterion: str = "paper"
    norm_cache: str = "none"
    checkpointing: bool = False
    adapter: str = None
    ranks: tuple = None
    eval_ranks: tuple = None
    lora_r: int = None
    lora_alpha: float = 16.0
    lora_targets: str = None
    lora_scale: str = None
    lora_frozen: bool = False
    lora_update: str = "dense"
    pad_to: str = "max"
    seed: int = 0
    save_steps: int = 500
    logging_steps: int = 10
    eval_steps: int = 0  # 0: at the end of each epoch
    on_nonfinite: str = "error"
    cache_dir: str = None

    def __post_init__(self):
        """Fills what depends on the mode: Hugging Face's defaults, or ONNX Runtime's."""
        ort = self.adam_mode == "ort"
        defaults = {"lr_scheduler": "constant" if ort else "linear", "max_grad_norm": 0.0 if ort else 1.0,
                    "adam_eps": 1e-6 if ort else 1e-8}
        for name, value in defaults.items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        self._check()

    def _check(self):
        checks = [(self.lr >= 0, "--lr of at least 0", self.lr), (self.weight_decay >= 0, "--weight-decay of at least 0",
                                                                  self.weight_decay),
                  (self.max_grad_norm >= 0, "--max-grad-norm of at least 0", self.max_grad_norm),
                  (self.adam_eps > 0, "--adam-eps above 0", self.adam_eps),
                  (all(0 <= b < 1 for b in self.adam_betas), "--adam-betas from 0 to below 1", self.adam_betas),
                  (self.dropout is None or 0 <= self.dropout < 1, "--dropout from 0 to below 1", self.dropout),
                  (self.wta_crs is None or 0 < self.wta_crs <= 1, "--wta-crs above 0, at most 1", self.wta_crs),
                  (self.lora_alpha > 0, "--lora-alpha above 0", self.lora_alpha),
                  (self.grad_accum >= 1, "--grad-accum of at least 1", self.grad_accum),
                  (self.save_steps >= 1, "--save-steps of at least 1", self.save_steps),
                  (self.logging_steps >= 1, "--logging-steps of at least 1", self.logging_steps),
                  (self.eval_steps >= 0, "--eval-steps of at least 0", self.eval_steps),
                  (0 <= self.seed < 2**64, "--seed from 0 to 2^64 − 1", self.seed)]
        for good, what, value in checks:
            if not good or (isinstance(value, float) and not math.isfinite(value)):
                raise UserError(f"expected {what}, but got {value}")

    @property
    def two_phase(self):
        """Whether gradients and update are separate calls: to accumulate, or to skip an update."""
        return self.grad_accum > 1 or self.on_nonfinite == "skip"

    def compiler_options(self, functions, **more):
        optimizer = {"mode": self.adam_mode, "beta1": self.adam_betas[0], "beta2": self.adam_betas[1],
                     "epsilon": self.adam_eps, "weight_decay": self.weight_decay, "decay_all": self.decay_all,
                     "max_grad_norm": self.max_grad_norm, **moments_option(self)}
        options = {**engine_options(self.recipe, self.engine, self.cpu_isa, self.threads, self.cache_dir),
                   "functions": functions,
                   "optimizer": optimizer, **more}
        if self.dropout is not None:
            options["dropout"] = self.dropout
        return options | sampling_options(self) | adapter_options(self)

    def identity(self):
        """What a resumed run must share: everything that changes a bit of the result."""
        free = {"engine", "cpu_isa", "threads", "save_steps", "logging_steps", "eval_steps", "checkpointing",
                "eval_ranks", "cache_dir"}
        if self.pad_to == "max":  # so did all runs before there was a choice
            free.add("pad_to")
        if self.moments in (None, "f32"):  # as in runs before there was a choice
            free.add("moments")
        if self.adapter is None:  # runs that were started before there were adapters can be resumed
            free |= {"adapter", "ranks", "lora_r", "lora_alpha", "lora_targets", "lora_scale", "lora_frozen", "lora_update"}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items() if k not in free}


def engine_options(recipe, engine, cpu_isa, threads, cache_dir=None):
    return {"recipe": recipe, "engine": engine, "cpu_isa": cpu_isa, "threads": threads,
            "cache_dir": default_cache_folder() if cache_dir is None else cache_dir}


def moments_option(chosen):
    """What the compiler's `optimizer` is told of --moments."""
    return {"moments": chosen.moments} if chosen.moments else {}


def default_cache_folder():
    """Where compiled code is kept unless an option says; empty: nowhere."""
    if "INTQ_CACHE_DIR" in os.environ:
        return os.environ["INTQ_CACHE_DIR"]
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "intq")


def link_options(chosen):
    """What the compiler is told of --trust-links."""
    return {"link_root": chosen.trust_links} if chosen.trust_links else {}


def sampling_options(chosen):
    """What the compiler is told of --wta-crs and --checkpointing; `chosen` has them as attributes."""
    options = {"checkpointing": True} if chosen.checkpointing else {}
    if chosen.wta_crs is not None:
        options["sampling"] = {"ratio": chosen.wta_crs, "sampler": chosen.sampler, "criterion": chosen.wta_criterion,
                               "cache": chosen.norm_cache}
    return options
