import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Batch } from "../data/dataloader/index.ts";
import { TestBatch } from "../metrics/fixtures/test-batch.ts";
import type { Model } from "../models/index.ts";
import * as torch from "../torch/index.ts";
import { ComputationalConfig } from "./computational.ts";
import { TrainingInterrupted } from "./signals.ts";
import { TrainerState } from "./trainer-state.ts";
import { updateBatchNorm } from "./update-batch-norm.ts";

type Numbers = Readonly<Record<string, readonly number[]>>;

/** What PyTorch's update_bn gives: test/golden/weight_average_golden.py. */
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../callbacks/golden/weight-averages.json"), "utf8"),
) as {
  readonly modules: readonly Numbers[];
  readonly batches: readonly (readonly (readonly number[])[])[];
  readonly update_bn: Numbers;
};

let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => expect(torch.memory.live().tensors).toBe(live));

class Net extends torch.nn.Sequential {
  forwardStep(batch: Batch): torch.Tensor {
    return this.call(batch.getField("values"));
  }
}
function network(): Net {
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  const model = new Net(new torch.nn.Linear(3, 2), new torch.nn.BatchNorm1d(2), new torch.nn.Linear(2, 1));
  for (const [name, tensor] of model.stateDict()) {
    tensor.copy_(torch.tensor([...(golden.modules.at(-1)?.[name] ?? [])]).reshape([...tensor.shape]));
  }
  return model.eval();
}
function run(signal: "SIGTERM" | null) {
  function* batches() {
    for (const values of golden.batches) yield new TestBatch({ values: values.map((row) => [...row]) });
  }
  const trainLoader = { setEpoch() {}, [Symbol.asyncIterator]: batches };
  const computational = new ComputationalConfig({ gpu: false });
  return { split: { trainLoader }, computational, interruption: { signal }, state: new TrainerState() };
}
type Run = Parameters<typeof updateBatchNorm>[1];

it("gives the statistics that PyTorch's does", async () => {
  using model = network();
  await updateBatchNorm(model as unknown as Model, run(null) as unknown as Run);
  using _scope = torch.scope();
  for (const [name, tensor] of model.stateDict()) {
    const values = Array.from(tensor.toTypedArray(), Number);
    // sums over at most 4 samples, in float32
    for (const [i, value] of (golden.update_bn[name] ?? []).entries()) expect(values[i], name).toBeCloseTo(value, 6);
  }
  const [norm] = [...model.modules()].filter((module) => module instanceof torch.nn.BatchNorm1d);
  expect([norm?.momentum, model.training]).toEqual([0.1, false]);
});

it("ends when the run is asked to, and leaves the layers as they were set up", async () => {
  using model = network();
  const updating = updateBatchNorm(model as unknown as Model, run("SIGTERM") as unknown as Run);
  await expect(updating).rejects.toThrow(TrainingInterrupted);
  const [norm] = [...model.modules()].filter((module) => module instanceof torch.nn.BatchNorm1d);
  expect([norm?.momentum, model.training]).toEqual([0.1, false]);
});
