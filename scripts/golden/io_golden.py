"""Writes src/io/nifti/golden/nifti.json with nibabel (run it in the original's environment).

Small files of every readable type, byte order, scaling and orientation, with the values and affines that nibabel reads.
And src/io/tsv/golden/tables.json with pandas: TSV texts, what pandas reads, what it writes back.
"""

import base64
import gzip
import io
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

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
            "file": base64.b64encode(gzip.compress(data) if gz else data).decode(),
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

(SRC / "nifti" / "golden").mkdir(exist_ok=True)
(SRC / "nifti" / "golden" / "nifti.json").write_text(json.dumps(cases))

tables = []
for text in (
    "participant_id\tsession_id\tage\tsex\tn\nsub-1\tses-1\t60.0\tF\t3\nsub-2\tses-1\t61.5\tM\t4\n",
    "a\tb\tc\n1\tTrue\tx\n\tFalse\tn/a\n3\tTrue\t\n",
    "a\tb\n1e-05\t-inf\n1e16\tnan\n0.1\t2\n123456789012.5\t1e300\n",
    "a\n1\nNaN\n",
    'q\tr\n"a\tb"\t1\n"say ""hi"""\t2\n',
    "a\tb\n1.0\t1\n2.0\t2\n",
):
    df = pd.read_csv(io.StringIO(text), sep="\t")
    tables.append(
        {
            "text": text,
            "rows": json.loads(df.to_json(orient="records", double_precision=15)),
            "dtypes": {c: str(t) for c, t in df.dtypes.items()},
            "written": df.to_csv(sep="\t", index=False),
        }
    )
(SRC / "tsv" / "golden").mkdir(exist_ok=True)
(SRC / "tsv" / "golden" / "tables.json").write_text(json.dumps(tables, indent=1))
print(len(cases), "images,", len(tables), "tables")
