// A tiny cohort, and three MAPS trained on it with this library: `complete` (two splits, every kind of checkpoint),
// `whole` and `interrupted` (the same training, once to its end and once stopped in its third epoch).
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SHAPE = [12, 14, 12];
const EPOCHS = 4;
const BATCH = 2;

/** 16 images of noise; in every other one a corner is brighter. */
async function makeCohort(bids) {
  const { writeNifti } = await import("clinicadl/io/nifti");
  mkdirSync(bids, { recursive: true });
  const description = { Name: "interop", BIDSVersion: "1.10.0", DatasetType: "raw" };
  writeFileSync(join(bids, "dataset_description.json"), JSON.stringify(description));
  const rows = ["participant_id\tsession_id\tage\tdiagnosis\tlabel"];
  let state = 42;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const [x, y, z] = SHAPE;
  for (let i = 0; i < 16; i++) {
    const participant = `sub-${String(i + 1).padStart(3, "0")}`;
    // written as 0.0 and 1.0: ClinicaDL cannot compute the loss of a BCE on a column of integers
    const label = i % 2;
    const data = Float32Array.from({ length: x * y * z }, (_, at) => {
      const corner = at < (x * y * z) / 4 ? label : 0;
      return 100 * (random() + random() + random()) + 60 * corner;
    });
    const folder = join(bids, participant, "ses-M000", "anat");
    mkdirSync(folder, { recursive: true });
    const affine = [2, 0, 0, -12, 0, 2, 0, -14, 0, 0, 2, -12, 0, 0, 0, 1];
    writeNifti(join(folder, `${participant}_ses-M000_T1w.nii.gz`), { data, shape: SHAPE, affine });
    rows.push([participant, "ses-M000", 60 + i, label === 1 ? "AD" : "CN", label.toFixed(1)].join("\t"));
  }
  writeFileSync(join(bids, "metadata.tsv"), `${rows.join("\n")}\n`);
}

class Interruption extends Error {}

/** Makes everything in `folder`; the paths of the MAPS. */
export async function makeMaps(folder) {
  const { ModelCheckpointCallback, EarlyStoppingCallback, LRSchedulerCallback, TrainingCheckpointCallback } =
    await import("clinicadl/callbacks");
  const { BidsDataset } = await import("clinicadl/data/datasets");
  const { BidsFileType } = await import("clinicadl/io/bids");
  const { BCEWithLogitsLossConfig } = await import("clinicadl/losses/config");
  const { ConfusionMatrixMetricConfig, LossMetricConfig, MAEMetricConfig, ROCAUCMetricConfig } = await import(
    "clinicadl/metrics/config"
  );
  const { SupervisedModel } = await import("clinicadl/models");
  const { CNNConfig } = await import("clinicadl/networks/config");
  const { AdamConfig, OptimizationConfig, StepLRConfig } = await import("clinicadl/optim");
  const { KFold, makeKFold } = await import("clinicadl/split");
  const { ComputationalConfig, Trainer } = await import("clinicadl/train");
  const { ActivationsConfig, AsDiscreteConfig, RandomFlipConfig, TransformsHandler, ZNormalizationConfig } =
    await import("clinicadl/transforms");

  const bids = join(folder, "bids");
  await makeCohort(bids);
  const folds = await makeKFold(join(bids, "metadata.tsv"), {
    nSplits: 2,
    outputDir: folder,
    stratification: "diagnosis",
    seed: 42,
  });

  const train = async (name, { augment, norm, dropout, splits, callbacks, stopAt }) => {
    const maps = join(folder, name);
    const dataset = new BidsDataset({
      bids,
      fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
      data: join(bids, "metadata.tsv"),
      columns: ["label"],
      transforms: new TransformsHandler({
        imageTransforms: [new ZNormalizationConfig()],
        augmentations: augment ? [new RandomFlipConfig({ axes: [0], flipProbability: 0.5 })] : [],
      }),
    });
    // no bias before a normalisation: its gradient is rounding noise, which Adam makes as large as any other
    const model = new SupervisedModel({
      network: new CNNConfig({
        inShape: [1, ...SHAPE],
        numOutputs: 1,
        convArgs: { channels: [4, 8], padding: 1, bias: false, norm, act: "relu", poolingIndices: [0, 1] },
        mlpArgs: { hiddenDims: [8], act: "relu", norm: null, dropout },
      }),
      loss: new BCEWithLogitsLossConfig(),
      optimizer: new AdamConfig({ lr: 1e-3 }),
    });
    const binary = [
      new ActivationsConfig({ include: ["output"], sigmoid: true }),
      new AsDiscreteConfig({ include: ["output"], threshold: 0.5 }),
    ];
    const confusion = (metricName) => new ConfusionMatrixMetricConfig({ metricName, postprocessing: binary });
    const trainer = new Trainer({
      maps,
      model,
      // in ClinicaDL a postprocessing changes what the metrics after it see, so a training to be resumed has one, last
      metrics: {
        loss: new LossMetricConfig(),
        auc: new ROCAUCMetricConfig(),
        mae: new MAEMetricConfig(),
        accuracy: confusion("accuracy"),
        ...(augment ? { balancedAccuracy: confusion("balanced accuracy") } : {}),
      },
      optimization: new OptimizationConfig({ numEpochs: EPOCHS }),
      callbacks,
    });
    for (const split of new KFold(folds).getSplits(dataset, { splits })) {
      split.buildTrainLoader({ batchSize: BATCH, shuffle: augment });
      split.buildValLoader({ batchSize: BATCH });
      if (stopAt !== undefined) {
        const stop = stopAt * Math.ceil(split.trainDataset.length / BATCH) + 1;
        const forwardStep = model.forwardStep.bind(model);
        let steps = 0;
        const counted = (batch) => {
          if (++steps > stop) throw new Interruption("stopped on purpose");
          return forwardStep(batch);
        };
        Object.defineProperty(model, "forwardStep", { value: counted, enumerable: false });
      }
      const computational = new ComputationalConfig({ gpu: false, amp: false, seed: 42, deterministic: true });
      try {
        await trainer.train(split, { computational });
      } catch (error) {
        if (!(error instanceof Interruption)) throw error;
      }
    }
    return maps;
  };

  const everyEpoch = () => new TrainingCheckpointCallback({ everyNEpochs: 1 });
  const plain = { augment: false, norm: "batch", dropout: null, splits: [0] };
  const rates = () => new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 2, gamma: 0.5 }) });
  return {
    complete: await train("maps-complete", {
      augment: true,
      norm: "instance",
      dropout: 0.2,
      splits: [0, 1],
      callbacks: [
        everyEpoch(),
        new ModelCheckpointCallback({ metric: "loss", epochs: [2] }),
        new EarlyStoppingCallback({ metric: "loss", patience: 50 }),
        rates(),
      ],
    }),
    whole: await train("maps-whole", { ...plain, callbacks: [everyEpoch(), rates()] }),
    interrupted: await train("maps-interrupted", { ...plain, callbacks: [everyEpoch(), rates()], stopAt: 2 }),
  };
}
