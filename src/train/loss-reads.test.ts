import { expect, it, vi } from "vitest";
import { Callback, type EventArgs, LoggerCallback, ModelCheckpointCallback } from "../callbacks/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { LossReader } from "./losses.ts";

const trainers = Trainers.forEachTest();

/** 5 batches an epoch, in windows of 2, 2 and 1. */
const WINDOWS = 2 * 3;

/** How often the losses of a training were asked for: by the step, at the end of its window, and by whoever looks at them early. */
async function readsWith(callbacks: readonly Callback[]): Promise<number> {
  const read = vi.spyOn(LossReader.prototype, "read");
  const trainer = trainers.make(`reads-${callbacks.length}`, {
    optimization: { numEpochs: 2, accumulationSteps: 2 },
    callbacks: [new LoggerCallback(), new ModelCheckpointCallback({ metric: "loss" }), ...callbacks],
  });
  await trainer.train(toySplit({ batchSize: 2 }), { computational });
  const calls = read.mock.calls.length;
  read.mockRestore();
  return calls;
}

it("reads the losses of a window together, at its step: nothing that records or shows them looks at them before", async () => {
  expect(await readsWith([])).toBe(2 * WINDOWS);
});

it("reads them earlier for a callback that looks at each of them", async () => {
  class Looks extends Callback {
    override onBatchEnd({ losses }: EventArgs<"onBatchEnd">): void {
      expect(losses === null || Number.isFinite(losses.loss)).toBe(true);
    }
  }
  // once for the first batch of each window of two
  expect(await readsWith([new Looks()])).toBe(2 * WINDOWS + 2 * 2);
});
