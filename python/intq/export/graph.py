"""A small builder over onnx.helper: one call a node, initializers added once, unique value names."""
import numpy as np
from onnx import TensorProto, helper

OPSET = 20
_TYPES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64,
          np.dtype(np.bool_): TensorProto.BOOL}
_LARGE = 1024  # bytes that are written from the array, not copied into the message


class GraphBuilder:
    def __init__(self, name):
        self.name, self.scope = name, ""  # `scope` begins the names of nodes
        self.nodes, self.initializers, self.inputs, self.outputs = [], {}, [], []
        self.weights = {}  # arrays that initializers stand for without holding their data

    def input(self, name, dtype, shape):
        self.inputs.append(helper.make_tensor_value_info(name, _TYPES[np.dtype(dtype)], shape))
        return name

    def output(self, name, value, shape):
        """Declares `value` a float output of the graph under `name`."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=f"output/{name}"))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def initializer(self, name, array):
        if name not in self.initializers:
            array = np.asarray(array)
            tensor = TensorProto(name=name, data_type=_TYPES[array.dtype], dims=array.shape)
            if array.nbytes >= _LARGE:
                self.weights[name] = array
            else:
                tensor.raw_data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
            self.initializers[name] = tensor
        return name

    def floats(self, name, value):
        return self.initializer(name, np.array(value, np.float32))

    def ints(self, name, value):
        return self.initializer(name, np.array(value, np.int64))

    def node(self, op, operands, name, metadata=None, **attributes):
        """Adds a node with one result, which carries the node's name."""
        name = self.scope + name
        node = helper.make_node(op, operands, [name + "_out"], name=name, **attributes)
        for key, value in (metadata or {}).items():
            node.metadata_props.add(key=key, value=value)
        self.nodes.append(node)
        return name + "_out"

    def model(self):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs,
                                  initializer=list(self.initializers.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10,
                                 producer_name="intq")
