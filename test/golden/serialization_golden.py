"""A small file of torch.save, for src/torch/serialization/golden/python.pt."""
import collections
import pathlib

import numpy
import torch

target = pathlib.Path(__file__).parents[2] / "src/torch/serialization/golden"
target.mkdir(parents=True, exist_ok=True)

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3), torch.nn.BatchNorm3d(2)).to(memory_format=torch.channels_last_3d)
base = torch.arange(24, dtype=torch.float32)
dtypes = ["float32", "float64", "float16", "bfloat16", "int8", "uint8", "int16", "int32", "int64", "bool", "complex64", "complex128"]

value = {
    "model": net.state_dict(),
    "parameter": torch.nn.Parameter(torch.tensor([1.5, -2.0])),
    "shared": [base, base[4:8], base.view(4, 6).t()],
    "dtypes": {d: torch.tensor([0, 1, 1], dtype=getattr(torch, d)) for d in dtypes},
    "scalar": torch.tensor(7),
    "empty": torch.zeros(0, 3),
    "losses": {(0, 1): 0.5, (0, 2): float("inf")},
    "numbers": [0, -1, 255, 256, 65536, -(2**31), 2**40, 10**30, 1.0, -0.0, float("nan")],
    "text": ["", "é😀", "a\nb"],
    "none": None,
    "flags": (True, False),
    "nested": {"a": {"b": {1: "c"}}},
    "counter": collections.Counter([3, 3, 5]),
    "ordered": collections.OrderedDict([("z", 1), ("a", 2)]),
    "set": {1},
    "bytes": b"\x00\xff",
    "size": torch.Size([2, 3]),
    "device": torch.device("cpu"),
    "dtype": torch.float16,
}
torch.save(value, target / "python.pt")

affine = numpy.diag([1.5, 2.0, 2.5, 1.0])
torch.save({"images": {"T1w": (torch.ones(1, 2, 2), affine)}, "count": numpy.int64(3)}, target / "numpy.pt")

optimizer = torch.optim.SGD(net.parameters())
torch.save(optimizer, target / "class.pt")  # names a class: refused
# the format before PyTorch 1.6
torch.save(value, target / "legacy.pt", _use_new_zipfile_serialization=False)

# lazily conjugated and negated tensors, alone and beside their base
c = torch.tensor([1 + 2j, 3 - 4j], dtype=torch.complex64)
torch.save({"pair": [c, c.conj()], "alone": torch.tensor([5 + 6j]).conj(), "imag": torch.tensor([7 + 8j]).conj().imag}, target / "lazy.pt")

# kinds of values beyond the plain ones
parameter = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
parameter.tag = "x"
array = numpy.arange(6, dtype="f8").reshape(2, 3)
torch.save(
    {
        "buffer": torch.nn.Buffer(torch.tensor([3.0])),
        "parameter": parameter,
        "bool": numpy.array([True, False]),
        "flag": numpy.bool_(True),
        "half": numpy.array([0.5, -2.0, 6e-8, numpy.inf], dtype="f2"),
        "big": numpy.array([1.0, 2.5], dtype=">f8"),
        "fortran": numpy.asfortranarray(array),
        "digits": {"b": 1, "10": 2, "9": 3},
    },
    target / "kinds.pt",
)
torch.save({"set": {1, 2}, "frozen": frozenset(["a"]), "array": array, "t": torch.ones(2)}, target / "protocol4.pt", pickle_protocol=4)
refused = {
    "float8": torch.ones(2).to(torch.float8_e4m3fn),
    "uint16": torch.ones(2, dtype=torch.uint16),
    "sparse": torch.eye(2).to_sparse(),
    "complex": 1 + 2j,
    "storage": torch.ones(2).untyped_storage(),
    "text": numpy.array(["a"]),
    "object": numpy.array([{}], dtype=object),
}
for name, value in refused.items():
    torch.save(value, target / f"refused-{name}.pt")
# a program, whose code is compressed within the zip
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), target / "refused-torchscript.pt")
for path in sorted(target.iterdir()):
    print(path.name, path.stat().st_size)
