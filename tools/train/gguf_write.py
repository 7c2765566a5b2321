# SPDX-License-Identifier: MIT
"""Writes GGUF version 3: a header, metadata, tensor descriptions, tensor data."""

import os
import struct

import numpy

MAGIC = b"GGUF"
VERSION = 3
ALIGNMENT = 32

# Types of metadata values, with struct's letter for those of fixed size.
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
LETTERS = {U32: "I", I32: "i", F32: "f", BOOL: "?"}
# Types of tensors, by the numpy type that holds them.
TENSOR_TYPES = {"float32": 0, "float16": 1}


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _scalar(kind, value):
    if kind == STRING:
        return _string(value)
    return struct.pack("<" + LETTERS[kind], value)


def _value(kind, value):
    """@kind is a type, or (ARRAY, type of the elements)."""
    if isinstance(kind, tuple):
        return (struct.pack("<IIQ", ARRAY, kind[1], len(value)) +
                b"".join(_scalar(kind[1], v) for v in value))
    return struct.pack("<I", kind) + _scalar(kind, value)


def _padding(length):
    return b"\0" * (-length % ALIGNMENT)


def write(path, metadata, tensors):
    """Write @metadata {key: (type, value)} and @tensors {name: numpy array}.

    Replaces the file at @path in one step. GGUF counts dimensions from the
    innermost, numpy from the outermost.
    """
    head = MAGIC + struct.pack("<IQQ", VERSION, len(tensors), len(metadata))
    for key, (kind, value) in metadata.items():
        head += _string(key) + _value(kind, value)
    data = b""
    for name, tensor in tensors.items():
        dims = tensor.shape[::-1]
        head += _string(name) + struct.pack(f"<I{len(dims)}Q", len(dims), *dims)
        head += struct.pack("<IQ", TENSOR_TYPES[tensor.dtype.name], len(data))
        raw = numpy.ascontiguousarray(tensor).tobytes()
        data += raw + _padding(len(raw))
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(head + _padding(len(head)) + data)
    os.replace(part, path)
