import { describe, expect, it } from "vitest";
import type { Batch } from "../data/dataloader/index.ts";
import { MAEMetricConfig } from "../metrics/index.ts";
import { SupervisedModel, type SupervisedModelOptions } from "../models/index.ts";
import { AdamConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { BatchError } from "./batch-error.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const plain = { shuffle: false, batchSize: 2 };
const { nn } = torch;

async function failure(
  network: torch.nn.Module,
  more: Partial<SupervisedModelOptions> = {},
  metrics = {},
): Promise<Error> {
  const model = new SupervisedModel({ network, loss: new nn.MSELoss(), optimizer: new AdamConfig(), ...more });
  const trainer = trainers.make("maps", { model, metrics, optimization: { numEpochs: 1 } });
  try {
    await trainer.train(toySplit(plain), { computational });
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing failed");
}
const where = /^SupervisedModel\.forwardStep failed for the batch of sub-0 ses-M000, sub-1 ses-M000: /;
const holds = /The batch holds 'image' \(2, 1, 8, 8, 8\) float32, 'label' of 2 samples\./;

describe("an error of libtorch for a batch names participants, fields, shapes and the likely remedy", () => {
  it.each<[string, () => torch.nn.Module, RegExp]>([
    [
      "channels",
      () => new nn.Sequential(new nn.Conv3d(3, 1, 3), new nn.Flatten(), new nn.Linear(216, 1)),
      /number of channels that the network was built for.*inShape/,
    ],
    [
      "sizes",
      () => new nn.Sequential(new nn.Flatten(), new nn.Linear(500, 1)),
      /size that the network was built for.*CropOrPadConfig/,
    ],
    [
      "images that are too small",
      () => new nn.Sequential(new nn.Conv3d(1, 1, 9), new nn.Flatten()),
      /too small for the convolutions/,
    ],
  ])("of %s", async (_, network, remedy) => {
    const error = await failure(network());
    expect(error).toBeInstanceOf(BatchError);
    expect(error.message).toMatch(where);
    expect(error.message).toMatch(holds);
    expect(error.message).toMatch(remedy);
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.message).toContain((error.cause as Error).message.slice(0, 20));
  });

  it("in evaluation, too", async () => {
    class Own extends SupervisedModel {
      override forwardStep(batch: Batch) {
        return this.network.call(batch.getField("image", { dtype: "float32" })).mean();
      }
      override evaluationStep(batch: Batch) {
        batch.getField("image").reshape([7]);
        return batch;
      }
    }
    const network = new nn.Sequential(new nn.Flatten(), new nn.Linear(512, 1));
    const model = new Own({ network, loss: new nn.MSELoss(), optimizer: new AdamConfig() });
    const trainer = trainers.make("own", { model, metrics: {}, optimization: { numEpochs: 1 } });
    const training = trainer.train(toySplit(plain), { computational });
    await expect(training).rejects.toThrow(
      /^Own\.evaluationStep failed for the batch of sub-20 ses-M000, sub-21 ses-M000: .*'image' \(2, 1, 8, 8, 8\)/s,
    );
  });

  it("outputs and targets of different shapes are said to be so by the loss itself, with the participants", async () => {
    const error = await failure(new nn.Sequential(new nn.Flatten(), new nn.Linear(512, 3)));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(
      /output has the shape \(2, 3\), and 'label' gives a target of shape \(2, 1\); .*\(sub-0 ses-M000, sub-1 ses-M000\)/,
    );
  });

  it("an error of a class of one's own passes as it is", async () => {
    class Mine extends Error {}
    const loss = Object.assign(
      (): torch.Tensor => {
        throw new Mine("mine");
      },
      { reduction: "mean" },
    );
    const error = await failure(
      new nn.Sequential(new nn.Flatten(), new nn.Linear(512, 1)),
      { loss },
      { mae: new MAEMetricConfig() },
    );
    expect(error).toBeInstanceOf(Mine);
    expect(error.message).toBe("mine");
  });
});
