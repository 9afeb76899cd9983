import { describe, expect, it } from "vitest";
import { Callback, type EventArgs, ModelCheckpointCallback, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import {
  ConfusionMatrixMetricConfig,
  LossMetricConfig,
  MAEMetricConfig,
  type MetricLike,
  ROCAUCMetricConfig,
} from "../metrics/index.ts";
import { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { ActivationsConfig, AsDiscreteConfig } from "../transforms/index.ts";
import { ToyDataset, toyModel, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers, weights } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const warnings = (name: string, file = "training/split-0/warning.log") =>
  trainers
    .text(name, file)
    .trim()
    .split("\n")
    .map((line) => line.replace(/^.*WARNING: /, ""));

/** Validation with these participants; odd ones are positive. */
function splitWith(validation: readonly number[], broken: number | null = null): Split {
  const split = new Split({
    index: 0,
    trainDataset: new ToyDataset([0, 1, 2, 3, 4, 5, 6, 7]),
    valDataset: new ToyDataset(validation, broken),
  });
  split.buildTrainLoader({ batchSize: 4 });
  split.buildValLoader({ batchSize: 2 });
  return split;
}
/** The output layer and the losses, epoch by epoch. */
class Epochs extends Callback {
  readonly weights: number[][] = [];
  readonly losses: number[] = [];
  #sum = 0;
  #count = 0;
  override onEpochStart(): void {
    this.#sum = 0;
    this.#count = 0;
  }
  override onBatchEnd({ losses }: EventArgs<"onBatchEnd">): void {
    if (losses === null) return;
    this.#sum += losses.loss ?? 0;
    this.#count++;
  }
  override onEpochEnd({ model }: EventArgs<"onEpochEnd">): void {
    using _scope = torch.scope();
    this.weights.push([...model.parameters()].flatMap((p) => Array.from(p.toTypedArray(), Number)));
    this.losses.push(this.#sum / this.#count);
  }
}
const best = (name: string) => [
  ...weights(trainers.path(name, "training/split-0/models/best_models/best-auc/model.pt")),
];
const auc = new ROCAUCMetricConfig();
const metric = "auc";

describe("a metric that is not defined", () => {
  it("is told once per cause, with the class, and the best model by it is that with the lowest validation loss", async () => {
    const metrics = { auc, loss: new LossMetricConfig() };
    const epochs = new Epochs();
    const trainer = trainers.make("maps", {
      metrics,
      optimization: { numEpochs: 3 },
      callbacks: [new ModelCheckpointCallback({ metric }), epochs],
    });
    await trainer.train(splitWith([21, 23, 25]), { computational });
    expect(warnings("maps")).toEqual([
      "The metric 'auc' at epoch 1: all labels are 1, and it needs both 0 and 1. Validate on samples of every class (stratified splits).",
      expect.stringMatching(
        /^The metric 'auc' was not defined at any validation\. The best model by it, split-0_best-auc, is therefore the one with the lowest validation loss 'loss' \(0\.\d+\)\.$/,
      ),
    ]);
    const losses = [1, 2, 3].map((epoch) => trainer.metrics.getMetricValue("loss", epoch));
    const lowest = losses.indexOf(Math.min(...losses));
    expect(trainer.maps.training.split(0).models.list).toEqual(["best-auc", "final"]);
    const parameters = new Set([...trainer.model.namedParameters()].map(([name]) => name));
    expect(
      best("maps")
        .filter(([name]) => parameters.has(name))
        .flatMap(([, values]) => values),
    ).toEqual(epochs.weights[lowest]);
    // an empty cell, in Python's spelling
    expect(
      trainers.text("maps", "training/split-0/models/best_models/best-auc/validation_metrics/aggregated.tsv"),
    ).toMatch(new RegExp(`^epoch\tauc\tloss\n${lowest + 1}\t\t0\\.`));
  });

  it("without a validation loss, it is that with the lowest training loss, interrupted or not", async () => {
    const run = { metrics: { auc }, optimization: { numEpochs: 4, evaluationInterval: 2 } };
    const callbacks = () => [
      new ModelCheckpointCallback({ metric }),
      new TrainingCheckpointCallback({ everyNSteps: 1 }),
    ];
    const epochs = new Epochs();
    await trainers
      .make("whole", { ...run, callbacks: [...callbacks(), epochs] })
      .train(splitWith([21, 23]), { computational });
    const lowest = (epochs.losses[1] ?? 0) < (epochs.losses[3] ?? 0) ? 1 : 3;
    expect(warnings("whole").at(-1)).toContain(
      `the lowest training loss 'loss' (${Number((epochs.losses[lowest] ?? 0).toPrecision(6))})`,
    );

    // in the middle of the fourth epoch
    class Fails extends Callback {
      failed = false;
      override onForwardStepStart({ state }: EventArgs<"onForwardStepStart">): void {
        if (state.currentEpoch !== 4 || state.currentTrainBatch !== 2 || this.failed) return;
        this.failed = true;
        throw new Error("failed");
      }
    }
    const trainer = trainers.make("broken", { ...run, callbacks: [...callbacks(), new Fails()] });
    await expect(trainer.train(splitWith([21, 23]), { computational })).rejects.toThrow("failed");
    await trainer.resume({ splitIdx: 0, split: splitWith([21, 23]) });
    expect(trainers.differences("broken", "whole")).toEqual([]);
    expect(best("broken")).toEqual(best("whole"));
    expect(warnings("broken").at(-1)).toBe(warnings("whole").at(-1));
  });

  it("at first only is followed from when it is", async () => {
    let epoch = 0;
    class Late extends Callback {
      override onValidationStart({ state }: EventArgs<"onValidationStart">): void {
        epoch = state.currentEpoch;
      }
    }
    const trainer = trainers.make("late", {
      metrics: { auc },
      optimization: { numEpochs: 2 },
      callbacks: [new ModelCheckpointCallback({ metric }), new Late()],
    });
    const split = splitWith([20, 21]);
    const images = split.valDataset as ToyDataset;
    const get = images.get.bind(images);
    images.get = async (index) => {
      const sample = await get(index);
      if (epoch === 1) sample.setField("label", 1);
      return sample;
    };
    await trainer.train(split, { computational });
    expect(
      trainers.text("late", "training/split-0/models/best_models/best-auc/validation_metrics/aggregated.tsv"),
    ).toMatch(/^epoch\tauc\n2\t\d/);
    expect(warnings("late")).toHaveLength(1);
  });

  it("because an image is NaN, is told with the participant", async () => {
    const postprocessing = [
      new ActivationsConfig({ include: ["output"], sigmoid: true }),
      new AsDiscreteConfig({ include: ["output"], threshold: 0.5 }),
    ];
    const acc = new ConfusionMatrixMetricConfig({ metricName: "accuracy", postprocessing });
    const metrics: Record<string, MetricLike> = { auc, loss: new LossMetricConfig(), mae: new MAEMetricConfig(), acc };
    const trainer = trainers.make("nan", {
      metrics,
      optimization: { numEpochs: 2 },
      callbacks: [new ModelCheckpointCallback({ metric })],
    });
    await trainer.train(splitWith([20, 21, 22], 21), { computational });
    const told = warnings("nan");
    expect(told).toHaveLength(5);
    expect(told[0]).toMatch(
      /^The metric 'auc' at epoch 1: 'output' is NaN for sub-21 ses-M000; the metric is not defined/,
    );
    expect(told[1]).toMatch(
      /^The metric 'loss' at epoch 1: 'output' is NaN for sub-21 ses-M000; the loss is not defined/,
    );
    expect(told[2]).toMatch(
      /^The metric 'mae' at epoch 1: 'output' is NaN for sub-21 ses-M000; they are left out of it/,
    );
    // neither the metric nor the validation loss is defined
    // a threshold makes 0 of NaN, which is no prediction
    expect(told[3]).toMatch(
      /^The metric 'acc' at epoch 1: 'output' is NaN for sub-21 ses-M000; they are left out of it/,
    );
    expect(trainers.text("nan", "training/split-0/validation_metrics/details.tsv")).toMatch(
      /^2\tsub-21\tses-M000\t\t\t\t$/m,
    );
    expect(told[4]).toMatch(/split-0_best-auc, is therefore the one with the lowest training loss/);

    const dataloader = new DataLoader(new ToyDataset([31, 33]), { batchSize: 2, shuffle: false });
    await trainer.test({ modelCheckpoint: "split-0_final", groupName: "g", dataloader, computational });
    expect(warnings("nan", "test/group-g/results/split-0/final/warning.log")).toEqual([
      expect.stringMatching(/^The metric 'auc': all labels are 1/),
    ]);
  });
});

describe("a loss of one's own that gives one number whatever its reduction", () => {
  it("has a validation loss all the same, and says once how", async () => {
    class Own extends torch.nn.MSELoss {
      override forward(p: torch.Tensor, y: torch.Tensor): torch.Tensor {
        return p.sub(y).square().mean();
      }
    }
    const { network } = toyModel();
    const model = Object.assign(toyModel(), { loss: new Own() });
    for (const tensor of [...network.parameters(), ...network.buffers()]) tensor.dispose();
    const trainer = trainers.make("own", { model, optimization: { numEpochs: 2 } });
    await trainer.train(toySplit(), { computational });
    expect(trainer.metrics.getMetricValue("loss", 2)).toBeGreaterThan(0);
    expect(warnings("own")).toEqual([
      expect.stringMatching(
        /^The metric 'loss' at epoch 1: Own gives one number for a batch.*weighted by their samples/,
      ),
    ]);
  });
});
