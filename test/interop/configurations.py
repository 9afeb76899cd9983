"""What both sides train; configurations.mjs says the same in JavaScript, and why it is chosen so."""

from clinicadl.callbacks import (
    EarlyStoppingCallback,
    LRSchedulerCallback,
    ModelCheckpointCallback,
    TrainingCheckpointCallback,
)
from clinicadl.infer import PatchesToImageInferer, SlicesToImageInferer
from clinicadl.losses.config import BCEWithLogitsLossConfig, MSELossConfig
from clinicadl.metrics.config import (
    ConfusionMatrixMetricConfig,
    LossMetricConfig,
    MAEMetricConfig,
    MSEMetricConfig,
      ROCAUCMetricConfig,
)
from clinicadl.models import ReconstructionModel, SupervisedModel
from clinicadl.networks.config import AutoEncoderConfig, CNNConfig, UNetConfig
from clinicadl.optim.lr_schedulers.config import OneCycleLRConfig, ReduceLROnPlateauConfig, StepLRConfig
from clinicadl.optim.optimizers.config import AdamConfig, SGDConfig
from clinicadl.transforms.config import ActivationsConfig, AsDiscreteConfig, RandomFlipConfig
from clinicadl.transforms.extraction import Patch, Slice

IN_SHAPE = (1, 12, 16, 12)
CONVOLUTIONS = dict(channels=[4, 8], padding=1, bias=False, pooling_indices=[0, 1])
STEPS = 4
EPOCHS = 5


def binary():
    return [
        ActivationsConfig(include=["output"], sigmoid=True),
        AsDiscreteConfig(include=["output"], threshold=0.5),
    ]


def classification(dropout=None):
    return dict(
        epochs=EPOCHS,
        splits=[0],
        columns=["label"],
        model=SupervisedModel(
            network=CNNConfig(
                in_shape=IN_SHAPE,
                num_outputs=1,
                conv_args=dict(**CONVOLUTIONS, norm="instance", act="relu"),
                mlp_args=dict(hidden_dims=[8], act="relu", norm=None, dropout=dropout),
            ),
            loss=BCEWithLogitsLossConfig(),
            optimizer=AdamConfig(lr=1e-3),
        ),
        metrics=dict(
            loss=LossMetricConfig(),
            auc=ROCAUCMetricConfig(),
            accuracy=ConfusionMatrixMetricConfig(metric_name="accuracy", postprocessing=binary()),
        ),
        callbacks=[
            TrainingCheckpointCallback(every_n_epochs=1),
            ModelCheckpointCallback(metric="loss", epochs=[2]),
            LRSchedulerCallback(scheduler=StepLRConfig(step_size=2, gamma=0.5)),
        ],
    )


def regression():
    label_key = "score"
    return dict(
        epochs=EPOCHS + 2,
        splits=[0],
        columns=["score"],
        channels_last=False,
        model=SupervisedModel(
            network=CNNConfig(
                in_shape=IN_SHAPE,
                num_outputs=1,
                conv_args=dict(**CONVOLUTIONS, norm="batch", act="elu", pooling=("avg", dict(kernel_size=2))),
            ),
            loss=MSELossConfig(),
            optimizer=SGDConfig(lr=1e-3, momentum=0.9),
            label_key=label_key,
        ),
        metrics=dict(mae=MAEMetricConfig(label_key=label_key), mse=MSEMetricConfig(label_key=label_key)),
        callbacks=[
            TrainingCheckpointCallback(every_n_epochs=1),
            ModelCheckpointCallback(metric="mae"),
            EarlyStoppingCallback(metric="mse", patience=3, min_delta=1000),
            LRSchedulerCallback(
                scheduler=ReduceLROnPlateauConfig(patience=1, threshold=1000, threshold_mode="abs"),
                metric_name="mae",
            ),
        ],
    )


def reconstruction():
    label_key = "image"
    return dict(
        epochs=EPOCHS,
        splits=[0],
        columns=[],
        model=ReconstructionModel(
            network=AutoEncoderConfig(in_shape=IN_SHAPE, latent_size=8, conv_args=CONVOLUTIONS),
            loss=MSELossConfig(),
            optimizer=AdamConfig(lr=1e-3),
        ),
        metrics=dict(
            loss=LossMetricConfig(label_key=label_key),
            mae=MAEMetricConfig(label_key=label_key),
        ),
        callbacks=[
            TrainingCheckpointCallback(every_n_epochs=1),
            ModelCheckpointCallback(metric="loss", epochs=[1]),
            LRSchedulerCallback(scheduler=OneCycleLRConfig(max_lr=1e-3, total_steps=EPOCHS * STEPS)),
        ],
    )


def augmented():
    return dict(
        classification(dropout=0.2),
        epochs=2,
        splits=[0, 1],
        augmentations=[RandomFlipConfig(axes=[0], flip_probability=0.5)],
        shuffle=True,
    )


def in_parts(spatial_dims, inferer, extraction):
    label_key = "image"
    return dict(
        epochs=1,
        splits=[0],
        columns=[],
        channels_last=False,
        extraction=extraction,
        model=ReconstructionModel(
            network=UNetConfig(spatial_dims=spatial_dims, in_channels=1, out_channels=1, channels=[2, 4]),
            loss=MSELossConfig(),
            optimizer=AdamConfig(lr=1e-2),
            inferer=inferer,
        ),
        metrics=dict(
            loss=LossMetricConfig(label_key=label_key),
            mae=MAEMetricConfig(label_key=label_key),
        ),
        callbacks=[ModelCheckpointCallback(metric="loss")],
    )


def patches():
    inferer = PatchesToImageInferer(
        patch_size=(8, 6, 8),
        overlap=(0.5, 0.25, 0.4),
        avg_mode="gaussian",
        sigma_scale=0.25,
        batch_size=5,
        postprocessing=[ActivationsConfig(include=["output"], sigmoid=True)],
        output_type="image",
    )
    return in_parts(3, inferer, Patch(patch_size=8, overlap=0.25))


def slices():
    inferer = SlicesToImageInferer(slice_direction=1, batch_size=5)
    return in_parts(2, inferer, Slice(slice_direction=1, borders=4, squeeze=True))


CONFIGURATIONS = dict(
    classification=classification,
    regression=regression,
    reconstruction=reconstruction,
    augmented=augmented,
    patches=patches,
    slices=slices,
)
