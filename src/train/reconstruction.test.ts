import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { readJson } from "../io/files/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { ReconstructionModel, SupervisedModel } from "../models/index.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { Trainer } from "./trainer.ts";

const computational = { gpu: false, seed: 42, deterministic: true };
const optimization = { numEpochs: 2 };

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "reconstruction-"));
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

it("trains an AutoEncoder without metrics given: the default loss compares the output with the image", async () => {
  const live = torch.memory.live().tensors;
  const model = new ReconstructionModel({
    // a stride and paddings for which ClinicaDL's output has another size than the image
    network: {
      name_: "AutoEncoder",
      inShape: [1, 8, 8, 8],
      latentSize: 3,
      convArgs: { channels: [2, 4], stride: [3, 1], padding: 1 },
    },
    loss: { name_: "MSELoss" },
    optimizer: { name_: "Adam", lr: 0.03 },
  });
  const maps = join(dir, "maps");
  const trainer = new Trainer({ maps, model, optimization });
  await trainer.train(toySplit(), { computational });

  expect(readJson(join(maps, "metrics.json"))).toMatchObject({
    metrics: { loss: { name_: "LossMetric", pred_key: "output", label_key: "image" } },
  });
  const validated = [1, 2].map((epoch) => trainer.metrics.getMetricValue("loss", epoch));
  expect(validated[1]).toBeLessThan(validated[0] as number);
  // 3 batches an epoch
  const losses = readTsv(join(maps, "training/split-0/logs/training_loss.tsv")).map((row) => Number(row.loss));
  expect(losses).toHaveLength(6);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  expect(sum(losses.slice(3))).toBeLessThan(sum(losses.slice(0, 3)));

  const restored = await Trainer.fromMaps(maps);
  expect(restored.model.toDict()).toEqual(model.toDict());
  expect(restored.metrics.toDict()).toEqual(trainer.metrics.toDict());
  restored.dispose();
  trainer.dispose();
  expect(torch.memory.live().tensors).toBe(live);
});

it("compares the output with the field that the model predicts", () => {
  const model = new SupervisedModel({
    network: { name_: "MLP", numInputs: 512, numOutputs: 1, hiddenDims: [] },
    loss: { name_: "MSELoss" },
    optimizer: { name_: "SGD" },
    labelKey: "age",
  });
  const trainer = new Trainer({ maps: join(dir, "maps"), model });
  expect(trainer.metrics.toDict()).toMatchObject({ metrics: { loss: { label_key: "age" } } });
  trainer.dispose();
});

it("refuses images outside 0 and 1 where the loss takes probabilities, with participants and values", async () => {
  const live = torch.memory.live().tensors;
  const model = new ReconstructionModel({
    network: new torch.nn.Sequential(new torch.nn.Conv3d(1, 1, 3, { padding: 1 }), new torch.nn.Sigmoid()),
    loss: { name_: "BCELoss" },
    optimizer: { name_: "Adam" },
  });
  const trainer = new Trainer({ maps: join(dir, "maps"), model, optimization });
  await expect(trainer.train(toySplit({ shuffle: false }), { computational })).rejects.toThrow(
    /\(sub-0, ses-M000\): 'image' is -?\d.*BCELoss takes targets between 0 and 1\..*RescaleIntensityConfig/,
  );
  trainer.dispose();
  expect(torch.memory.live().tensors).toBe(live);
});
