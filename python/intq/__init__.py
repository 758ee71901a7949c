"""intq: compiles BERT fine-tuning to one integer training step, the same bits on every machine."""

__version__ = "0.1.0"
