// Trains a 3D CNN on every fold of a BIDS data set. To start: `npx clinicadl generate bids`, then `npx clinicadl run train.ts`.
import { BidsDataset } from "clinicadl/data/datasets";
import { BidsFileType } from "clinicadl/io/bids";
import { BCEWithLogitsLossConfig } from "clinicadl/losses/config";
import { ConfusionMatrixMetricConfig, LossMetricConfig } from "clinicadl/metrics/config";
import { SupervisedModel } from "clinicadl/models";
import { CNNConfig } from "clinicadl/networks/config";
import { AdamConfig, OptimizationConfig } from "clinicadl/optim";
import { KFold, makeKFold } from "clinicadl/split";
import { ComputationalConfig, Trainer } from "clinicadl/train";
import {
  ActivationsConfig,
  AsDiscreteConfig,
  RandomFlipConfig,
  TransformsHandler,
  ZNormalizationConfig,
} from "clinicadl/transforms";

// the images, and the column of the table that is to be learnt
const dataset = new BidsDataset({
  bids: "bids",
  fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
  data: "bids/metadata.tsv",
  columns: ["label"],
  transforms: new TransformsHandler({
    imageTransforms: [new ZNormalizationConfig()],
    augmentations: [new RandomFlipConfig({ axes: [0] })],
  }),
});

// what learns it
using sample = await dataset.get(0);
const model = new SupervisedModel({
  network: new CNNConfig({
    inShape: sample.shape,
    numOutputs: 1,
    convArgs: { channels: [8, 16, 32], padding: 1, norm: "instance", act: "relu", poolingIndices: [-1, 0, 1] },
  }),
  loss: new BCEWithLogitsLossConfig(),
  optimizer: new AdamConfig({ lr: 3e-4 }),
});

const trainer = new Trainer({
  maps: "maps",
  model,
  metrics: {
    loss: new LossMetricConfig(),
    ba: new ConfusionMatrixMetricConfig({
      metricName: "balanced accuracy",
      postprocessing: [
        new ActivationsConfig({ include: ["output"], sigmoid: true }),
        new AsDiscreteConfig({ include: ["output"], threshold: 0.5 }),
      ],
    }),
  },
  optimization: new OptimizationConfig({ numEpochs: 20 }),
});

const folds = makeKFold("bids/metadata.tsv", { nSplits: 4, stratification: "diagnosis", seed: 42 });
for (const split of new KFold(folds).getSplits(dataset)) {
  split.buildTrainLoader({ batchSize: 4, shuffle: true, numWorkers: 2, persistentWorkers: true });
  split.buildValLoader({ batchSize: 4, numWorkers: 2, persistentWorkers: true });
  await trainer.train(split, { computational: new ComputationalConfig({ seed: 42, deterministic: true }) });
}
