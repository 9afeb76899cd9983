"""Writes src/io/nifti/golden/containers.json with nibabel.

The same few voxels in every number type, byte order and kind of file: `.nii`, `.hdr` with `.img`, `.mgh`, packed or not,
NIfTI-1 and 2; with the values and affines that nibabel reads. Files are packed once more, to be small.
"""

import base64
import gzip
import json
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

TARGET = Path(__file__).parents[2] / "src" / "io" / "nifti" / "golden" / "containers.json"
rng = np.random.default_rng(11)
AFFINE = np.array([[0.9, -0.3, 0.1, -10.5], [0.2, 1.1, -0.05, 20.25], [-0.1, 0.15, 1.9, 3], [0, 0, 0, 1]])
TYPES = "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64".split()
cases = []


def packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def add(name: str, folder: Path, opened: str):
    loaded = nib.load(folder / opened)
    values = np.asarray(loaded.dataobj, dtype=np.float64)
    values = np.moveaxis(values.reshape(values.shape[:3] + (-1,)), -1, 0)
    cases.append(
        {
            "name": name,
            "files": {path.name: packed(path.read_bytes()) for path in sorted(folder.iterdir())},
            "open": opened,
            "dtype": loaded.get_data_dtype().newbyteorder("=").name,
            "shape": list(values.shape),
            "values": values.astype(np.float32).astype(float).ravel().tolist(),
            "affine": np.asarray(loaded.affine, dtype=np.float64).ravel().tolist(),
        }
    )


def save(name: str, image, file: str, opened: str, patch=None):
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        image.to_filename(folder / file)
        if patch is not None:
            patch(folder)
        add(name, folder, opened)


def voxels(dtype: str, shape=(2, 3, 2)):
    low = 0 if dtype.startswith("u") else -100
    whole = rng.integers(low, 120, shape)
    return whole.astype(dtype) if "int" in dtype else rng.normal(size=shape).astype(dtype)


SINGLE = {1: (nib.Nifti1Image, nib.Nifti1Header), 2: (nib.Nifti2Image, nib.Nifti2Header)}
PAIR = {1: (nib.Nifti1Pair, nib.nifti1.Nifti1PairHeader), 2: (nib.Nifti2Pair, nib.nifti2.Nifti2PairHeader)}
CONTAINERS = {
    ".nii": (SINGLE, "x.nii", "x.nii"),
    ".nii.gz": (SINGLE, "x.nii.gz", "x.nii.gz"),
    ".hdr": (PAIR, "x.hdr", "x.hdr"),
    ".img": (PAIR, "x.img", "x.img"),
    ".img.gz": (PAIR, "x.img.gz", "x.img.gz"),
    ".hdr.gz": (PAIR, "x.hdr.gz", "x.hdr.gz"),
}
# every type in both orders in each of the kinds, the two versions in turn
turn = 0
for dtype in TYPES:
    for order in "<>":
        for container, (classes, file, opened) in CONTAINERS.items():
            turn += 1
            version = 1 + (turn + (order == ">")) % 2
            image_class, header_class = classes[version]
            header = header_class(endianness=order)
            image = image_class(voxels(dtype), AFFINE, header, dtype=dtype)
            save(f"NIfTI-{version} {dtype} {order} {container}", image, file, opened)


# what pairs and more dimensions can have
def at_byte_32(folder: Path):
    header = bytearray((folder / "x.hdr").read_bytes())
    header[108:112] = np.array([32], "<f4").tobytes()
    (folder / "x.hdr").write_bytes(bytes(header))
    (folder / "x.img").write_bytes(bytes(range(32)) + (folder / "x.img").read_bytes())


def scaled(folder: Path):
    header = bytearray((folder / "x.hdr").read_bytes())
    header[112:120] = np.array([0.25, -3], "<f4").tobytes()
    (folder / "x.hdr").write_bytes(bytes(header))


save("a pair whose voxels begin later", nib.Nifti1Pair(voxels("int16"), AFFINE), "x.hdr", "x.hdr", at_byte_32)
save("a pair that is scaled", nib.Nifti1Pair(voxels("int16"), AFFINE), "x.img", "x.img", scaled)
save("capitals", nib.Nifti1Pair(voxels("int16"), AFFINE), "x.HDR", "x.IMG")
for shape in ((2, 3, 2, 2), (2, 3, 2, 1, 2), (2, 3, 2, 2, 1, 1), (2, 3, 2, 1, 1, 1, 1)):
    save(f"dimensions {shape}", nib.Nifti1Image(voxels("float32", shape), AFFINE), "x.nii.gz", "x.nii.gz")

# FreeSurfer
angle = 0.4
turned = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
oblique = np.eye(4)
oblique[:3, :3] = np.array([[-1, 0, 0], [0, 0, 1], [0, -1, 0]]) @ turned @ np.diag([0.8, 1.25, 2.5])
oblique[:3, 3] = [31.4, -27.5, 12.125]
for dtype in ("uint8", "int16", "uint16", "int32", "float32"):
    for file in ("x.mgh", "x.mgz"):
        for shape in ((2, 3, 2), (3, 2, 2, 2)):
            image = nib.MGHImage(voxels(dtype, shape), oblique)
            save(f"{dtype} {file[2:]} {len(shape)}D", image, file, file)


def without_footer(folder: Path):
    data = (folder / "x.mgh").read_bytes()
    (folder / "x.mgh").write_bytes(data[: 284 + 12 * 2])


save("mgh without what follows the voxels", nib.MGHImage(voxels("int16"), oblique), "x.mgh", "x.mgh", without_footer)

TARGET.write_text(json.dumps(cases))
print(len(cases), "images,", TARGET.stat().st_size, "bytes")
