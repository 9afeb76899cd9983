import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type EventArgs, TrainerState } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { SWACallback } from "./swa.ts";

/** What PyTorch's SWALR gives: test/golden/weight_average_golden.py. */
const golden = JSON.parse(readFileSync(join(import.meta.dirname, "golden/weight-averages.json"), "utf8")) as {
  readonly rates: readonly {
    readonly options: {
      readonly swa_lr: number;
      readonly anneal_epochs: number;
      readonly anneal_strategy: "cos" | "linear";
    };
    readonly values: readonly number[];
  }[];
};

describe("SWACallback", () => {
  it.each(golden.rates)("moves the learning rate as PyTorch's SWALR does with $options", ({ options, values }) => {
    using model = new torch.nn.Linear(1, 1);
    using optimizer = new torch.optim.SGD(model.parameters(), { lr: 0.1 });
    const callback = new SWACallback({
      startEpoch: 2,
      swaLr: options.swa_lr,
      annealEpochs: options.anneal_epochs,
      annealStrategy: options.anneal_strategy,
    });
    const state = Object.assign(new TrainerState(), { currentEpoch: 1 });
    const args = { model, state, optimizers: { optimizer }, callbacks: { callbacks: [] } };
    callback.onTrainStart(args as unknown as EventArgs<"onTrainStart">);
    callback.onEpochEnd(args as unknown as EventArgs<"onEpochEnd">);
    expect(optimizer.paramGroups[0]?.lr).toBe(0.1);
    for (const value of values) {
      state.currentEpoch++;
      callback.onEpochEnd(args as unknown as EventArgs<"onEpochEnd">);
      // PyTorch goes from each rate to the next, and rounds a few times more
      expect(optimizer.paramGroups[0]?.lr).toBeCloseTo(value, 12);
    }
    callback.onException();
  });

  it("goes to JSON and back", () => {
    const callback = new SWACallback({ startEpoch: 3, everyNEpochs: 2, swaLr: 0.01, annealStrategy: "linear" });
    expect({ ...SWACallback.fromDict(callback.toDict()) }).toEqual({ ...callback });
  });

  it.each<[object, RegExp]>([
    [{}, /'startEpoch'/],
    [{ startEpoch: 0 }, /'startEpoch' got 0/],
    [{ startEpoch: 1, swaLr: 0 }, /'swaLr' got 0/],
    [{ startEpoch: 1, annealStrategy: "exp" }, /'annealStrategy' got 'exp'/],
  ])("refuses %o", (options, message) => {
    expect(() => new SWACallback(options as { startEpoch: number })).toThrow(message);
  });
});
