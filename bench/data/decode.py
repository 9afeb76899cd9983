"""The peers of decode.ts. usage: decode.py make FILES; decode.py nibabel|SimpleITK|libdeflate SETTINGS, which prints seconds as JSON."""

import json
import sys
import time

import numpy as np


def make(files):
    import nibabel as nib
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    for file in files:
        shape = file["shape"]
        # smooth tissue with noise inside a ball, nothing around it: it packs as skull-stripped images do
        grid = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
        smooth = gaussian_filter(rng.normal(size=shape), max(shape) / 36)
        tissue = 600 + 150 * smooth / smooth.std() + 20 * rng.normal(size=shape)
        voxels = np.clip(np.where(sum(g * g for g in grid) < 0.72, tissue, 0), 0, None)
        nib.save(nib.Nifti1Image(voxels.astype(file["dtype"]), np.eye(4)), file["path"])


def reader(name):
    if name == "nibabel":
        import nibabel as nib

        return lambda path: np.asanyarray(nib.load(path).get_fdata(dtype=np.float32))
    if name == "libdeflate":
        return unpacker()
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    return lambda path: sitk.ReadImage(path, sitk.sitkFloat32)


def unpacker():
    """Reads a file and unpacks it, into memory that is there already, and nothing else: what every reader takes at least."""
    import ctypes

    library = ctypes.CDLL("libdeflate.so.0")
    library.libdeflate_alloc_decompressor.restype = ctypes.c_void_p
    unpack = library.libdeflate_gzip_decompress
    unpack.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    state = library.libdeflate_alloc_decompressor()
    room = np.zeros(1, np.uint8)

    def read(path):
        nonlocal room
        with open(path, "rb") as file:
            packed = file.read()
        size = int.from_bytes(packed[-4:], "little")
        if room.size < size:
            room = np.zeros(size, np.uint8)
        status = unpack(state, packed, len(packed), room.ctypes.data, size, None)
        if status != 0:
            raise RuntimeError(f"{path}: libdeflate gave {status}")

    return read


def measure(read, paths, times):
    out = []
    for path in paths:
        taken = []
        for i in range(times + 1):  # the first warms up
            begin = time.perf_counter()
            image = read(path)
            if i > 0:
                taken.append(time.perf_counter() - begin)
            del image
        out.append(taken)
    return out


job, given = sys.argv[1], json.loads(sys.argv[2])
if job == "make":
    make(given)
    print("{}")
else:
    print(json.dumps({"seconds": measure(reader(job), given["paths"], given["times"])}))
