import process from "node:process";
import { describe, expect, it } from "vitest";
import {
  Callback,
  EMACallback,
  type EventArgs,
  LRSchedulerCallback,
  ModelCheckpointCallback,
  SWACallback,
  TrainingCheckpointCallback,
} from "../callbacks/index.ts";
import { readJson } from "../io/files/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { StepLRConfig } from "../optim/index.ts";
import { TensorSnapshot } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers, weights } from "./fixtures/trainers.ts";
import { TrainingInterrupted } from "./index.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 4 };
/** Three batches to train on, then two to validate. */
const BATCHES = 5;

/** Asks a training to end, as a batch system does, when so many of its batches are done. */
class SignalAfter extends Callback {
  #left: number;
  constructor(batches: number) {
    super();
    this.#left = batches;
  }
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.called === "train" && --this.#left === 0) process.emit("SIGTERM");
  }
}

type Make = () => Callback;
const kept = () => new ModelCheckpointCallback({ metric: "loss", everyNEpochs: 1 });

async function whole(name: string, ...callbacks: Callback[]): Promise<void> {
  const trainer = trainers.make(name, { optimization, callbacks: [...callbacks, kept()] });
  await trainer.train(toySplit(), { computational });
}
/** Trains, interrupted after so many batches again and again, each time going on as a new process would. */
async function interrupted(name: string, make: Make, batches: number, times = 1): Promise<number> {
  const signals = { exit: false };
  const all = (i: number) => [make(), kept(), ...(i < times ? [new SignalAfter(batches)] : [])];
  const trainer = trainers.make(name, { optimization, callbacks: all(0) });
  let ended: Promise<void> = trainer.train(toySplit(), { computational, signals });
  for (let i = 1; ; i++) {
    try {
      await ended;
      return i - 1;
    } catch (error) {
      if (!(error instanceof TrainingInterrupted)) throw error;
    }
    torch.manualSeed(i); // whatever happened in between
    const again = await trainers.fromMaps(name, { callbacks: all(i) });
    ended = again.resume({ splitIdx: 0, split: toySplit(), signals });
  }
}
const MODELS = [1, 2, 3, 4].map((epoch) => `models/checkpoints/epoch-${epoch}/model.pt`);
const MORE = [
  ...MODELS,
  "models/best_models/best-loss/model.pt",
  "models/best_models/best-loss/validation_metrics/details.tsv",
];

describe.each<[string, Make]>([
  ["EMACallback", () => new EMACallback({ decay: 0.6, everyNSteps: 2, startEpoch: 2 })],
  ["SWACallback", () => new SWACallback({ startEpoch: 2, swaLr: 0.05, annealEpochs: 2 })],
])("a training with %s", (_, make) => {
  it("goes on to the bit, wherever it was interrupted: in the middle of an epoch and of a validation", async () => {
    await whole("whole", make());
    for (let batches = 1; batches <= 4 * BATCHES; batches++) {
      const name = `after-${batches}`;
      expect(await interrupted(name, make, batches)).toBe(1);
      expect(trainers.differences("whole", name, { more: MORE }), name).toEqual([]);
    }
  });

  it("goes on to the bit when it is interrupted after every three batches", async () => {
    await whole("whole", make());
    // a validation begins anew: its two batches are done before
    expect(await interrupted("often", make, 3, 99)).toBeGreaterThan(4);
    expect(trainers.differences("whole", "often", { more: MORE })).toEqual([]);
  });

  it("comes back with its MAPS, which does not show it to ClinicaDL", async () => {
    const own = make();
    await whole("maps", new ModelCheckpointCallback({ epochs: [1] }), own);
    const known = readJson(trainers.path("maps", "callbacks.json")).callbacks as { name_: string }[];
    expect(known.map(({ name_ }) => name_)).toEqual([
      "LoggerCallback",
      "ModelCheckpointCallback",
      "ModelCheckpointCallback",
    ]);
    const again = await trainers.fromMaps("maps");
    expect(again.callbacks.toDict()).toEqual(readJson(trainers.path("maps", "callbacks.json")));
    expect(again.callbacks.extrasToDict()).toEqual(readJson(trainers.path("maps", ".clinicadl-ts/callbacks.json")));
    const back = again.callbacks.callbacks.find((callback) => callback.constructor === own.constructor);
    expect({ ...back }).toEqual({ ...own });
    await again.resume({ splitIdx: 0, split: toySplit(), numEpochs: 5 });
  });
});

/** The weights in training after each step and each epoch. */
class Steps extends Callback {
  readonly weights: Map<string, number[]>[] = [];
  override onOptimizationStepEnd({ model }: EventArgs<"onOptimizationStepEnd">): void {
    using _scope = torch.scope();
    const values = [...model.stateDict()].map(
      ([name, tensor]) => [name, Array.from(tensor.contiguous().toTypedArray(), Number)] as const,
    );
    this.weights.push(new Map(values));
  }
}
const file = (name: string, path: string) => weights(trainers.path(name, "training/split-0", path));

describe("EMACallback", () => {
  it("evaluates and saves the averages, and trains with the weights of the training", async () => {
    const [steps, plain] = [new Steps(), new Steps()];
    await whole("plain", plain);
    await whole("maps", new EMACallback({ decay: 0.5 }), steps, new TrainingCheckpointCallback({ everyNEpochs: 1 }));
    expect(steps.weights).toEqual(plain.weights);
    // by hand, in float64: 24 bits of float32 after 12 roundings
    const averages: Map<string, number[]>[] = [];
    for (const step of steps.weights) {
      const last = averages.at(-1);
      const next = [...step].map(([name, values]) => {
        const isCount = name.endsWith("num_batches_tracked");
        const old = isCount ? undefined : last?.get(name);
        return [
          name,
          values.map((value, i) => (old === undefined ? value : 0.5 * (old[i] ?? 0) + 0.5 * value)),
        ] as const;
      });
      averages.push(new Map(next));
    }
    for (const [epoch, path] of MODELS.entries()) {
      const saved = file("maps", path);
      for (const [name, values] of averages[3 * epoch + 2] ?? []) {
        for (const [i, value] of values.entries()) expect(saved.get(name)?.[i], name).toBeCloseTo(value, 5);
      }
    }
    expect(file("maps", "models/final/model.pt")).toEqual(file("maps", MODELS[3] ?? ""));
    // the checkpoint goes on with the training
    expect(file("maps", "tmp/epoch-4/model.pt")).toEqual(new Map(steps.weights.at(-1)));
    // and the numbers beside the best model are its own
    const trainer = await trainers.fromMaps("maps", { callbacks: [] });
    const table = trainers.path(
      "maps",
      "training/split-0/models/best_models/best-loss/validation_metrics/aggregated.tsv",
    );
    const [before] = readTsv(table);
    await trainer.validate({
      splitIdx: 0,
      metrics: ["loss"],
      dataloader: toySplit().valLoader,
      modelCheckpoint: "best-loss",
    });
    expect(readTsv(table)[0]?.loss).toBeCloseTo(Number(before?.loss), 5);
  });

  it("leaves the averages in the model, and gives back the memory of a training that fails", async () => {
    class Fails extends Callback {
      override onMetricsComputationStart({ state }: EventArgs<"onMetricsComputationStart">): void {
        if (state.currentEpoch === 2) throw new Error("failed");
      }
    }
    const trainer = trainers.make("maps", { optimization, callbacks: [new EMACallback(), new Fails()] });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    const other = trainers.make("other", { optimization, callbacks: [new EMACallback({ decay: 0.5 })] });
    await other.train(toySplit(), { computational });
    const final = file("other", "models/final/model.pt");
    using _scope = torch.scope();
    for (const [name, tensor] of other.model.stateDict()) {
      expect(Array.from(tensor.contiguous().toTypedArray(), Number), name).toEqual(final.get(name));
    }
  });

  it.each<[object, RegExp]>([
    [{ decay: 1.1 }, /'decay' got 1.1/],
    [{ everyNSteps: 0 }, /'everyNSteps' got 0/],
    [{ startEpoch: 0 }, /'startEpoch' got 0/],
    [{ beta: 1 }, /unknown option 'beta'/],
  ])("refuses %o", (options, message) => {
    expect(() => new EMACallback(options)).toThrow(message);
  });
});

describe("SWACallback", () => {
  it("ends with the mean of the last epochs, with statistics of their own, and says that nothing has validated it", async () => {
    const steps = new Steps();
    await whole("maps", new SWACallback({ startEpoch: 2, everyNEpochs: 2 }), steps);
    const [second, fourth] = [steps.weights[5], steps.weights[11]];
    const final = file("maps", "models/final/model.pt");
    let statistics = 0;
    for (const [name, values] of final) {
      if (/running_(mean|var)$/.test(name)) {
        statistics++;
        expect(values).not.toEqual(fourth?.get(name));
      } else if (name.endsWith("num_batches_tracked")) {
        expect(values).toEqual([3]);
      } else {
        const mean = second?.get(name)?.map((value, i) => (value + (fourth?.get(name)?.[i] ?? 0)) / 2);
        for (const [i, value] of values.entries()) expect(value, name).toBeCloseTo(mean?.[i] ?? Number.NaN, 6);
      }
    }
    expect(statistics).toBeGreaterThan(0);
    // the models of epochs are the training's
    expect(file("maps", MODELS[3] ?? "")).toEqual(new Map(fourth));
    const tables = trainers.path("maps", "training/split-0/models/final/validation_metrics");
    expect([readTsv(`${tables}/aggregated.tsv`), readTsv(`${tables}/details.tsv`)]).toEqual([[], []]);
    const trainer = await trainers.fromMaps("maps", { callbacks: [] });
    await trainer.validate({
      splitIdx: 0,
      metrics: ["loss"],
      dataloader: toySplit().valLoader,
      modelCheckpoint: "final",
    });
    expect(readTsv(`${tables}/aggregated.tsv`)).toHaveLength(1);
    expect(readTsv(`${tables}/details.tsv`)).toHaveLength(4);
  });

  it("refuses to move the learning rate where an LRSchedulerCallback does, before anything is trained", async () => {
    const scheduler = new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 1 }) });
    const callbacks = [new SWACallback({ startEpoch: 1, swaLr: 0.1 }), scheduler];
    const trainer = trainers.make("maps", { optimization, callbacks });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(/would both move the learning rate/);
  });

  it("says so where training has ended before", async () => {
    await whole("maps", new SWACallback({ startEpoch: 9 }));
    expect(trainers.text("maps", "training/split-0/warning.log")).toMatch(/No weights were averaged: .* epoch 9/);
  });
});

/** Has other weights in the model from the beginning of a validation to a later event. */
class Exchanges extends Callback {
  readonly #until: "onValidationEnd" | "onEpochEnd" | "never";
  #own: TensorSnapshot | null = null;
  constructor(until: "onValidationEnd" | "onEpochEnd" | "never") {
    super();
    this.#until = until;
  }
  override onValidationStart({ model }: EventArgs<"onValidationStart">): void {
    this.#own?.[Symbol.dispose]();
    this.#own = new TensorSnapshot(model.namedParameters());
    using _grad = torch.noGrad();
    for (const parameter of model.parameters()) parameter.mul_(0.5);
  }
  #putBack(): void {
    if (this.#until !== "never") this.#own?.restore();
    this.#own?.[Symbol.dispose]();
    this.#own = null;
  }
  override onValidationEnd(): void {
    if (this.#until === "onValidationEnd") this.#putBack();
  }
  override onEpochEnd(): void {
    this.#putBack();
  }
  override onException(): void {
    this.#putBack();
  }
}

describe("a callback of one's own that exchanges weights in a validation, and does not say so", () => {
  it.each(["onValidationEnd", "onEpochEnd"] as const)(
    "and puts them back in %s, has no trace in a checkpoint, that of an interrupted validation included",
    async (until) => {
      await whole("whole", new Exchanges(until));
      for (const batches of [4, 5, 9, 10, 11]) {
        const name = `after-${batches}`;
        expect(await interrupted(name, () => new Exchanges(until), batches)).toBe(1);
        expect(trainers.differences("whole", name, { more: MORE }), name).toEqual([]);
      }
      await whole("plain");
      expect(trainers.differences("whole", "plain")).not.toContain("logs/training_loss.tsv");
    },
  );

  it("and does not put them back, is an error that names it; one that says so goes on with them", async () => {
    const trainer = trainers.make("maps", { optimization, callbacks: [new Exchanges("never")] });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(
      /validation of epoch 1 has left other weights.*network\..*Exchanges.*exchanges weights and does not put them back.*"change"/s,
    );
    class Changes extends Exchanges {
      override get phase() {
        return "change" as const;
      }
    }
    await whole("declared", new Changes("never"));
  });
});
