"""Writes src/io/nifti/golden/nifti.json with nibabel.

Small files of every readable type, byte order, scaling and orientation, with the values and affines that nibabel reads.
refused.json: files that nibabel refuses. integers.json: integers that float32 cannot hold, and scaled labels.
"""

import base64
import gzip
import io
import json
from pathlib import Path

import nibabel as nib
import numpy as np

SRC = Path(__file__).parents[2] / "src" / "io"
rng = np.random.default_rng(0)

shape = (3, 4, 5)
rotation = np.array([[0.9, -0.3, 0.1, -10.5], [0.2, 1.1, -0.05, 20.25], [-0.1, 0.15, 1.9, 3], [0, 0, 0, 1]])
cases = []


def add(name, image, gz=False):
    data = image.to_bytes()
    loaded = type(image).from_bytes(data)
    values = np.asarray(loaded.dataobj, dtype=np.float64)
    values = np.moveaxis(values, -1, 0) if values.ndim == 4 else values
    cases.append(
        {
            "name": name,
            "file": base64.b64encode(gzip.compress(data, mtime=0) if gz else data).decode(),
            "dtype": image.get_data_dtype().name,
            "shape": list(loaded.shape),
            "values": values.astype(np.float32).astype(float).ravel().tolist(),
            "affine": loaded.affine.ravel().tolist(),
        }
    )


for dtype in "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64".split():
    low = 0 if dtype.startswith("u") else -100
    voxels = rng.integers(low, 120, shape).astype(dtype) if "int" in dtype else rng.normal(size=shape).astype(dtype)
    image = nib.Nifti1Image(voxels, rotation, dtype=dtype)
    add(f"{dtype} sform", image, gz=dtype == "int16")
    add(f"{dtype} big-endian", nib.Nifti1Image(voxels, rotation, nib.Nifti1Header(endianness=">"), dtype=dtype))

voxels = rng.integers(-100, 120, shape).astype("int16")
for slope, inter in ((0.5, -3.25), (2.0, 0.0), (1.0, 7.0), (0.0, 5.0)):
    image = nib.Nifti1Image(voxels, rotation)
    raw = bytearray(image.to_bytes())
    raw[112:120] = np.array([slope, inter], "<f4").tobytes()
    loaded = nib.Nifti1Image.from_bytes(bytes(raw))
    cases.append(
        {
            "name": f"slope {slope} inter {inter}",
            "file": base64.b64encode(bytes(raw)).decode(),
            "dtype": "int16",
            "shape": list(shape),
            "values": np.asarray(loaded.dataobj, np.float64).astype(np.float32).astype(float).ravel().tolist(),
            "affine": loaded.affine.ravel().tolist(),
        }
    )

angle = 0.3
turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
for flip in (1, -1):
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([1.5, 2.0, flip * 0.75])
    affine[:3, 3] = [5, -6, 7]
    image = nib.Nifti1Image(voxels, None)
    image.header.set_qform(affine, code=1)
    image.header.set_sform(None, code=0)
    image = nib.Nifti1Image(voxels, None, image.header)
    add(f"qform flip {flip}", image)

image = nib.Nifti1Image(voxels, None)
image.header.set_zooms((2, 3, 4))
image.header.set_qform(None, code=0)
image.header.set_sform(None, code=0)
add("neither form", nib.Nifti1Image(voxels, None, image.header))
add("nifti-2", nib.Nifti2Image(voxels, rotation))
add("four dimensions", nib.Nifti1Image(rng.normal(size=(3, 4, 5, 2)).astype("float32"), rotation))
add("two dimensions", nib.Nifti1Image(rng.normal(size=(3, 4)).astype("float32"), rotation))

add("one plane without a form", nib.Nifti1Image(rng.normal(size=(3, 4)).astype("float32"), None))

# headers that are not quite right: nibabel mends some fields and refuses others
PIXDIM, VOX_OFFSET, QFORM, SFORM, QUATERN, SROW = 76, 108, 252, 254, 256, 280
coded = nib.Nifti1Image(voxels, None)
coded.header.set_qform(affine, code=1)
coded.header.set_sform(rotation, code=0)
turned = nib.Nifti1Image(voxels, None, coded.header).to_bytes()
formless = nib.Nifti1Image(voxels, None)
formless.header.set_qform(None, code=0)
formless.header.set_sform(None, code=0)
formless = nib.Nifti1Image(voxels, None, formless.header).to_bytes()
refused = []


def patched(name, raw, *fields):
    raw = bytearray(raw)
    for offset, dtype, values in fields:
        part = np.asarray(values, dtype).tobytes()
        raw[offset : offset + len(part)] = part
    file = base64.b64encode(bytes(raw)).decode()
    try:
        # as from a file, where the header is checked
        loaded = nib.Nifti1Image.from_stream(io.BytesIO(bytes(raw)))
        values = np.asarray(loaded.dataobj, np.float64).ravel().tolist()
        affine = loaded.affine.ravel().tolist()
    except Exception as error:
        refused.append({"name": name, "file": file, "error": str(error)})
        return
    cases.append(
        {"name": name, "file": file, "dtype": "int16", "shape": list(loaded.shape), "values": values, "affine": affine}
    )


for name, pixdim in {
    "pixdim 0": [1, 0, 0, 0],
    "pixdim negative": [1, -2, 3, -4],
    "pixdim mixed": [-1, 2, 0, -4],
    "qfac 0": [0, 2, 3, 4],
    "qfac -2": [-2, 2, 3, 4],
}.items():
    patched(f"{name}, qform", turned, (PIXDIM, "<f4", pixdim))
    patched(f"{name}, no form", formless, (PIXDIM, "<f4", pixdim))
patched("sform code 9", turned, (SFORM, "<i2", 9))
patched("sform code -1", turned, (SFORM, "<i2", -1))
patched("qform code 9", turned, (QFORM, "<i2", 9))
patched("half a turn, nearly", turned, (QUATERN, "<f4", [0.0, 0.0, 0.99999988]))
patched("half a turn, and a little", turned, (QUATERN, "<f4", [0.0, 0.0, 1.0000001]))
patched("a quaternion that is too long", turned, (QUATERN, "<f4", [0.0, 0.5, 1.0]))
for offset in (1, 16, 300, 348, 351, -16):
    patched(f"vox_offset {offset}", turned, (VOX_OFFSET, "<f4", offset))
patched("vox_offset 352.5", turned, (VOX_OFFSET, "<f4", 352.5))

integers = []
for dtype, values in {
    "int32": [2**24, 2**24 + 1, -(2**31), 2**31 - 1],
    "uint32": [0, 2**24 + 1, 2**31 + 3, 2**32 - 1],
    "int64": [2**24 + 1, -(2**53) + 1, 2**40 + 1, 7],
    "uint64": [2**24 + 1, 2**53 - 1, 2**40 + 1, 7],
    "float64": [2**24 + 1, -(2**40) - 1, 2**53 - 1, 7],
}.items():
    for endianness in "<>":
        stored = np.array(values).astype(dtype).reshape(4, 1, 1)
        image = nib.Nifti1Image(stored, np.eye(4), nib.Nifti1Header(endianness=endianness), dtype=dtype)
        data = image.to_bytes()
        got = np.asanyarray(nib.Nifti1Image.from_bytes(data).dataobj).ravel()
        integers.append(
            {
                "name": f"{dtype} {endianness}",
                "file": base64.b64encode(data).decode(),
                "values": [str(int(value)) for value in got],
            }
        )
labels = np.arange(13)
for dtype, top in (("int16", 340), ("uint8", 255), ("uint16", 65535)):
    image = nib.Nifti1Image(np.round(labels * top / 12).astype(dtype).reshape(13, 1, 1), np.eye(4))
    raw = bytearray(image.to_bytes())
    raw[112:120] = np.array([12 / top, 0], "<f4").tobytes()
    got = np.asanyarray(nib.Nifti1Image.from_bytes(bytes(raw)).dataobj).ravel()
    integers.append(
        {
            "name": f"scaled {dtype}",
            "file": base64.b64encode(bytes(raw)).decode(),
            "values": [str(int(value)) for value in np.round(got)],
        }
    )

(SRC / "nifti" / "golden").mkdir(exist_ok=True)
(SRC / "nifti" / "golden" / "nifti.json").write_text(json.dumps(cases))
(SRC / "nifti" / "golden" / "refused.json").write_text(json.dumps(refused))
(SRC / "nifti" / "golden" / "integers.json").write_text(json.dumps(integers))

print(len(cases), "images")
