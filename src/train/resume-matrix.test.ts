import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  Callback,
  EarlyStoppingCallback,
  type EventArgs,
  LoggerCallback,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { ReduceLROnPlateauConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { cohortSplit, makeCohort } from "./fixtures/cohort.ts";
import { toyModel } from "./fixtures/toy.ts";
import { Trainer } from "./trainer.ts";

let dir = "";
let bids = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "matrix-"));
  // 8 to train on: 4 batches of 2, in windows of 3 batches and of 1
  bids = makeCohort(dir, 12);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

class Stopped extends Error {}

/** Ends a run, as a fault would, after so many optimization steps: before the next batch, of training or validation. */
class StopAfter extends Callback {
  #left: number;
  constructor(steps: number) {
    super();
    this.#left = steps;
  }
  override onOptimizationStepEnd(): void {
    this.#left--;
  }
  override onBatchStart(): void {
    if (this.#left <= 0) throw new Stopped("stopped");
  }
}

interface Case {
  readonly amp: boolean;
  readonly accumulationSteps: number;
  readonly numWorkers: number;
}

/** Early stopping fires in the fourth of six epochs, just after the plateau has lowered the rate. */
function callbacks(...more: Callback[]): Callback[] {
  return [
    new LoggerCallback({ progressBar: false }),
    new TrainingCheckpointCallback({ everyNSteps: 1, everyNEpochs: 1 }),
    new ModelCheckpointCallback({ metric: "loss", epochs: [1, 3] }),
    new EarlyStoppingCallback({ metric: "loss", patience: 2, minDelta: 10 }),
    new LRSchedulerCallback({
      scheduler: new ReduceLROnPlateauConfig({ patience: 1, threshold: 10, thresholdMode: "abs" }),
      metricName: "loss",
    }),
    ...more,
  ];
}

const computational = ({ amp }: Case) => ({ gpu: false, amp, seed: 5, deterministic: true });

function make(name: string, { accumulationSteps }: Case, more: Callback[] = []): Trainer {
  return new Trainer({
    maps: join(dir, name),
    model: toyModel({ dropout: 0.4 }),
    metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() },
    optimization: { numEpochs: 6, accumulationSteps, clipGradNorm: 1 },
    callbacks: callbacks(...more),
  });
}

/** Trains, ending after `steps` steps again and again, each time going on as a new process would. */
async function interrupted(name: string, which: Case, steps: number, times: number): Promise<number> {
  let resumed = 0;
  const split = () => cohortSplit(bids, { numWorkers: which.numWorkers });
  const trainer = make(name, which, [new StopAfter(steps)]);
  try {
    await trainer.train(split(), { computational: computational(which) });
    return resumed;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    trainer.dispose();
  }
  for (;;) {
    torch.manualSeed(resumed); // whatever happened in between
    const again = ++resumed < times ? [new StopAfter(steps)] : [];
    const other = await Trainer.fromMaps(join(dir, name), { callbacks: callbacks(...again) });
    try {
      await other.resume({ splitIdx: 0 });
      return resumed;
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      other.dispose();
    }
  }
}

const FILES = [
  "models/final/model.pt",
  "models/best_models/best-loss/model.pt",
  "models/best_models/best-loss/validation_metrics/details.tsv",
  "models/checkpoints/epoch-1/model.pt",
  "models/checkpoints/epoch-3/model.pt",
  "tmp/epoch-4/optimizer.pt",
  "logs/training_loss.tsv",
  "logs/gradient_norm.tsv",
  "logs/learning_rates/optimizer.tsv",
  "validation_metrics/aggregated.tsv",
  "validation_metrics/details.tsv",
];

function expectSame(name: string, whole: string, files = FILES): void {
  for (const file of files) {
    const [one, other] = [name, whole].map((maps) => readFileSync(join(dir, maps, "training/split-0", file)));
    expect(one?.equals(other ?? Buffer.of()), `${file} of ${name}`).toBe(true);
  }
}

describe.each([
  { amp: false, accumulationSteps: 1 },
  { amp: false, accumulationSteps: 3 },
  { amp: true, accumulationSteps: 1 },
  { amp: true, accumulationSteps: 3 },
])("resume with amp $amp, accumulation $accumulationSteps", ({ amp, accumulationSteps }) => {
  const whole = `whole-${amp}-${accumulationSteps}`;
  const stepsPerEpoch = accumulationSteps === 1 ? 4 : 2;

  beforeAll(async () => {
    const which = { amp, accumulationSteps, numWorkers: 0 };
    using trainer = make(whole, which);
    await trainer.train(cohortSplit(bids), { computational: computational(which) });
    expect(trainer.state.currentEpoch).toBe(4); // early stopping
    const rates = readFileSync(join(dir, whole, "training/split-0/logs/learning_rates/optimizer.tsv"), "utf8");
    expect(
      new Set(
        rates
          .trim()
          .split("\n")
          .slice(1)
          .map((row) => row.split("\t")[2]),
      ).size,
    ).toBe(2);
  });

  it.each([0, 1, 3])("once, in the middle of an epoch, with %i workers", async (numWorkers) => {
    const name = `once-${amp}-${accumulationSteps}-${numWorkers}`;
    const steps = 2 * stepsPerEpoch + 1;
    expect(await interrupted(name, { amp, accumulationSteps, numWorkers }, steps, 1)).toBe(1);
    expectSame(name, whole);
  });

  it("just before early stopping fires", async () => {
    const name = `late-${amp}-${accumulationSteps}`;
    const which = { amp, accumulationSteps, numWorkers: 0 };
    expect(await interrupted(name, which, 4 * stepsPerEpoch, 1)).toBe(1);
    expectSame(name, whole);
  });

  it("at every step", async () => {
    const name = `every-${amp}-${accumulationSteps}`;
    const which = { amp, accumulationSteps, numWorkers: 0 };
    expect(await interrupted(name, which, 1, 99)).toBe(4 * stepsPerEpoch);
    expectSame(name, whole);
  });
});

it("ends the epoch in which a callback asked to stop, when it was interrupted after that", async () => {
  class StopSoon extends Callback {
    override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
      if (state.currentEpoch === 2 && state.currentTrainBatch === 1) state.shouldStop = true;
    }
  }
  const which = { amp: false, accumulationSteps: 1, numWorkers: 0 };
  using whole = make("stop-whole", which, [new StopSoon()]);
  await whole.train(cohortSplit(bids), { computational: computational(which) });
  expect(whole.state.currentEpoch).toBe(2);

  using trainer = make("stop-resumed", which, [new StopSoon(), new StopAfter(6)]);
  const training = trainer.train(cohortSplit(bids), { computational: computational(which) });
  await expect(training).rejects.toThrow(Stopped);
  using again = await Trainer.fromMaps(join(dir, "stop-resumed"), { callbacks: callbacks(new StopSoon()) });
  await again.resume({ splitIdx: 0 });
  expectSame("stop-resumed", "stop-whole", [
    "models/final/model.pt",
    "logs/training_loss.tsv",
    "validation_metrics/details.tsv",
  ]);
});

it.each([1, 3])("resumes at every step with %i workers", async (numWorkers) => {
  const which = { amp: true, accumulationSteps: 3, numWorkers };
  const name = `every-workers-${numWorkers}`;
  expect(await interrupted(name, which, 1, 99)).toBe(8);
  expectSame(name, "whole-true-3");
});
