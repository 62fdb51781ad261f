"""Reads models with the readers of PyPI: a path a line on standard input, what is in it as a line of JSON on standard output."""

import json
import sys

from gguf import GGUFReader
from gguf.constants import GGUFValueType
from safetensors import safe_open


def plain(field):
    """A value that has one form in every reader: text as its bytes in hex."""
    if field.types[0] == GGUFValueType.ARRAY:
        of = field.types[-1]
        if of == GGUFValueType.STRING:
            return [bytes(field.parts[i]).hex() for i in field.data]
        return [str(field.parts[i].tolist()[0]) for i in field.data]
    if field.types[0] == GGUFValueType.STRING:
        return bytes(field.parts[field.data[0]]).hex()
    return str(field.parts[field.data[0]].tolist()[0])


def read_gguf(path):
    reader = GGUFReader(path)
    return {
        "fields": {
            key: plain(field) for key, field in reader.fields.items() if not key.startswith("GGUF.")
        },
        "tensors": [
            {
                "name": tensor.name,
                "shape": [int(size) for size in tensor.shape],
                "type": tensor.tensor_type.name,
                "at": int(tensor.data_offset),
                "length": int(tensor.n_bytes),
                "content": tensor.data.tobytes().hex(),
            }
            for tensor in reader.tensors
        ],
    }


def read_safetensors(path):
    with safe_open(path, framework="np") as file:
        tensors = []
        for name in file.keys():
            view = file.get_slice(name)
            tensors.append({"name": name, "shape": list(view.get_shape()), "type": view.get_dtype()})
        return {"fields": file.metadata() or {}, "tensors": sorted(tensors, key=lambda tensor: tensor["name"])}


for line in sys.stdin:
    path = line.rstrip("\n")
    try:
        found = read_gguf(path) if path.endswith(".gguf") else read_safetensors(path)
    except BaseException as error:  # Rust's panics are no Exception
        found = {"refused": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(found), flush=True)
