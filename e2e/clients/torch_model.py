"""A network of PyTorch's, as somebody has it who trains one for the ranker.

torch_model.py make SIZES FOLDER    saves it as state.pt, legacy.pt and checkpoint.pt
torch_model.py check SIZES FOLDER   loads exported.safetensors into a new one, and
                                    compares its outputs with those of the first
"""

import json
import struct
import sys

import numpy
import torch


def network(sizes, seed):
    torch.manual_seed(seed)
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def inputs(sizes):
    return torch.randn(20, sizes[0], generator=torch.Generator().manual_seed(3))


def load_file(path):
    """Reads safetensors by the letter of the format; and with the package, if that is here."""
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length))
        numbers = f.read()
    header.pop("__metadata__", None)
    tensors, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        start, stop = entry["data_offsets"]
        assert start == end and entry["dtype"] == "F32", (name, entry)
        flat = numpy.frombuffer(numbers[start:stop], dtype="<f4")
        tensors[name], end = torch.from_numpy(flat.reshape(entry["shape"]).copy()), stop
    assert end == len(numbers)
    try:
        import safetensors.torch
    except ImportError:
        print("read by the letter")
        return tensors
    again = safetensors.torch.load_file(path)
    assert again.keys() == tensors.keys() and all(torch.equal(again[k], tensors[k]) for k in tensors)
    print("read by the letter, and with the package")
    return again


def main(act, sizes, folder):
    sizes = [int(size) for size in sizes.split("-")]
    net = network(sizes, 1)
    if act == "make":
        torch.save(net.state_dict(), f"{folder}/state.pt")
        torch.save(net.state_dict(), f"{folder}/legacy.pt", _use_new_zipfile_serialization=False)
        torch.save({"model": net.state_dict(), "optimizer": torch.optim.Adam(net.parameters()).state_dict(), "epoch": 3}, f"{folder}/checkpoint.pt")
        return
    other = network(sizes, 2)
    assert not torch.equal(other(inputs(sizes)), net(inputs(sizes)))
    print(other.load_state_dict(load_file(f"{folder}/exported.safetensors")))
    assert torch.equal(other(inputs(sizes)), net(inputs(sizes)))


main(*sys.argv[1:])
