import { expect, it } from "vitest";
import { Callback, type EventArgs } from "../callbacks/index.ts";
import type { Batch } from "../data/dataloader/index.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();

/** The participants, in the order in which they were trained on, and the mean of each one's image. */
class Seen extends Callback {
  readonly epochs: string[][] = [];
  readonly images = new Map<string, number[]>();
  override onEpochStart(): void {
    this.epochs.push([]);
  }
  override onForwardStepStart({ batch }: EventArgs<"onForwardStepStart">): void {
    const { participants } = batch as Batch;
    using _scope = torch.scope();
    const means = [...((batch as Batch).getField("image").mean([1, 2, 3, 4]).toTypedArray() as Float32Array)];
    for (const [i, { participantId }] of participants.entries()) {
      this.epochs.at(-1)?.push(participantId);
      this.images.set(participantId, [...(this.images.get(participantId) ?? []), means[i] ?? Number.NaN]);
    }
  }
}

async function seen(name: string, seed: number | null, options: Parameters<typeof toySplit>[0] = {}): Promise<Seen> {
  const callback = new Seen();
  const trainer = trainers.make(name, { optimization: { numEpochs: 3 }, callbacks: [callback] });
  await trainer.train(toySplit(options), { computational: { ...computational, seed } });
  return callback;
}

it("is another one in each epoch, and for each seed (D5)", async () => {
  const { epochs } = await seen("one", 1);
  expect(new Set(epochs.map((order) => order.join())).size).toBe(3);
  for (const order of epochs) expect([...order].sort()).toEqual([...(epochs[0] ?? [])].sort());
  expect((await seen("same", 1)).epochs).toEqual(epochs);
  const others = (await seen("other", 2)).epochs;
  for (const [i, order] of others.entries()) expect(order).not.toEqual(epochs[i]);
});

it("is that of the table without shuffle, with new augmentation in each epoch", async () => {
  const one = await seen("one", 1, { shuffle: false });
  const table = Array.from({ length: 10 }, (_, i) => `sub-${i}`);
  expect(one.epochs).toEqual([table, table, table]);
  for (const means of one.images.values()) expect(new Set(means).size).toBe(3);
  // augmentation follows from seed, epoch and sample, not from the order
  const same = await seen("same", 1, { shuffle: false, batchSize: 2 });
  expect(same.images).toEqual(one.images);
  expect((await seen("other", 2, { shuffle: false })).images).not.toEqual(one.images);
});
