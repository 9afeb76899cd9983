"""What nibabel reads, as JSON on standard output.

    images.py own          every image of nibabel's own tests: a hash of its values, and its affine
    images.py read PATH…   these files: values, affine and type
"""

import hashlib
import json
import sys
from pathlib import Path

import nibabel as nib
import numpy as np


def loaded(path):
    image = nib.load(path)
    values = np.asanyarray(image.dataobj)
    if values.dtype.kind not in "iuf" or values.size == 0:
        raise ValueError("no numbers")
    # as it is read here: channels first, and no more than one dimension beyond x, y and z
    shape = values.shape + (1,) * (3 - values.ndim)
    if sum(size > 1 for size in shape[3:]) > 1:
        raise ValueError("several dimensions beyond x, y, z")
    values = np.moveaxis(values.reshape(shape[:3] + (-1,)), -1, 0)
    affine = np.eye(4) if image.affine is None else image.affine
    return image, np.ascontiguousarray(values, dtype=np.float64), np.asarray(affine, dtype=np.float64)


def own():
    root = Path(nib.__file__).parent
    found = []
    for path in sorted(root.rglob("tests/data/*")):
        if not path.name.endswith((".nii", ".nii.gz", ".hdr", ".img", ".mgz", ".mgh")):
            continue
        try:
            image, values, affine = loaded(path)
        except Exception as error:  # what nibabel does not read is no matter here
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        if not isinstance(image, (nib.Nifti1Pair, nib.MGHImage)):
            continue
        narrow = np.ascontiguousarray(values, dtype="<f4")
        found.append(
            {
                "path": str(path),
                "shape": list(values.shape),
                "sha256": hashlib.sha256(narrow.tobytes()).hexdigest(),
                "affine": affine.ravel().tolist(),
            }
        )
    return found


def read(paths):
    out = []
    for path in paths:
        image, values, affine = loaded(path)
        dtype = image.get_data_dtype().name
        out.append({"dtype": dtype, "values": values.ravel().tolist(), "affine": affine.ravel().tolist()})
    return out


print(json.dumps(own() if sys.argv[1] == "own" else read(sys.argv[2:])))
