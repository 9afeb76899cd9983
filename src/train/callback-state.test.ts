import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Callback, type EventArgs, TrainingCheckpointCallback } from "../callbacks/index.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 3 };

/** Counts batches, keeps losses, and averages weights; fails once, in the second batch of an epoch. */
class Memory extends Callback {
  history: Record<string, number[]> = {};
  batches = 0;
  average: torch.Tensor | null = null;
  #failsIn: number;
  constructor(failsIn = 0) {
    super();
    this.#failsIn = failsIn;
  }
  override onTrainStart(): void {
    this.history = {};
    this.batches = 0;
  }
  override onBatchEnd({ model, state, losses }: EventArgs<"onBatchEnd">): void {
    if (losses === null) return;
    this.batches++;
    const key = `epoch ${state.currentEpoch}`;
    this.history[key] = [...(this.history[key] ?? []), losses.loss ?? Number.NaN];
    {
      using scope = torch.scope();
      using _grad = torch.noGrad();
      const [weight] = model.parameters();
      if (weight === undefined) return;
      const old = this.average;
      this.average = scope.keep(old === null ? weight.clone() : old.mul(0.9).add(weight.mul(0.1)));
      old?.dispose();
    }
    if (state.currentEpoch !== this.#failsIn || state.currentTrainBatch !== 2) return;
    this.#failsIn = 0;
    throw new Error("failed");
  }
  override stateDict(): unknown {
    return { history: this.history, batches: this.batches, average: this.average };
  }
  override loadStateDict(state: unknown): void {
    const { history, batches, average } = state as Pick<Memory, "history" | "batches" | "average">;
    this.history = history;
    this.batches = batches;
    this.average?.dispose();
    this.average = average?.keep() ?? null;
  }
  values() {
    const average = [...(this.average?.toTypedArray() ?? [])];
    this.average?.dispose();
    this.average = null;
    return { history: this.history, batches: this.batches, average };
  }
}

describe("a callback of one's own", () => {
  it("goes on with its state when a training is resumed, in the middle of an epoch too", async () => {
    const checkpoints = () => new TrainingCheckpointCallback({ everyNSteps: 1 });
    const memory = new Memory();
    await trainers
      .make("whole", { optimization, callbacks: [checkpoints(), memory] })
      .train(toySplit(), { computational });
    expect(memory.batches).toBe(9);

    const failing = new Memory(2);
    const trainer = trainers.make("maps", { optimization, callbacks: [checkpoints(), failing] });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    failing.values();
    const later = new Memory();
    const restored = await trainers.fromMaps("maps", { callbacks: [checkpoints(), later] });
    await restored.resume({ splitIdx: 0, split: toySplit() });
    expect(later.values()).toEqual(memory.values());
  });

  it("of which there are several has a state for each", async () => {
    class Tag extends Callback {
      tag: string;
      constructor(tag: string) {
        super();
        this.tag = tag;
      }
      override stateDict() {
        return this.tag;
      }
      override loadStateDict(state: unknown): void {
        this.tag = String(state);
      }
    }
    const trainer = trainers.make("maps", { optimization, callbacks: [new Tag("a"), new Memory(1), new Tag("b")] });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    for (const callback of trainer.callbacks.allCallbacks) if (callback instanceof Memory) callback.values();
    const tags = [new Tag(""), new Tag("")];
    const restored = await trainers.fromMaps("maps", { callbacks: tags });
    await restored.resume({ splitIdx: 0, split: toySplit() });
    expect(tags.map(({ tag }) => tag)).toEqual(["a", "b"]);
  });

  class Odd extends Callback {
    readonly state: unknown;
    constructor(state: unknown) {
      super();
      this.state = state;
    }
    override stateDict(): unknown {
      return this.state;
    }
  }
  it.each<[string, unknown, RegExp]>([
    ["a function", { best: 1, compare: () => true }, /type function at 'compare'/],
    ["an object of a class", { started: new Date(0) }, /class Date at 'started'/],
    ["what comes later", Promise.resolve(1), /class Promise/],
    ["nothing that was returned", undefined, /type undefined/],
    ["an array of numbers of another kind", [new Float32Array(2)], /class Float32Array/],
  ])("whose state is %s fails when training begins, with its name (D71)", async (_, state, message) => {
    const trainer = trainers.make("maps", { optimization, callbacks: [new Odd(state)] });
    const training = trainer.train(toySplit(), { computational });
    await expect(training).rejects.toThrow(message);
    await expect(training).rejects.toThrow(/The state of Odd cannot be saved: .*Let its stateDict\(\) return/s);
    expect(trainer.state.currentEpoch).toBe(0);
    // nothing was trained: it can be begun again
    expect(existsSync(trainers.path("maps", "training/split-0/tmp/epoch-0"))).toBe(false);
    const repaired = await trainers.fromMaps("maps", { callbacks: [] });
    await repaired.train(toySplit(), { computational });
  });
});
