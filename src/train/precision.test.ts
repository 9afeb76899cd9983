import { describe, expect, it } from "vitest";
import {
  Callback,
  type CallbacksHandler,
  type EventArgs,
  LoggerCallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import type { Batch } from "../data/dataloader/index.ts";
import { Maps } from "../io/maps/index.ts";
import { MAEMetricConfig, MetricsHandler } from "../metrics/index.ts";
import { SupervisedModel } from "../models/index.ts";
import { OptimizationConfig, SGDConfig } from "../optim/index.ts";
import { ComputationalConfig, Interrupter, RunLog, SingleProcess, TrainerState } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import type { TrainingContext } from "./context.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { trainLoop } from "./loop.ts";

const trainers = Trainers.forEachTest();

type Loss = (scores: torch.Tensor, labels: torch.Tensor) => torch.Tensor;
const squares: Loss = (scores, labels) => scores.sub(labels).square().mean();

function linear(loss: Loss = squares): SupervisedModel {
  return new SupervisedModel({
    network: new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(512, 1)),
    loss,
    optimizer: new SGDConfig({ lr: 0.1 }),
  });
}

interface Step {
  /** As told to callbacks. */
  readonly gradNorm: number;
  /** By how much the weights moved, altogether. */
  readonly moved: number;
}

/** One epoch of the loop itself on the CPU, where the Trainer uses no scaler. */
async function loop(model: SupervisedModel, gradScaler: torch.amp.GradScaler, optimization: object): Promise<Step[]> {
  const steps: Step[] = [];
  let before: number[] = [];
  const values = () => [...model.parameters()].flatMap((p) => [...(p.toTypedArray() as Float32Array)]);
  const tell = {
    onOptimizationStepStart() {
      before = values();
    },
    onOptimizationStepEnd({ gradNorm }: { gradNorm: number }) {
      steps.push({ gradNorm, moved: Math.hypot(...values().map((value, i) => value - (before[i] ?? 0))) });
    },
  } as Record<string, (args: unknown) => void>;
  const optimizers = model.buildOptimizers();
  torch.manualSeed(1);
  model.reset();
  const run: TrainingContext = {
    model,
    maps: new Maps(trainers.path("none")),
    state: new TrainerState(),
    callbacks: {
      callEvent: async (event: string, args: unknown) => tell[event]?.(args),
    } as unknown as CallbacksHandler,
    computational: new ComputationalConfig({ gpu: false, amp: false }),
    metrics: new MetricsHandler({}),
    interruption: new Interrupter(false),
    log: new RunLog(),
    world: new SingleProcess(),
    split: toySplit({ shuffle: false, batchSize: 5 }),
    optimization: new OptimizationConfig({ numEpochs: 1, evaluationInterval: 2, ...optimization }),
    optimizers,
    gradScaler,
    gradients: new SingleProcess().gradientSum(),
    shards: null,
  };
  run.state.resetTraining(0, 1);
  await trainLoop(run, { epoch: 0, batch: null });
  for (const optimizer of Object.values(optimizers)) optimizer.dispose();
  model.dispose();
  return steps;
}

describe("a scaler", () => {
  it.each([{ clipGradNorm: 0.5 }, { clipGradValue: 0.01 }, { clipGradNorm: 0.5, clipGradValue: 0.1 }, {}])(
    "changes nothing with %o: gradients are clipped unscaled (D29)",
    async (optimization) => {
      using off = new torch.amp.GradScaler("cpu", { enabled: false });
      using on = new torch.amp.GradScaler("cpu");
      const without = await loop(linear(), off, optimization);
      const scaled = await loop(linear(), on, optimization);
      expect(scaled).toHaveLength(2);
      for (const [i, { gradNorm, moved }] of scaled.entries()) {
        expect(without[i]?.moved).toBeGreaterThan(1e-3);
        expect(gradNorm / (without[i]?.gradNorm ?? 0)).toBeCloseTo(1, 4);
        expect(moved / (without[i]?.moved ?? 0)).toBeCloseTo(1, 4);
      }
      expect(on.getScale()).toBe(65536);
    },
  );

  it("scales less after an overflow, does not step with it, and no warning is given", async () => {
    using scaler = new torch.amp.GradScaler("cpu");
    let shown = "";
    process.stderr.write = ((text: string) => (shown += text)) as never;
    // finite, but not when scaled
    const steps = await loop(
      linear((scores, labels) => squares(scores, labels).mul(1e35)),
      scaler,
      {},
    );
    expect(steps.map(({ moved }) => moved)).toEqual([0, 0]);
    expect(scaler.getScale()).toBe(65536 / 4);
    expect(shown).toBe("");
  });

  it("is told of a loss that is NaN, with a warning", async () => {
    using scaler = new torch.amp.GradScaler("cpu");
    let shown = "";
    process.stderr.write = ((text: string) => (shown += text)) as never;
    const steps = await loop(
      linear((scores) => scores.mean().mul(Number.NaN)),
      scaler,
      {},
    );
    expect(steps.map(({ moved }) => moved)).toEqual([0, 0]);
    expect(shown).toMatch(/'loss' is NaN in epoch 1, batch 1/);
  });
});

describe("mixed precision on the CPU", () => {
  /** What the Trainer gives its callbacks, and in which type the network computes. */
  class Watch extends Callback {
    enabled: boolean | null = null;
    override onTrainStart({ gradScaler }: EventArgs<"onTrainStart">): void {
      this.enabled = gradScaler.isEnabled();
    }
  }
  class Typed extends SupervisedModel {
    readonly types = new Set<string>();
    override evaluationStep(batch: Batch): Batch {
      const output = super.evaluationStep(batch);
      this.types.add(output.getField("output").dtype);
      return output;
    }
  }
  const typed = () =>
    new Typed({
      network: new torch.nn.Sequential(new torch.nn.Flatten(), new torch.nn.Linear(512, 1)),
      loss: Object.assign(
        (scores: torch.Tensor, labels: torch.Tensor) => squares(scores.to({ dtype: "float32" }), labels),
        { reduction: "mean" },
      ),
      optimizer: new SGDConfig({ lr: 0.1 }),
    });

  it.each([true, false])("with amp %s needs no scaler: bfloat16 has float32's range", async (amp) => {
    const [watch, model] = [new Watch(), typed()];
    const trainer = trainers.make("amp", {
      model,
      metrics: { mae: new MAEMetricConfig() },
      optimization: { numEpochs: 1 },
      callbacks: [new LoggerCallback({ progressBar: false }), watch, new TrainingCheckpointCallback()],
    });
    await trainer.train(toySplit({ batchSize: 5 }), { computational: { ...computational, amp } });
    expect(watch.enabled).toBe(false);
    // a processor without bfloat16 trains in float32
    const half = amp && torch.hasBfloat16(torch.processor());
    expect([...model.types]).toEqual([half ? "bfloat16" : "float32"]);
    // weights stay float32
    expect(new Set([...model.parameters()].map((parameter) => parameter.dtype))).toEqual(new Set(["float32"]));
    // ClinicaDL reads a scaler wherever amp is on
    using _scope = torch.scope();
    const scaler = torch.load(trainers.path("amp", "training/split-0/tmp/epoch-1/scaler.pt"));
    const entries = Object.fromEntries(Object.entries(scaler as object).map(([key, value]) => [key, Number(value)]));
    const unused = { scale: 65536, growth_factor: 2, backoff_factor: 0.5, growth_interval: 2000, _growth_tracker: 0 };
    expect(entries).toEqual(half ? unused : {});
  });
});
