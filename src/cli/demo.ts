/** What `npx clinicadl demo` does: the main job from end to end, on a simulated cohort made from real anatomy. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { BidsDataset } from "../data/datasets/index.ts";
import { BidsFileType } from "../io/bids/index.ts";
import { BCEWithLogitsLossConfig } from "../losses/index.ts";
import { ConfusionMatrixMetricConfig, LossMetricConfig, ROCAUCMetricConfig } from "../metrics/index.ts";
import { SupervisedModel } from "../models/index.ts";
import { CNNConfig } from "../networks/index.ts";
import { AdamConfig, OptimizationConfig } from "../optim/index.ts";
import { KFold, makeKFold } from "../split/index.ts";
import { ComputationalConfig, Trainer } from "../train/index.ts";
import {
  ActivationsConfig,
  AsDiscreteConfig,
  RandomFlipConfig,
  TransformsHandler,
  ZNormalizationConfig,
} from "../transforms/index.ts";
import { generateCohort } from "./generate/index.ts";

export interface DemoOptions {
  /** Folder for the cohort and the MAPS. */
  readonly output: string;
  readonly participants: number;
  readonly folds: number;
  readonly epochs: number;
  readonly seed: number;
  readonly workers: number;
  /** Deal the diagnoses out at random: nothing can be learnt, and balanced accuracy should be about 0.5. */
  readonly permuteLabels: boolean;
}

const scores = ["loss", "accuracy", "balancedAccuracy", "auc"] as const;
type Scores = Record<(typeof scores)[number], number>;

export interface DemoResult {
  readonly maps: string;
  readonly folds: readonly (Scores & { readonly split: number })[];
  readonly mean: Scores;
}

/** Makes the cohort, trains a 3D CNN on every fold, and returns the scores of each fold's final model. */
export async function runDemo(options: DemoOptions, say: (line: string) => void): Promise<DemoResult> {
  const bids = join(options.output, options.permuteLabels ? "bids-permuted" : "bids");
  say(`Cohort: ${options.participants} simulated participants in ${bids}`);
  await generateCohort({
    output: bids,
    participants: options.participants,
    resolution: 3,
    sessions: 1,
    seed: options.seed,
    permuteLabels: options.permuteLabels,
    overwrite: existsSync(bids),
  });

  const folds = makeKFold(join(bids, "metadata.tsv"), {
    nSplits: options.folds,
    outputDir: options.output,
    stratification: "diagnosis",
    seed: options.seed,
  });
  const dataset = new BidsDataset({
    bids,
    fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
    data: join(bids, "metadata.tsv"),
    columns: ["label"],
    transforms: new TransformsHandler({
      imageTransforms: [new ZNormalizationConfig()],
      augmentations: [new RandomFlipConfig({ axes: [0], flipProbability: 0.5 })],
    }),
  });

  using sample = await dataset.get(0);
  const model = new SupervisedModel({
    network: new CNNConfig({
      inShape: sample.shape,
      numOutputs: 1,
      convArgs: {
        channels: [8, 16, 32],
        padding: 1,
        norm: "instance",
        act: "relu",
        poolingIndices: [-1, 0, 1],
      },
    }),
    loss: new BCEWithLogitsLossConfig(),
    optimizer: new AdamConfig({ lr: 3e-4 }),
  });
  const binary = [
    new ActivationsConfig({ include: ["output"], sigmoid: true }),
    new AsDiscreteConfig({ include: ["output"], threshold: 0.5 }),
  ];
  const trainer = new Trainer({
    maps: join(options.output, "maps"),
    model,
    overwrite: true,
    optimization: new OptimizationConfig({ numEpochs: options.epochs }),
    metrics: {
      loss: new LossMetricConfig(),
      accuracy: new ConfusionMatrixMetricConfig({ metricName: "accuracy", postprocessing: binary }),
      balancedAccuracy: new ConfusionMatrixMetricConfig({ metricName: "balanced accuracy", postprocessing: binary }),
      auc: new ROCAUCMetricConfig(),
    },
  });

  const results: (Scores & { split: number })[] = [];
  for (const split of new KFold(folds).getSplits(dataset)) {
    split.buildTrainLoader({
      batchSize: 4,
      shuffle: true,
      numWorkers: options.workers,
      persistentWorkers: options.workers > 0,
    });
    split.buildValLoader({ batchSize: 4, numWorkers: options.workers, persistentWorkers: options.workers > 0 });
    await trainer.train(split, { computational: new ComputationalConfig({ seed: options.seed, deterministic: true }) });
    const value = (name: string) => trainer.metrics.getMetricValue(name, options.epochs);
    results.push({
      split: split.index,
      loss: value("loss"),
      accuracy: value("accuracy"),
      balancedAccuracy: value("balancedAccuracy"),
      auc: value("auc"),
    });
  }
  return { maps: resolve(options.output, "maps"), folds: results, mean: average(results) };
}

function average(rows: readonly Scores[]): Scores {
  const mean = (name: keyof Scores) => rows.reduce((sum, row) => sum + row[name], 0) / rows.length;
  return {
    loss: mean("loss"),
    accuracy: mean("accuracy"),
    balancedAccuracy: mean("balancedAccuracy"),
    auc: mean("auc"),
  };
}

/** Fold by fold, then mean ± standard deviation. */
export function demoTable(result: DemoResult): string {
  const cell = (text: string) => text.padStart(18);
  const deviation = (name: keyof Scores) =>
    Math.sqrt(
      result.folds.reduce((sum, row) => sum + (row[name] - result.mean[name]) ** 2, 0) /
        Math.max(1, result.folds.length - 1),
    );
  const lines = [`fold${scores.map((name) => cell(name)).join("")}`];
  for (const fold of result.folds) {
    lines.push(`${String(fold.split).padEnd(4)}${scores.map((name) => cell(fold[name].toFixed(3))).join("")}`);
  }
  lines.push(
    `mean${scores.map((name) => cell(`${result.mean[name].toFixed(3)} ± ${deviation(name).toFixed(3)}`)).join("")}`,
  );
  return lines.join("\n");
}
