"""Tensors of images, made and read by ClinicaDL, as JSON on standard output.

    tensors.py write BIDS          converts the images, and prints the path of the description
    tensors.py read DESCRIPTION    every sample of these tensors: its images and masks with values and affines
"""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
from clinicadl.data.datasets import BidsDataset, TensorDataset
from clinicadl.io.bids import BidsFileType
from clinicadl.transforms import TransformsHandler
from clinicadl.transforms.config import ZNormalizationConfig


def write(bids):
    dataset = BidsDataset(
        bids=bids,
        file_type=BidsFileType(data_type="anat", suffix="T1w"),
        masks={"seg": BidsFileType(data_type="anat", suffix="mask")},
        transforms=TransformsHandler(image_transforms=[ZNormalizationConfig()]),
    )
    dataset.to_tensors(conversion_name="there", save_transforms=True)
    [made] = Path(bids).glob("derivatives/tensors/*_conv-there_description.json")
    return str(made)


def read(description):
    dataset = TensorDataset(description_json=description)
    samples = []
    for i in range(len(dataset)):
        sample = dataset[i]
        images = {name: sample[name] for name in ("image", "seg")}
        samples.append(
            {
                "who": [sample.participant_id, sample.session_id],
                "images": {
                    name: {
                        "shape": list(image.data.shape),
                        "values": image.data.double().ravel().tolist(),
                        "affine": np.asarray(image.affine).ravel().tolist(),
                    }
                    for name, image in images.items()
                },
            }
        )
    return samples


with redirect_stdout(sys.stderr):
    answer = {"write": write, "read": read}[sys.argv[1]](sys.argv[2])
print(json.dumps(answer))
