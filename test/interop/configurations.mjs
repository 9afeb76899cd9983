// What both sides train; configurations.py says the same in Python.
//
// Chosen so that the two can be compared: no dropout and no shuffling where loss curves are (the original draws from the
// global random stream while it loads); no bias before a normalisation (its gradient is rounding noise, which Adam makes
// as large as any other); BatchNorm with contiguous weights only (channels-last, PyTorch 2.6 computes another one, 6e-5
// away in the loss); the metric with a postprocessing last (there, it changes what the metrics after it see).
import {
  EarlyStoppingCallback,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  TrainingCheckpointCallback,
} from "clinicadl/callbacks";
import { PatchesToImageInferer, SlicesToImageInferer } from "clinicadl/infer";
import { BCEWithLogitsLossConfig, MSELossConfig } from "clinicadl/losses/config";
import {
  ConfusionMatrixMetricConfig,
  LossMetricConfig,
  MAEMetricConfig,
  MSEMetricConfig,
  ROCAUCMetricConfig,
} from "clinicadl/metrics/config";
import { ReconstructionModel, SupervisedModel } from "clinicadl/models";
import * as networks from "clinicadl/networks/config";
import { AdamConfig, OneCycleLRConfig, ReduceLROnPlateauConfig, SGDConfig, StepLRConfig } from "clinicadl/optim";
import { ActivationsConfig, AsDiscreteConfig, RandomFlipConfig } from "clinicadl/transforms/config";
import { Patch, Slice } from "clinicadl/transforms/extraction";

const inShape = [1, 12, 16, 12];
const convolutions = { channels: [4, 8], padding: 1, bias: false, poolingIndices: [0, 1] };

/** Steps of an epoch: 8 images, 2 a batch. */
const STEPS = 4;
const EPOCHS = 5;

function binary() {
  return [
    new ActivationsConfig({ include: ["output"], sigmoid: true }),
    new AsDiscreteConfig({ include: ["output"], threshold: 0.5 }),
  ];
}

function classification(/** @type {{ dropout?: number | null }} */ { dropout = null } = {}) {
  return {
    epochs: EPOCHS,
    splits: [0],
    columns: ["label"],
    model: new SupervisedModel({
      network: new networks.CNNConfig({
        inShape,
        numOutputs: 1,
        convArgs: { ...convolutions, norm: "instance", act: "relu" },
        mlpArgs: { hiddenDims: [8], act: "relu", norm: null, dropout },
      }),
      loss: new BCEWithLogitsLossConfig(),
      optimizer: new AdamConfig({ lr: 1e-3 }),
    }),
    metrics: {
      loss: new LossMetricConfig(),
      auc: new ROCAUCMetricConfig(),
      accuracy: new ConfusionMatrixMetricConfig({ metricName: "accuracy", postprocessing: binary() }),
    },
    callbacks: [
      new TrainingCheckpointCallback({ everyNEpochs: 1 }),
      new ModelCheckpointCallback({ metric: "loss", epochs: [2] }),
      new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 2, gamma: 0.5 }) }),
    ],
  };
}

/** Nothing counts as an improvement, whatever the rounding: the rate falls after epoch 3, training stops after epoch 5. */
function regression() {
  const labelKey = "score";
  return {
    epochs: EPOCHS + 2,
    splits: [0],
    columns: ["score"],
    channelsLast: false,
    model: new SupervisedModel({
      network: new networks.CNNConfig({
        inShape,
        numOutputs: 1,
        convArgs: { ...convolutions, norm: "batch", act: "elu", pooling: ["avg", { kernelSize: 2 }] },
      }),
      loss: new MSELossConfig(),
      optimizer: new SGDConfig({ lr: 1e-3, momentum: 0.9 }),
      labelKey,
    }),
    metrics: { mae: new MAEMetricConfig({ labelKey }), mse: new MSEMetricConfig({ labelKey }) },
    callbacks: [
      new TrainingCheckpointCallback({ everyNEpochs: 1 }),
      new ModelCheckpointCallback({ metric: "mae" }),
      new EarlyStoppingCallback({ metric: "mse", patience: 3, minDelta: 1000 }),
      new LRSchedulerCallback({
        scheduler: new ReduceLROnPlateauConfig({ patience: 1, threshold: 1000, thresholdMode: "abs" }),
        metricName: "mae",
      }),
    ],
  };
}

function reconstruction() {
  const labelKey = "image";
  return {
    epochs: EPOCHS,
    splits: [0],
    columns: [],
    model: new ReconstructionModel({
      network: new networks.AutoEncoderConfig({ inShape, latentSize: 8, convArgs: convolutions }),
      loss: new MSELossConfig(),
      optimizer: new AdamConfig({ lr: 1e-3 }),
    }),
    metrics: {
      loss: new LossMetricConfig({ labelKey }),
      mae: new MAEMetricConfig({ labelKey }),
    },
    callbacks: [
      new TrainingCheckpointCallback({ everyNEpochs: 1 }),
      new ModelCheckpointCallback({ metric: "loss", epochs: [1] }),
      new LRSchedulerCallback({ scheduler: new OneCycleLRConfig({ maxLr: 1e-3, totalSteps: EPOCHS * STEPS }) }),
    ],
  };
}

/** Two splits with all that is random: its curves are not compared, what it wrote is. */
function augmented() {
  return {
    ...classification({ dropout: 0.2 }),
    epochs: 2,
    splits: [0, 1],
    augmentations: [new RandomFlipConfig({ axes: [0], flipProbability: 0.5 })],
    shuffle: true,
  };
}

/** Trained on parts of images, and evaluated on whole ones, part by part. */
function inParts(spatialDims, inferer, extraction) {
  const labelKey = "image";
  return {
    epochs: 1,
    splits: [0],
    columns: [],
    channelsLast: false,
    extraction,
    model: new ReconstructionModel({
      network: new networks.UNetConfig({ spatialDims, inChannels: 1, outChannels: 1, channels: [2, 4] }),
      loss: new MSELossConfig(),
      optimizer: new AdamConfig({ lr: 1e-2 }),
      inferer,
    }),
    metrics: {
      loss: new LossMetricConfig({ labelKey }),
      mae: new MAEMetricConfig({ labelKey }),
    },
    callbacks: [new ModelCheckpointCallback({ metric: "loss" })],
  };
}

/** Patches that overlap the edge of the image, and weigh less there; the last batch of an image is shorter. */
function patches() {
  const inferer = new PatchesToImageInferer({
    patchSize: [8, 6, 8],
    overlap: [0.5, 0.25, 0.4],
    avgMode: "gaussian",
    sigmaScale: 0.25,
    batchSize: 5,
    postprocessing: [new ActivationsConfig({ include: ["output"], sigmoid: true })],
    outputType: "image",
  });
  return inParts(3, inferer, new Patch({ patchSize: 8, overlap: 0.25 }));
}

function slices() {
  const inferer = new SlicesToImageInferer({ sliceDirection: 1, batchSize: 5 });
  return inParts(2, inferer, new Slice({ sliceDirection: 1, borders: 4, squeeze: true }));
}

export const CONFIGURATIONS = { classification, regression, reconstruction, augmented, patches, slices };
