"""The peer of patches.ts: nnU-Net's own writer and reader of blosc2 files. usage: patches.py SETTINGS"""

import importlib.util
import json
import os
import sys
import time
import types
from pathlib import Path


def nnunet_dataset():
    """The module of nnU-Net's datasets alone: the package would bring PyTorch, which this does not need."""
    helpers = {
        "batchgenerators.utilities.file_and_folder_operations": {
            "join": os.path.join,
            "isfile": os.path.isfile,
            "load_pickle": lambda path: {},
            "write_pickle": lambda value, path: None,
            "subfiles": None,
        },
        "nnunetv2.configuration": {"default_num_processes": 1},
        "nnunetv2.training.dataloading.utils": {"unpack_dataset": None},
    }
    found = next(Path(place) / "nnunetv2" for place in sys.path if (Path(place) / "nnunetv2").is_dir())
    for name in ["batchgenerators", "batchgenerators.utilities", "nnunetv2", "nnunetv2.training", "nnunetv2.training.dataloading"]:
        sys.modules[name] = types.ModuleType(name)
    for name, values in helpers.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(values)
    spec = importlib.util.spec_from_file_location("nnunet_dataset", found / "training" / "dataloading" / "nnunet_dataset.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


given = json.loads(sys.argv[1])
nnunet = nnunet_dataset()

import blosc2  # noqa: E402
import nibabel as nib  # noqa: E402
import numpy as np  # noqa: E402

folder = os.path.join(given["work"], f"{given['dtype']} {given['codec']} {given['size']}")
os.makedirs(folder, exist_ok=True)
size = given["size"]
volume = np.ascontiguousarray(np.asanyarray(nib.load(given["path"]).dataobj).astype(given["dtype"]))[None]
blocks, chunks = nnunet.comp_blosc2_params(volume.shape, (size,) * 3, volume.itemsize)
packing = {"LZ4HC 5": {}, "zstd 8": {"codec": blosc2.Codec.ZSTD, "clevel": 8}}[given["codec"]]
for name in os.listdir(folder):
    os.remove(os.path.join(folder, name))
nnunet.nnUNetDatasetBlosc2.save_case(
    volume, np.zeros((1, 1, 1, 1), np.int8), {}, os.path.join(folder, "x"), chunks=chunks, blocks=blocks,
    chunks_seg=(1, 1, 1, 1), blocks_seg=(1, 1, 1, 1), **packing,
)
dataset = nnunet.nnUNetDatasetBlosc2(folder, ["x"])
rng = np.random.default_rng(0)
seconds = []
for i in range(given["times"] + 10):  # the first warm up
    start = [int(rng.integers(0, n - size + 1)) for n in given["shape"]]
    begin = time.perf_counter()
    data = dataset.load_case("x")[0]
    patch = np.asarray(data[(slice(0, 1), *(slice(s, s + size) for s in start))], dtype=np.float32)
    if i >= 10:
        seconds.append(time.perf_counter() - begin)
print(json.dumps({"seconds": seconds, "bytes": os.path.getsize(os.path.join(folder, "x.b2nd"))}))
