"""Builds ONNX graphs of BERT encoders from Hugging Face checkpoints, with the onnx package."""
from intq.export.model import export_inference, export_training

__all__ = ["export_inference", "export_training"]
