"""Builds ONNX graphs of BERT encoders from Hugging Face checkpoints, with the onnx package."""
from intq.export.model import SEQUENCE, export_inference, export_training

__all__ = ["SEQUENCE", "export_inference", "export_training"]
