"""Makes files with PyTorch, and expected.json: what is in them.

python3 make.py FOLDER     (Debian: apt install python3-torch)

Each folder is named for the release that made it; torch-1.13 is of Debian 12.
"""

import json
import os
import sys
import warnings

import torch

warnings.simplefilter("ignore")
os.makedirs(sys.argv[1], exist_ok=True)
os.chdir(sys.argv[1])
expected = {}


def network():
    """An MLP of 4 inputs, 3 and 2 units and 1 output, with weights that every type can hold."""
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1)
    )
    with torch.no_grad():
        for start, p in enumerate(net.parameters()):
            p.copy_((torch.arange(p.numel()) - start).reshape(p.shape) / 8)
    return net


def numbers(value):
    """A tensor as it has to be read."""
    flat = value.detach().reshape(-1).double().tolist()
    return {"dtype": str(value.dtype).removeprefix("torch."), "shape": list(value.shape), "values": flat}


def save(name, value, weights=None, **how):
    """Saves value in both formats, and notes the weights that are in it."""
    for suffix, new in (("", True), ("-legacy", False)):
        torch.save(value, f"{name}{suffix}.pt", _use_new_zipfile_serialization=new, **how)
        if weights is not None:
            expected[f"{name}{suffix}.pt"] = {k: numbers(v) for k, v in weights.items()}


class Evil:
    """Runs a command when it is loaded by Python."""

    def __reduce__(self):
        return os.system, ("touch evil-was-here",)


net = network()
for dtype in ("float32", "float64", "float16", "bfloat16"):
    weights = network().to(getattr(torch, dtype)).state_dict()
    save(f"state-{dtype}", weights, weights)
for protocol in (1, 3, 4, 5):
    save(f"state-protocol-{protocol}", net.state_dict(), net.state_dict(), pickle_protocol=protocol)

optimizer = torch.optim.Adam(net.parameters(), lr=0.001)
for _ in range(2):
    optimizer.zero_grad()
    net(torch.ones(2, 4)).square().sum().backward()
    optimizer.step()
meta = {"step": 12345678901234567890, "loss": 0.25, "name": 'é "x"', "best": None, "ok": True}
meta |= {"shape": torch.Size([4, 3]), "dtype": torch.float32, "history": [1, 2.5, (3,)]}
save("checkpoint", {"meta": meta, "optimizer": optimizer.state_dict(), "model": net.state_dict()}, net.state_dict())
save("lightning", {"epoch": 3, "state_dict": net.state_dict(), "hyper": {"lr": 1e-3}}, net.state_dict())
save("parameters", dict(net.named_parameters()), dict(net.named_parameters()))

whole = torch.arange(12, dtype=torch.float32)
parts = {"whole": whole, "part": whole[4:10].reshape(2, 3), "column": whole[:4].reshape(4, 1), "one": whole[5]}
parts |= {"none": torch.zeros(0, 3), "tied": whole}
save("parts", parts, parts)
kinds = ("int64", "int32", "int16", "int8", "uint8", "bool")
integers = {kind: torch.tensor([0, 1, 100]).to(getattr(torch, kind)) for kind in kinds}
save("integers", integers, integers)

# What has to be refused.
save("refused-module", net)
save("refused-transposed", {"w": torch.arange(6.0).reshape(2, 3).t()})
save("refused-expanded", {"w": torch.ones(1).expand(1000000)})
save("refused-tensor", whole)
save("refused-list", [whole, whole])
save("refused-empty", {"step": 1})
save("refused-two", {"actor": net.state_dict(), "critic": net.state_dict()})
save("refused-code", {"w": whole, "x": Evil()})
save("refused-sparse", {"w": torch.eye(2).to_sparse()})
save("refused-quantized", {"w": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)})
save("refused-complex", {"w": torch.ones(2, dtype=torch.complex64)})
torch.jit.script(network()).save("refused-script.pt")

with open("expected.json", "w") as f:
    json.dump({"torch": torch.__version__, "files": expected}, f, indent=1)
    f.write("\n")
