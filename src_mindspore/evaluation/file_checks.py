"""Looking into a MINDIR or ONNX file before the runtime that runs it does.

Both formats can name other files to be read and operators that are programs: a MINDIR may hold
Python to be executed and libraries to be loaded. What this project writes needs nothing of it.
"""

import math
from collections.abc import Iterable, Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from google.protobuf.message import Message

from src_mindspore.system.errors import UserError
from src_mindspore.system.protobuf import parse_protobuf
from src_mindspore.system.read import brief, open_file

MAX_BYTES = 1 << 30  # MobileNetV2 1.4 has 24 MB
ONNX_DOMAINS = ("", "ai.onnx")  # the standard's own operators
ONNX_MESSAGES = "onnx_ml_pb2.py"  # of the package onnx, made from its onnx-ml.proto
# What the network and its head consist of, and plain arithmetic; none of them runs a program
MINDIR_OPERATORS = frozenset(
    (
        *("Add", "Sub", "Mul", "Muls", "Div", "RealDiv", "Sqrt", "Cast", "Reshape", "Flatten"),
        *("Conv2D", "BatchNorm", "MaxPool", "ReduceMax", "ReduceMean"),
        *("MatMul", "MatMulExt", "BiasAdd"),
        *("ReLU", "ReLU6", "GeLU", "Tanh", "Sigmoid", "Softmax"),
        *("Depend", "Load", "MakeTuple", "TupleGetItem", "UpdateState"),
    )
)
_BYTES = {  # of a number, by mind_ir.proto's TensorProto.DataType
    **dict.fromkeys((2, 3, 9), 1),  # uint8, int8, bool
    **dict.fromkeys((4, 5, 10, 16), 2),  # uint16, int16, float16, bfloat16
    **dict.fromkeys((1, 6, 12), 4),  # float, int32, uint32
    **dict.fromkeys((7, 11, 13), 8),  # int64, double, uint64
}


def check_mindir(path: Path) -> None:
    """Refuses a MINDIR that is damaged, or has more in it than a network and its weights.

    Raises:
        UserError: naming the file and what is in it.
    """
    from mindspore.train import mind_ir_pb2

    model = _parse(path, mind_ir_pb2.ModelProto(), "a MINDIR")
    if not model.graph.node:
        raise UserError(f"{path} is not a MINDIR file: it has no graph")
    if model.functions or model.HasField("preprocessor"):
        raise UserError(f"{path}: functions and preprocessors in a MINDIR are not run")
    unknown = {primitive.op_type for primitive in model.primitives} - MINDIR_OPERATORS
    known = {f"REF::{primitive.name}" for primitive in model.primitives} | {"Constant"}
    unknown |= {node.op_type for node in _messages(model, mind_ir_pb2.NodeProto)} - known
    if unknown:
        raise UserError(
            f"{path}: a MINDIR is run if its operators are those of this project's networks; this "
            f"one has {brief(sorted(unknown))}"
        )
    for tensor in _messages(model, mind_ir_pb2.TensorProto):
        if tensor.HasField("external_data"):
            raise UserError(f"{path}: weights in other files are not read; keep them in the MINDIR")
        size = math.prod(tensor.dims) * _BYTES.get(tensor.data_type, 0)
        if tensor.HasField("raw_data") and size != len(tensor.raw_data):
            raise UserError(
                f"{path}: damaged: {brief(tensor.name)} of shape {brief(list(tensor.dims))} has "
                f"{len(tensor.raw_data)} bytes"
            )


def check_onnx(path: Path) -> None:
    """Refuses an ONNX file that is damaged, reads other files or brings operators of its own.

    Raises:
        UserError: naming the file and what is in it.
    """
    onnx = _onnx_messages()
    model = _parse(path, onnx.ModelProto(), "an ONNX")
    if not model.graph.node:
        raise UserError(f"{path} is not an ONNX file: it has no graph")
    for tensor in _messages(model, onnx.TensorProto):
        if tensor.external_data or tensor.data_location != onnx.TensorProto.DEFAULT:
            raise UserError(f"{path}: weights in other files are not read; keep them in the ONNX")
    foreign = {node.domain for node in _messages(model, onnx.NodeProto)} - set(ONNX_DOMAINS)
    if foreign:
        raise UserError(
            f"{path}: only the operators of the ONNX standard are run; this one has some of "
            f"{brief(sorted(foreign))}"
        )


def _onnx_messages() -> ModuleType:
    """The classes of ONNX's protocol buffers alone: 0.01 s, where the whole package takes 0.1."""
    package = find_spec("onnx")  # found, not run
    module = spec_from_file_location("onnx_messages", Path(package.origin).with_name(ONNX_MESSAGES))
    messages = module_from_spec(module)
    module.loader.exec_module(messages)
    return messages


def _parse(path: Path, message: Message, kind: str) -> Message:
    with open_file(path) as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UserError(f"{path}: larger than {MAX_BYTES:,} bytes, so no model of this project")
    if not parse_protobuf(message, content):
        raise UserError(f"{path} is not {kind} file: no protocol buffer, or cut short")
    return message


def _messages(message: Message, kind: type[Message]) -> Iterator[Message]:
    """All messages of a kind, anywhere inside of another."""
    waiting = [message]
    while waiting:
        current = waiting.pop()
        if isinstance(current, kind):
            yield current
        for field, value in current.ListFields():
            if field.message_type is None:
                continue
            several = isinstance(value, Iterable) and not isinstance(value, Message)
            waiting += value if several else [value]
