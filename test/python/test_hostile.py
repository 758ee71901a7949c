"""Rules H1 to H48 of files from strangers (docs/Import.md): one test a rule, with a small file that breaks only it."""
import json
import os
import pathlib
import re
import resource
import struct
import subprocess
import tarfile

import numpy as np
import onnx
import pytest
from imported_model import run_tool
from onnx import AttributeProto, TensorProto, helper, numpy_helper
from safetensors import SafetensorError, safe_open
from test_import import CHECKPOINT, WEIGHT, checkpoint, external, gemm, models, refuses, small, tensor, translate  # noqa: F401

MIB = 1 << 20


# Bytes and protobuf. A field is its number and wire type as a varint, then its content.

def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytearray([value]))


def field(number, content, wire=2):
    return varint(number << 3 | wire) + (varint(len(content)) + content if wire == 2 else content)


GRAPH = field(7, small().graph.SerializeToString())
OPSETS = field(8, helper.make_opsetid("", 17).SerializeToString())


def run_limited(build, folder, data, *options, memory=0):
    """A run with at most `memory` bytes of address space beyond that of a run that refuses an empty file."""
    path = folder / "limited.onnx"
    path.write_bytes(data)
    tool = [build / "bin" / "intq-translate", f"--import-model={path}", *options]
    limit = address_space(build, folder) + memory if memory else resource.RLIM_INFINITY
    return subprocess.run(tool, capture_output=True, text=True, timeout=60,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))


def address_space(build, folder):
    """Most address space that a refusal of a file of one byte takes, found by halving."""
    path = folder / "byte.onnx"
    path.write_bytes(b"x")
    low, high = 64 * MIB, 4096 * MIB
    while high - low > 32 * MIB:
        middle = (low + high) // 2
        done = subprocess.run([build / "bin" / "intq-translate", f"--import-model={path}"], capture_output=True, text=True,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (middle, middle)))
        low, high = (low, middle) if "do not parse" in done.stderr else (middle, high)
    return high


def test_h01_claimed_sizes(build, tmp_path):
    claim = varint(9 << 3 | 2) + varint(1 << 30)  # raw_data of a gibibyte in a file of a few bytes
    data = field(7, field(5, claim + b"1234")) + OPSETS
    done = run_limited(build, tmp_path, data, memory=64 * MIB)
    refuses(done, "do not parse")
    refuses(run_limited(build, tmp_path, small(weight=tensor(dims=[1 << 15, 1 << 15])).SerializeToString(), memory=64 * MIB),
            "expected 4294967296 bytes of raw_data for its shape, but got 24")


@pytest.mark.parametrize("data", [b"\x08" + b"\xff" * 11, field(0, b""), b"\x0e", b"\x0f"],
                         ids=["varint", "field-0", "wire-6", "wire-7"])
def test_h02_malformed_fields(translate, data):
    assert translate(GRAPH + OPSETS).returncode == 0
    refuses(translate(GRAPH + OPSETS + data), "do not parse")


def test_h03_wire_types(translate):
    raw = field(9, WEIGHT.tobytes()) + field(2, b"\x01", wire=0) + field(8, b"w")
    unpacked, packed = field(1, b"\x02", wire=0) + field(1, b"\x03", wire=0), field(1, b"\x02\x03")
    for dims, unknown in ((unpacked, b""), (packed, b""), (unpacked, field(900, b"of a later version"))):
        assert translate(model_of_weight(dims + raw + unknown)).returncode == 0
    refuses(translate(model_of_weight(unpacked + raw.replace(field(2, b"\x01", wire=0), field(2, b"x")))),
            "element type 0 is not supported")  # a string where the type belongs is an unknown field


def model_of_weight(bytes_of_tensor):
    model = small()
    del model.graph.initializer[:]
    return field(7, model.graph.SerializeToString() + field(5, bytes_of_tensor)) + OPSETS


def test_h04_repeated_graph_is_merged_and_checked(translate):
    refuses(translate(GRAPH + OPSETS + GRAPH), "expected each value to be defined once")


def test_h05_opset_after_the_graph(translate):
    assert translate(GRAPH + OPSETS).returncode == translate(OPSETS + GRAPH).returncode == 0


def test_h06_depth(translate):
    inner = b""
    for _ in range(40):  # graph → node → attribute → graph
        inner = field(1, field(5, field(6, inner)))
    refuses(translate(field(7, inner) + OPSETS), "do not parse")


def test_h07_names(translate):
    long = "n" * (65 * 1024)
    refuses(translate(small(nodes=[gemm("y", "x", "w", transB=1), gemm(long, "x", "w", transB=1)])), "of at most 64 KiB")
    refuses(translate(small(nodes=[helper.make_node("Gemm", ["x", "w"], ["y"], name="a\0b", transB=1)])), "name in UTF-8")
    broken = small().SerializeToString().replace(b"product", b"\xff" * 7)
    assert translate(broken).returncode == 2
    model = small()
    model.metadata_props.add(key="k", value="v" * (17 << 20))
    refuses(translate(model), "at most 16 MiB of metadata")


def test_h07_messages_are_escaped(translate):
    node = helper.make_node("Elu", ["x"], ["y"], name="a\x1b[31mb\u202ec\n")
    done = translate(small(nodes=[node]))
    refuses(done, r"node 'a\1B[31mb\E2\80\AEc\0A' (ai.onnx Elu")
    assert "\x1b" not in done.stderr and "\u202e" not in done.stderr


def test_h08_counts(translate):
    nodes = [gemm("y", "x", "w", transB=1), helper.make_node("Concat", ["x"] * 65537, ["z"], name="wide", axis=0)]
    refuses(translate(small(nodes=nodes)), "at most 65536 operands")
    refuses(translate(small(nodes=[gemm("y", "x", "w", transB=1)] + [gemm(f"z{i}", "x", "w", transB=1) for i in range(9)]),
                      "--max-nodes=9"), "at most 9 nodes")


def test_h09_file_size(build, tmp_path):
    path = tmp_path / "large.onnx"
    with open(path, "wb") as file:
        file.truncate(1 << 31)  # without blocks on the disk
    refuses(run_tool(build, "intq-translate", f"--import-model={path}"), "expected at most 2147483647 bytes")


@pytest.mark.parametrize("head,name", [(b"ir_version: 8\ngraph {\n", "text form"), (b"PK\x03\x04", "zip archive"),
                                       (b"\x1f\x8b\x08\x00", "gzip"), (b"\0\0\0\0ORTM\0\0", ".ort file")])
def test_h09_other_formats(translate, head, name):
    refuses(translate(head), name)


def test_h10_attributes(translate):
    def with_attributes(*attributes):
        node = gemm("y", "x", "w")
        node.attribute.extend(attributes)
        return small(nodes=[node])

    number = AttributeProto(name="transB", type=AttributeProto.INT, i=1)
    assert translate(with_attributes(number)).returncode == 0
    both = AttributeProto(name="transB", type=AttributeProto.INT, i=1, f=1)
    refuses(translate(with_attributes(both)), "a value of its declared type only")
    refuses(translate(with_attributes(number, number)), "each attribute once")
    refuses(translate(with_attributes(AttributeProto(name="transB", type=AttributeProto.INT, ref_attr_name="k"))),
            "each attribute once, with a value")
    refuses(translate(with_attributes(AttributeProto(name="transB", i=1))), "expected a value of its declared type only")


# Tensors.

@pytest.mark.parametrize("dims", [[-2, 3], [1 << 40, 1 << 40], [1 << 16, 1 << 16], [1] * 9], ids=str)
def test_h11_dimensions(translate, dims):
    refuses(translate(small(weight=tensor(dims=dims))), "expected")


@pytest.mark.parametrize("weight", [
    tensor(float_data=[1.0]), tensor(raw=WEIGHT.tobytes() + b"1234"), tensor(dims=[0, 3]),
    TensorProto(name="w", dims=[2, 3], data_type=1, float_data=[1.0]),
    TensorProto(name="w", dims=[1], data_type=TensorProto.INT8, int32_data=[300]),
    TensorProto(name="w", dims=[1], data_type=TensorProto.BOOL, int32_data=[2])],
    ids=["two", "long", "of-nothing", "short", "wide", "bool"])
def test_h12_payload(translate, weight):
    refuses(translate(small(weight=weight)), "expected")


@pytest.mark.parametrize("weight", [
    TensorProto(name="w", dims=[1], data_type=TensorProto.STRING, string_data=[b"x"]), tensor(dtype=TensorProto.COMPLEX64),
    tensor(dtype=99), tensor(segment=TensorProto.Segment(begin=0, end=1))], ids=["string", "complex", "unknown", "segment"])
def test_h13_types(translate, weight):
    refuses(translate(small(weight=weight)), "supported")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_h14_parameters_are_finite(translate, value):
    weight = WEIGHT.copy()
    weight[1, 1] = value
    refuses(translate(small(weight=numpy_helper.from_array(weight, "w"))), f"'w': expected finite values, but got {value} at element 4")


# Graph.

def test_h15_value_names(translate):
    refuses(translate(small(nodes=[gemm("y", "x", "w", transB=1), helper.make_node("Identity", ["x"], ["w"])])), "defined once, but got 'w'")
    refuses(translate(small(nodes=[gemm("y", "x", "")])), "expected at least 2 operands, but got 1")


def test_h16_operands_and_cycles(translate):
    refuses(translate(small(nodes=[gemm("y", "x", "missing")])), "its operand 'missing'")
    refuses(translate(small(nodes=[gemm("a", "b", "w"), gemm("b", "a", "w"), gemm("y", "x", "w", transB=1)])), "node 'a'")
    refuses(translate(small(nodes=[gemm("z", "x", "w", transB=1)])), "the graph's outputs: expected its operand 'y'")


@pytest.mark.parametrize("node,message", [
    (helper.make_node("Gemm", ["x"], ["y"], name="n"), "at least 2 operands, but got 1"),
    (helper.make_node("Transpose", ["x"], ["y"], perm=[0, 7]), "a permutation"),
    (helper.make_node("Transpose", ["x"], ["y"], perm="text"), "attribute 'perm' has not the type"),
    (helper.make_node("Flatten", ["x"], ["y"], axis=9), "axis within the rank"),
    (helper.make_node("LayerNormalization", ["x", "w"], ["y"], axis=-9), "the last axis"),
    (helper.make_node("Gemm", ["x", "w"], [], name="n"), "at least one result")])
def test_h17_operands_attributes_axes(translate, node, message):
    model = small(nodes=[node] if node.output else [gemm("y", "x", "w", transB=1), node])
    refuses(translate(model), message)


def test_h18_functions(translate):
    model = small(nodes=[helper.make_node("F", ["x"], ["y"], domain="own")], opsets=[helper.make_opsetid("", 17),
                                                                                   helper.make_opsetid("own", 1)])
    body = [helper.make_node("F", ["a"], ["b"], domain="own")]  # calls itself
    model.functions.append(helper.make_function("own", "F", ["a"], ["b"], body, model.opset_import))
    assert translate(model).returncode == 2


@pytest.mark.parametrize("bindings", [[("w", "nowhere")], [("x", "y")], [("w", "y"), ("w", "y")]], ids=str)
def test_h19_bindings(translate, bindings):
    model = small()
    info = model.training_info.add()
    for key, value in bindings:
        info.update_binding.add(key=key, value=value)
    refuses(translate(model), "expected an initializer, named once, and a result of the step, but got "
            f"'{bindings[-1][0]}' and '{bindings[-1][1]}'")
    model.training_info.add()
    refuses(translate(model), "at most one entry of `training_info`, but got 2")


def accumulating(buffers):
    """A form A graph whose accumulators have the operands `buffers`: (buffer, gradient)."""
    model = models.training("A")
    accumulators = [n for n in model.graph.node if n.op_type == "InPlaceAccumulatorV2"]
    for node, change in zip(accumulators, buffers):
        for place, name in change.items():
            node.input[place] = node.input[place] if name is None else name(accumulators)
    return model


def test_h20_aliasing(translate):
    assert translate(accumulating([])).returncode == 0
    refuses(translate(accumulating([{0: lambda all_: all_[1].input[0]}])), "to be used by nothing else")
    refuses(translate(accumulating([{1: lambda all_: all_[1].input[1]}])), "each gradient to be accumulated once")
    refuses(translate(accumulating([{0: lambda all_: "ids"}])), "to be a graph input named <parameter>_grad.accumulation.buffer")


def test_h21_overlapping_parameters_are_listed(translate, tmp_path):
    (tmp_path / "w.bin").write_bytes(np.arange(9, dtype=np.float32).tobytes())
    model = external("w.bin", offset=0)
    second = external("w.bin", offset=12).graph.initializer[0]
    second.name = "v"
    model.graph.initializer.append(second)
    model.graph.node.append(gemm("z", "x", "v", transB=1))
    model.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [4, 2]))
    done = translate(model)
    assert done.returncode == 0 and "'v' and 'w' share bytes in their file: they are trained apart" in done.stderr


# Folding and shapes.

def folding(*nodes, constants=()):
    """The small model whose input is reshaped to what `nodes` compute as `target`."""
    model = small(nodes=[*nodes, helper.make_node("Reshape", ["x", "target"], ["r"], name="reshape"),
                         gemm("y", "r", "w", transB=1)])
    for name, value in constants:
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return model


def op(name, *operands, **attributes):
    return helper.make_node(name, list(operands), ["target"], name="fold", **attributes)


BIG = np.iinfo(np.int64).max


def test_folded_shapes_are_used(translate):
    assert translate(folding(op("Add", "a", "b"), constants=[("a", [1, 1]), ("b", [3, 2])])).returncode == 0


@pytest.mark.parametrize("node,a,b", [
    ("Mul", [BIG, 3], [2, 1]), ("Add", [BIG, 3], [1, 0]), ("Sub", [-BIG, 3], [2, 0])])
def test_h23_checked_arithmetic(translate, node, a, b):
    refuses(translate(folding(op(node, "a", "b"), constants=[("a", a), ("b", b)])), "cannot fold it")


def test_h23_inferred_dimension(translate):
    refuses(translate(folding(constants=[("target", [-1, 1 << 62, 4])])), "a target shape")


@pytest.mark.parametrize("node,constants", [
    ("Range", {"a": np.int64(BIG - 1), "b": np.int64(BIG), "c": np.int64(1)}), ("Concat", {"a": [4], "b": np.ones(1, np.float32)}),
    ("Range", {"a": np.int64(0), "b": np.int64(3), "c": np.float32(-np.inf)})])
def test_h23_types_and_ends(translate, node, constants):
    refuses(translate(folding(op(node, *constants, **({"axis": 0} if node == "Concat" else {})), constants=constants.items())), "expected")


@pytest.mark.parametrize("a,b", [([4, 3], [0, 1]), ([np.iinfo(np.int64).min, 3], [-1, 1])], ids=["zero", "overflow"])
def test_h24_division(translate, a, b):
    refuses(translate(folding(op("Div", "a", "b"), constants=[("a", a), ("b", b)])), "cannot fold it")


@pytest.mark.parametrize("step", [0, np.iinfo(np.int64).min], ids=str)
def test_h24_slice_steps(translate, step):
    constants = [("s", [0]), ("e", [2]), ("ax", [0]), ("st", [step]), ("d", [4, 3])]
    refuses(translate(folding(op("Slice", "d", "s", "e", "ax", "st"), constants=constants)), "non-zero steps")


@pytest.mark.parametrize("node,constants", [
    ("ConstantOfShape", {"a": [1 << 13, 1 << 13]}), ("Range", {"a": np.float32(0), "b": np.float32(np.inf), "c": np.float32(1)}),
    ("Range", {"a": np.float32(0), "b": np.float32(np.nan), "c": np.float32(1)}),
    ("Range", {"a": np.int64(0), "b": np.int64(9), "c": np.int64(0)}),
    ("Range", {"a": np.int64(0), "b": np.int64(1 << 25), "c": np.int64(1)}),
    ("Expand", {"a": [1], "b": [1 << 25]})])
def test_h25_folded_elements(build, tmp_path, node, constants):
    model = folding(op(node, *constants), constants=constants.items())
    refuses(run_limited(build, tmp_path, model.SerializeToString(), memory=128 * MIB), "2^24")


def test_h25_folded_elements_in_all(translate):
    nodes = [helper.make_node("ConstantOfShape", ["a"], [f"c{i}"], name=f"c{i}") for i in range(4)]
    model = folding(*nodes, constants=[("a", [100]), ("target", [4, 3])])
    refuses(translate(model, "--max-folded=350"), "node 'c3' (ConstantOfShape): expected at most 350 folded elements in all")


@pytest.mark.parametrize("node,constants", [
    ("Gather", {"d": [4, 3], "i": [0, 2]}), ("GatherElements", {"d": [4, 3], "i": [0, -3]}), ("GatherND", {"d": [4, 3], "i": [[9]]})])
def test_h26_indices(translate, node, constants):
    refuses(translate(folding(op(node, *constants), constants=constants.items())), "ind")


def hostile_chain(count):
    """About 50 bytes a node: every node adds a constant to the result of the one before."""
    nodes = [helper.make_node("Add", [f"a{i - 1}" if i else "x", "w0"], [f"a{i}"]) for i in range(count)]
    model = small(nodes=[*nodes, gemm("y", f"a{count - 1}", "w", transB=1)])
    model.graph.initializer.append(numpy_helper.from_array(np.ones(3, np.float32), "w0"))
    return model


def views(count):
    """Reshapes of one input to and fro, all of which stay views of it."""
    nodes = [helper.make_node("Transpose", [f"a{i - 1}" if i else "x"], [f"a{i}"], perm=[1, 0]) for i in range(count)]
    return small(nodes=[*nodes, gemm("y", f"a{count - 1}", "w", transB=1)])


def masks(count):
    """Comparisons of large folded constants: a little text, much work."""
    nodes = [helper.make_node("ConstantOfShape", ["n"], ["c"])]
    nodes += [helper.make_node("Equal", ["c", "c"], [f"e{i}"]) for i in range(count)]
    model = small(nodes=[*nodes, gemm("y", "x", "w", transB=1)])
    model.graph.initializer.append(numpy_helper.from_array(np.array([1 << 24]), "n"))
    return model


@pytest.mark.parametrize("make,count,code", [(hostile_chain, 18000, 0), (views, 20000, 0), (masks, 20000, 2)])
def test_h27_h44_work_is_bounded(build, tmp_path, make, count, code):
    data = make(count).SerializeToString()
    assert len(data) < 1.1 * MIB
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = run_limited(build, tmp_path, data)
    assert done.returncode == code, done.stderr[:300]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - started < 10


def test_h28_memory_of_reading(build, tmp_path):
    weight = numpy_helper.from_array(np.zeros((8 << 20) // 4, np.float32).reshape(2, -1), "w")
    model = small(weight=weight, nodes=[gemm("y", "x", "missing")])  # 8 MiB, refused before any shape is known
    data = model.SerializeToString()
    refuses(run_limited(build, tmp_path, data, memory=2 * len(data) + 256 * MIB), "its operand 'missing'")


# External data.

@pytest.fixture
def beside(tmp_path):
    (tmp_path / "w.bin").write_bytes(WEIGHT.tobytes())
    return tmp_path


def test_h29_keys(translate, beside):
    refuses(translate(external("w.bin", basepath="/")), "`basepath`")
    twice = external("w.bin")
    twice.graph.initializer[0].external_data.add(key="location", value="w.bin")
    refuses(translate(twice), "each key of external_data once")
    none = external("w.bin")
    del none.graph.initializer[0].external_data[:]
    refuses(translate(none), "the location ''")
    done = translate(external("w.bin", colour="red"))
    assert done.returncode == 0 and "external data have the unknown key 'colour'" in done.stderr


@pytest.mark.parametrize("location", ["../w.bin", "a/../../w.bin", "a/../w.bin", "/etc/hostname", "", "a\\b", "c:w.bin", "a//b", "w.bin\0"])
def test_h30_parent_component(translate, beside, location):
    refuses(translate(external(location)), "expected external data inside the model's folder")


def test_h31_links_on_the_way(translate, beside):
    (beside / "link").symlink_to("w.bin")
    refuses(translate(external("link")), "cannot open external data 'link'")
    (beside / "folder").symlink_to(".")
    refuses(translate(external("folder/w.bin")), "cannot open external data")
    os.mkfifo(beside / "pipe")
    refuses(translate(external("pipe")), "expected a regular file")  # and does not wait for a writer


def test_h32_hard_links(translate, beside):
    (beside / "hard").hardlink_to(beside / "w.bin")
    refuses(translate(external("hard")), "without hard links")
    (beside / "folder").mkdir()
    refuses(translate(external("folder")), "expected a regular file")


def test_h32_store_of_links(translate, beside, tmp_path_factory):
    store, other = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("other")
    for folder in (store, other):
        (folder / "blob").write_bytes(WEIGHT.tobytes())
    (beside / "in").symlink_to(store / "blob")
    (beside / "out").symlink_to(other / "blob")
    assert translate(external("in"), f"--link-root={store}").returncode == 0
    refuses(translate(external("out"), f"--link-root={store}"), "cannot open external data 'out'")
    refuses(translate(external("in")), "cannot open external data 'in'")


@pytest.mark.parametrize("entries,message", [
    ({"offset": -4}, "a decimal number"), ({"offset": "0x4"}, "a decimal number"), ({"offset": 1 << 64}, "a decimal number"),
    ({"offset": 4}, "at offset 4 of 'w.bin', but the file has 24"), ({"offset": (1 << 64) - 8}, "but the file has 24"),
    ({"length": 20}, "expected 24 bytes of external data")])
def test_h33_ranges(translate, beside, entries, message):
    assert translate(external("w.bin")).returncode == 0  # no length: that of the shape, not the rest of the file
    refuses(translate(external("w.bin", **entries)), message)


def test_h34_inline_and_external(translate, beside):
    model = external("w.bin")
    model.graph.initializer[0].raw_data = WEIGHT.tobytes()
    refuses(translate(model), "no inline data beside external data")
    done = translate(external("w.bin", checksum="0" * 40))
    assert done.returncode == 0 and "the checksum of external data is not verified" in done.stderr


def test_h35_total(beside, capsys):
    from intq import cli
    onnx.save(external("w.bin"), beside / "model.onnx")
    assert cli.main(["inspect", str(beside / "model.onnx"), "--limit", "external=23"]) == 2
    assert "at most 23 bytes of external data in all" in capsys.readouterr().err
    assert cli.main(["inspect", str(beside / "model.onnx"), "--limit", "external=24"]) == 0


# Checkpoints.

def patched(path, at, data):
    content = bytearray(path.read_bytes())
    content[at:at + len(data)] = data
    path.write_bytes(bytes(content))
    return path


def test_h37_identifier_version_offsets(translate, checkpoint):
    refuses(translate(small(), f"--checkpoint={patched(checkpoint(), 4, b'ODTD')}"), "identifier ODTC")
    refuses(translate(small(), f"--checkpoint={checkpoint(version=1)}"), "expected version 2, but got 1")
    refuses(translate(small(), f"--checkpoint={patched(checkpoint(), 0, struct.pack('<I', 1 << 31))}"), "leads outside the file")
    refuses(translate(small(), f"--checkpoint={patched(checkpoint(), 0, struct.pack('<I', 13))}"), "leads outside the file")


def test_h38_vtables(translate, checkpoint):
    path = checkpoint()
    content = path.read_bytes()
    table = struct.unpack_from("<I", content)[0]
    vtable = table - struct.unpack_from("<i", content, table)[0]
    for value in (3, 5, 60000):
        refuses(translate(small(), f"--checkpoint={patched(checkpoint(), vtable, struct.pack('<H', value))}"), "well-formed")


def test_h39_vectors(translate, checkpoint):
    path = checkpoint()
    at = path.read_bytes().index(WEIGHT.tobytes()) - 4
    refuses(translate(small(), f"--checkpoint={patched(path, at, struct.pack('<I', 1 << 30))}"), "well-formed")
    path = checkpoint(name="ww")
    refuses(translate(small(), f"--checkpoint={patched(path, path.read_bytes().index(b'ww') + 2, b'w')}"), "well-formed")


def test_h40_parameters_of_a_checkpoint(translate, checkpoint):
    refuses(translate(small(), f"--checkpoint={checkpoint(raw=WEIGHT.tobytes()[:-4])}"), "expected 24 bytes for its shape")
    bad = WEIGHT.copy()
    bad[0, 0] = np.nan
    refuses(translate(small(), f"--checkpoint={checkpoint(raw=bad.tobytes())}"), "'w': expected finite values")
    done = translate(small(), f"--checkpoint={checkpoint(name='other')}")
    assert done.returncode == 0 and "the checkpoint's 'other' is no parameter of the graph" in done.stderr


def test_h42_external_data_of_a_checkpoint(translate, source, tmp_path):
    def make(has, offset):
        text = {"version": 2, "module_state": {"has_external_data": has, "frozen_params": [], "requires_grad_params": [
            {"name": "w", "dims": [2, 3], "data_type": 1, "external_data_offset": offset}]}, "optimizer_groups": []}
        (tmp_path / "c.json").write_text(json.dumps(text))
        subprocess.run(["flatc", "--binary", "-o", tmp_path, source / "lib" / "Import" / "OrtCheckpoint.fbs", tmp_path / "c.json"],
                       check=True)
        return f"--checkpoint={tmp_path / 'c.bin'}"

    refuses(translate(small(), make(True, 0)), "cannot open external data 'c.bin.data'")
    (tmp_path / "c.bin.data").write_bytes(b"1234" + WEIGHT.tobytes())
    assert translate(small(), make(True, 4)).returncode == 0
    refuses(translate(small(), make(True, 8)), "at offset 8 of 'c.bin.data', but the file has 28")
    refuses(translate(small(), make(False, 4)), "expected 24 bytes for its shape, but got 0")


# safetensors: the library checks; these say what we rely on.

def safetensors(folder, header, data=bytes(8), size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (folder / "f.safetensors").write_bytes(struct.pack("<Q", len(text) if size is None else size) + text + data)
    return folder / "f.safetensors"


def entry(begin, end, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize("header", [
    {"a": entry(0, 4), "b": entry(4, 12)}, {"a": entry(0, 4)}, {"a": entry(0, 4), "b": entry(2, 8, (1,))},
    {"a": entry(4, 8), "b": entry(4, 8)}, {"a": entry(0, 8)}, {"a": entry(0, 8, (1 << 62, 4))}, {"a": entry(8, 0, (2,))},
    b'{"a": {"dtype": "F32"', b'{"a":' + b"[" * 200000, {"a": entry(0, 8, dtype="F31")}],
    ids=["beyond", "rest", "overlap", "gap", "size", "overflow", "reversed", "cut", "deep", "type"])
def test_h43_safetensors(tmp_path, header):
    with pytest.raises((SafetensorError, OSError)):
        with safe_open(safetensors(tmp_path, header), "numpy") as file:
            file.get_tensor("a")


@pytest.mark.parametrize("size", [1 << 40, 101 * MIB, 10_000])
def test_h43_size_of_the_header(tmp_path, size):
    with pytest.raises((SafetensorError, OSError)):
        safe_open(safetensors(tmp_path, {"a": entry(0, 8, (2,))}, size=size), "numpy")


# The whole run.

def test_h45_all_findings_and_no_output(tmp_path, capsys):
    from intq import cli
    model = small(nodes=[helper.make_node("Celu", ["x"], ["a"], name="first"), helper.make_node("Elu", ["a"], ["b"], name="second"),
                         helper.make_node("Selu", ["x"], ["c"], name="third"), helper.make_node("Concat", ["b", "c"], ["y"], axis=0)])
    onnx.save(model, tmp_path / "model.onnx")
    np.savez(tmp_path / "b.npz", x=np.zeros((1, 4, 3), np.float32))
    assert cli.main(["train", str(tmp_path / "model.onnx"), "--recipe", "float", "--batches", str(tmp_path / "b.npz"),
                     "--steps", "1", "--out", str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert "'first'" in err and "'third'" in err and not (tmp_path / "run").exists()


def test_h46_names_are_only_names(tmp_path, capfd, monkeypatch):
    from intq import cli
    monkeypatch.chdir(tmp_path)
    name = "../../%s%n$(touch pwned);`touch pwned`/w"
    model = small(weight=numpy_helper.from_array(WEIGHT, name), nodes=[gemm("y", "x", name, transB=1)])
    onnx.save(model, "model.onnx")
    np.savez("b.npz", x=np.zeros((1, 4, 3), np.float32), labels=np.zeros((1, 4), np.int64))
    assert cli.main(["train", "model.onnx", "--loss", "cross-entropy", "--recipe", "float", "--batches", "b.npz", "--steps", "1",
                     "--out", "run"]) == 0, capfd.readouterr().err
    with safe_open("run/parameters.safetensors", "numpy") as file:
        assert list(file.keys()) == [name]
    assert {p.name for p in tmp_path.iterdir()} == {"model.onnx", "b.npz", "run"}
    assert not list(tmp_path.parent.glob("pwned"))


@pytest.mark.parametrize("target", ["model", "graph", "checkpoint", "tensor"])
def test_h47_seeds_of_the_fuzz_targets(source, target):
    """The targets themselves run in `make check` (test/fuzz/run.sh)."""
    seeds = list((source / "test" / "fuzz" / "corpus" / target).iterdir())
    assert len(seeds) >= 3 and all(s.stat().st_size < 16384 for s in seeds)
    with tarfile.open(source / "test" / "fuzz" / "found.tar.gz") as archive:
        found = [member for member in archive if member.isfile() and member.name.startswith(f"{target}/")]
    assert len(found) > 100 and all(member.size <= 1024 for member in found)


def test_h48_every_rule_has_a_test():
    here = pathlib.Path(__file__)
    text = here.read_text() + here.with_name("test_state.py").read_text()
    for rule in range(1, 49):
        assert re.search(rf"\ndef test_(h\d\d_)*h{rule:02}_", text), f"H{rule}"
