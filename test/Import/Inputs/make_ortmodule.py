#!/usr/bin/env python3
"""Writes ortmodule.onnx and ortmodule-dynamic.onnx: what ONNX Runtime's ORTModule makes of this folder's small encoder (form B).

Needs onnxruntime-training-cpu 1.19.2, onnx 1.16 and numpy 1.
"""
import pathlib

import models
import onnx
from onnxruntime.capi._pybind_state import (OrtModuleGraphBuilder, OrtModuleGraphBuilderConfiguration,
                                            TrainingGraphTransformerConfiguration)


def gradient_graph(model):
    weights = [t.name for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT and t.dims]
    configuration = OrtModuleGraphBuilderConfiguration()
    configuration.initializer_names = configuration.initializer_names_to_train = weights
    builder = OrtModuleGraphBuilder()
    builder.initialize(model.SerializeToString(), configuration)
    builder.build(TrainingGraphTransformerConfiguration())
    return onnx.load_from_string(builder.get_gradient_model())


def main():
    for name, batch in (("ortmodule", models.BATCH), ("ortmodule-dynamic", "batch")):
        graph = gradient_graph(models.encoder(models.norm_spelled, opset=15, batch=batch))
        onnx.save(graph, pathlib.Path(__file__).with_name(name + ".onnx"))


if __name__ == "__main__":
    main()
