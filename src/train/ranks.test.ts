import { describe, expect, it } from "vitest";
import type { CallbacksHandler } from "../callbacks/index.ts";
import type { Batch } from "../data/dataloader/index.ts";
import { Maps } from "../io/maps/index.ts";
import { LossMetricConfig, MAEMetricConfig, MetricsHandler } from "../metrics/index.ts";
import { type LossWeight, SupervisedModel } from "../models/index.ts";
import { OptimizationConfig, SGDConfig } from "../optim/index.ts";
import { ranks } from "../run/fixtures/ranks.ts";
import { ComputationalConfig, Interrupter, RunLog, SingleProcess, TrainerState, type World } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import type { TrainingContext } from "./context.ts";
import { toySplit } from "./fixtures/toy.ts";
import { Trainers } from "./fixtures/trainers.ts";
import { trainLoop } from "./loop.ts";

const trainers = Trainers.forEachTest();

/** Counts how often it is asked what a batch counts for. */
class Asked extends SupervisedModel {
  times = 0;
  override lossWeight(batch: Batch): LossWeight | null {
    this.times++;
    return super.lossWeight(batch);
  }
}

interface Outcome {
  readonly weights: number[];
  readonly metrics: readonly object[];
  readonly samples: readonly object[];
  readonly gradNorms: number[];
  readonly epochs: number;
  readonly batches: number;
  readonly asked: number;
}

/** Some epochs of the loop itself, of one of the processes of `world`. */
async function loop(world: World, batchSize: number, stopAfter: (world: World) => number): Promise<Outcome> {
  using model = new Asked({
    network: new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(512, 1)),
    loss: new torch.nn.MSELoss(),
    optimizer: new SGDConfig({ lr: 0.01 }),
  });
  const gradNorms: number[] = [];
  let batches = 0;
  const optimizers = model.buildOptimizers();
  torch.manualSeed(1);
  model.reset();
  const metrics = new MetricsHandler({ loss: new LossMetricConfig(), mae: new MAEMetricConfig() });
  metrics.initMetrics(model);
  const split = toySplit({ shuffle: true, batchSize });
  const share = { rank: world.rank, size: world.size };
  split.trainLoader.setShare({ ...share, of: "batches" });
  split.valLoader.setShare({ ...share, of: "dataset" });
  const state = new TrainerState();
  const run: TrainingContext = {
    model,
    maps: new Maps(trainers.path("none")),
    state,
    callbacks: {
      callEvent: async (event: string, args: { gradNorm: number }) => {
        if (event === "onOptimizationStepEnd") gradNorms.push(args.gradNorm);
        if (event === "onForwardStepStart") batches++;
        if (event === "onEpochEnd" && state.currentEpoch >= stopAfter(world)) state.shouldStop = true;
      },
    } as unknown as CallbacksHandler,
    computational: new ComputationalConfig({ gpu: false, amp: false }),
    metrics,
    interruption: new Interrupter(false),
    log: new RunLog(),
    world,
    split,
    optimization: new OptimizationConfig({ numEpochs: 4, accumulationSteps: 2, clipGradNorm: 1 }),
    optimizers,
    gradScaler: new torch.amp.GradScaler("cpu", { enabled: false }),
    gradients: world.gradientSum(model, null),
    shards: null,
  };
  state.resetTraining(0, 4);
  await trainLoop(run, { epoch: 0, batch: null });
  for (const optimizer of Object.values(optimizers)) optimizer.dispose();
  const weights = [...model.parameters()].flatMap((parameter) => [...parameter.toTypedArray()].map(Number));
  const { df, detailedDf } = metrics;
  return {
    weights,
    metrics: df,
    samples: detailedDf,
    gradNorms,
    epochs: state.currentEpoch,
    batches,
    asked: model.times,
  };
}

describe("ranks that train together", () => {
  // with 3 samples each, a last batch is smaller
  it.each([2, 3])(
    "make the steps, and have the metrics, of one process with the batches of all of them (%i)",
    async (size) => {
      const live = torch.memory.live().tensors;
      const alone = await loop(new SingleProcess(), 2 * size, () => 99);
      const together = await Promise.all(ranks(2).map((world) => loop(world, size, () => 99)));
      for (const one of together) {
        expect(one.epochs).toBe(4);
        expect(one.asked).toBe(one.batches);
        expect(one.gradNorms).toHaveLength(alone.gradNorms.length);
        // sums of 512 products in float32 whose terms come in another order: some units of 6e-8 of them, in each of a few steps
        const bound = 1e-5;
        for (const [i, norm] of alone.gradNorms.entries()) {
          expect(Math.abs((one.gradNorms[i] ?? Number.NaN) - norm)).toBeLessThan(bound * Math.max(1, norm));
        }
        const worst = Math.max(...one.weights.map((weight, i) => Math.abs(weight - (alone.weights[i] ?? Number.NaN))));
        expect(worst).toBeLessThan(bound);
        expect(one.samples.map((row) => ({ ...row, loss: 0, mae: 0 }))).toEqual(
          alone.samples.map((row) => ({ ...row, loss: 0, mae: 0 })),
        );
        for (const [i, row] of alone.metrics.entries()) {
          for (const [name, value] of Object.entries(row)) {
            const here = (one.metrics[i] as Record<string, number>)[name] ?? Number.NaN;
            expect(Math.abs(here - Number(value))).toBeLessThan(bound * Math.max(1, Number(value)));
          }
        }
      }
      expect(together[0]?.weights).toEqual(together[1]?.weights);
      expect(torch.memory.live().tensors).toBe(live);
    },
  );
  it("stop together, when one of them wants to", async () => {
    const stopped = await Promise.all(ranks(2).map((world) => loop(world, 2, ({ rank }) => (rank === 1 ? 2 : 99))));
    expect(stopped.map(({ epochs }) => epochs)).toEqual([2, 2]);
  });
});
