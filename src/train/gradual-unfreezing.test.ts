import process from "node:process";
import { expect, it } from "vitest";
import { Callback, type EventArgs, GradualUnfreezingCallback } from "../callbacks/index.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { TrainingInterrupted } from "./index.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 4 };
const unfreezing = () =>
  new GradualUnfreezingCallback({
    stages: [
      { epoch: 3, parts: "network.convolutions" },
      { epoch: 2, parts: ["network.mlp.output.linear.bias"] },
    ],
  });

/** Which parameters have moved in each epoch. Asks the training to end after so many batches, as a batch system does. */
class Moved extends Callback {
  readonly epochs: string[][] = [];
  #left: number;
  #before = new Map<string, string>();
  constructor(batches = Number.POSITIVE_INFINITY) {
    super();
    this.#left = batches;
  }
  override onTrainStart({ model }: EventArgs<"onTrainStart">): void {
    this.#before = valuesOf(model);
  }
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.called === "train" && --this.#left === 0) process.emit("SIGTERM");
  }
  override onEpochEnd({ model }: EventArgs<"onEpochEnd">): void {
    const now = valuesOf(model);
    this.epochs.push([...now].flatMap(([name, values]) => (values === this.#before.get(name) ? [] : [name])));
    this.#before = now;
  }
}
function valuesOf(model: EventArgs<"onEpochEnd">["model"]): Map<string, string> {
  using _scope = torch.scope();
  return new Map([...model.namedParameters()].map(([name, p]) => [name, p.detach().flatten().toNumbers().join()]));
}

it("parts learn from their epoch on, and all as before when the training has ended", async () => {
  const moved = new Moved();
  const trainer = trainers.make("whole", { optimization, callbacks: [unfreezing(), moved] });
  await trainer.train(toySplit(), { computational });
  const names = [...trainer.model.namedParameters()].map(([name]) => name);
  const convolutions = names.filter((name) => name.startsWith("network.convolutions."));
  expect(convolutions.length).toBeGreaterThan(0);
  const [first, second, third] = moved.epochs;
  expect(first).toEqual(
    names.filter((name) => !convolutions.includes(name) && name !== "network.mlp.output.linear.bias"),
  );
  expect(second).toContain("network.mlp.output.linear.bias");
  for (const name of convolutions) {
    expect(second).not.toContain(name);
    expect(third).toContain(name);
  }
  expect([...trainer.model.parameters()].every((parameter) => parameter.requiresGrad)).toBe(true);
});

it("goes on to the bit, wherever it was interrupted", async () => {
  await trainers.make("whole", { optimization, callbacks: [unfreezing()] }).train(toySplit(), { computational });
  const signals = { exit: false };
  for (const batches of [2, 5, 7, 11]) {
    const name = `after-${batches}`;
    const interrupted = trainers.make(name, { optimization, callbacks: [unfreezing(), new Moved(batches)] });
    await expect(interrupted.train(toySplit(), { computational, signals })).rejects.toThrow(TrainingInterrupted);
    const again = await trainers.fromMaps(name, { callbacks: [unfreezing(), new Moved()] });
    await again.resume({ splitIdx: 0, split: toySplit(), signals });
    expect(trainers.differences("whole", name), name).toEqual([]);
  }
});

it("comes back with its MAPS", async () => {
  await trainers.make("maps", { optimization: { numEpochs: 1 }, callbacks: [unfreezing()] }).train(toySplit(), {
    computational,
  });
  const again = await trainers.fromMaps("maps");
  const back = again.callbacks.callbacks.find((callback) => callback instanceof GradualUnfreezingCallback);
  expect(back?.stages).toEqual(unfreezing().stages);
});

it.each([
  [{ stages: [{ epoch: 2, parts: "network" }] }, /nothing learns in the first epoch/],
  [{ stages: [{ epoch: 2, parts: "network.head" }] }, /no layer or parameter 'network.head'/],
  [
    {
      stages: [
        { epoch: 2, parts: "network.convolutions" },
        { epoch: 3, parts: "network.convolutions.layer0" },
      ],
    },
    /'network.convolutions' and 'network.convolutions.layer0' overlap/,
  ],
])("refuses %j at the start", async (options, message) => {
  const trainer = trainers.make("refused", { optimization, callbacks: [new GradualUnfreezingCallback(options)] });
  await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(message);
  expect([...trainer.model.parameters()].every((parameter) => parameter.requiresGrad)).toBe(true);
});

it("refuses stages that are none", () => {
  expect(() => new GradualUnfreezingCallback({ stages: [] })).toThrow(/at least one stage/);
  expect(() => new GradualUnfreezingCallback({ stages: [{ epoch: 1, parts: "a" }] })).toThrow(/epoch/);
});
