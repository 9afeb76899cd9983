import { mkdirSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Batch } from "../../data/dataloader/index.ts";
import { ScalarImage } from "../../data/structures/index.ts";
import { SimpleInferer } from "../../infer/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { type Model, SupervisedModel } from "../../models/index.ts";
import { ComputationalConfig, describeSplit } from "../../run/index.ts";
import * as torch from "../../torch/index.ts";
import { AsDiscreteConfig } from "../../transforms/index.ts";
import { anyParts, computational, final, outputs, toyLoader, translator } from "../fixtures/saved.ts";
import { savedForEachTest } from "../fixtures/saved-for-each.ts";
import { toyModel, toySplit } from "../fixtures/toy.ts";
import type { Trainer } from "../trainer.ts";

const saved = savedForEachTest();

/** Splits 0, 1 and 2, each with weights of its own. */
function threeSplits(model: Model): Trainer {
  const trainer = saved.make(model);
  using _scope = torch.scope();
  for (const split of [1, 2]) {
    const record = describeSplit(toySplit(), new ComputationalConfig(computational));
    trainer.maps.createSplit(split, record);
    const { path, modelPt } = trainer.maps.training.split(split).models.final;
    mkdirSync(path, { recursive: true });
    const weights = [...model.stateDict()].map(([key, tensor]) => [key, tensor.mul(1 + split)] as const);
    torch.save(new Map(weights), modelPt);
  }
  return trainer;
}
const run = { modelCheckpoint: "final", groupName: "new", computational };

describe("an ensemble", () => {
  it("gives the mean of what its models give, in a place of its own", async () => {
    const model = toyModel();
    const trainer = threeSplits(model);
    const dataloader = toyLoader([30, 31, 32]);
    const each: number[][] = [];
    for (const split of [0, 2]) {
      await trainer.predict({ ...final, modelCheckpoint: `split-${split}_final`, dataloader });
      const { outputTsv } = trainer.maps.prediction.group("new").results(split, "final");
      each.push(readTsv(outputTsv).map((row) => Number(row.output)));
    }
    await trainer.predict({ ...run, ensemble: [2, 0], dataloader });
    const { path, outputTsv } = trainer.maps.prediction.group("new").results([0, 2], "final");
    expect(path.endsWith("group-new/results/ensemble-0-2/final")).toBe(true);
    expect(readdirSync(path).sort()).toEqual(["computational.json", "output.tsv", "warning.log"]);
    readTsv(outputTsv).forEach((row, i) => {
      const [a = Number.NaN, b = Number.NaN] = each.map((values) => values[i]);
      expect(a).not.toBeCloseTo(b, 3);
      expect(Number(row.output)).toBeCloseTo((a + b) / 2, 5);
    });
    trainer.maps.read();
    expect(trainer.maps.prediction.group("new").splitsList).toEqual([0, 2]);

    await expect(trainer.predict({ ...run, ensemble: [0, 2] })).rejects.toThrow(
      "predictions of 'ensemble-0-2_final' for the group 'new' already",
    );
    await trainer.predict({ ...run, ensemble: [0, 2], dataloader, overwrite: true });
    trainer.maps.remove({ nonEmptyOk: true });
  });

  it("averages images", async () => {
    const inferer = new SimpleInferer({ outputType: "image" });
    const model = translator(1, inferer, new torch.nn.Conv3d(1, 1, 1));
    const trainer = threeSplits(model);
    const dataloader = toyLoader([30]);
    dataloader.dataset.eval();
    const single = (await outputs(model, dataloader))[0] ?? [];
    await trainer.predict({ ...run, ensemble: [0, 1, 2], dataloader });
    const { path } = trainer.maps.prediction.group("new").results([0, 1, 2], "final");
    using image = ScalarImage.read(`${path}/images/sub-30_ses-M000_output.nii.gz`);
    // a convolution of single voxels is linear in its weights, and their mean is twice those of the first
    Array.from(image.tensor.toTypedArray(), Number).forEach((value, i) => {
      expect(value).toBeCloseTo(2 * (single[i] ?? Number.NaN), 4);
    });
  });

  it("refuses what has no mean, and splits that are none", async () => {
    class Names extends SupervisedModel {
      override predictionStep(batch: Batch): Batch {
        batch.addField("name", ["one"]);
        return batch;
      }
    }
    const names = threeSplits(new Names(anyParts()));
    const dataloader = toyLoader([30]);
    await expect(names.predict({ ...run, ensemble: [0, 1], dataloader })).rejects.toThrow(
      "'name' is 'one', and there is no mean",
    );
    const masks = threeSplits(translator(1, new SimpleInferer({ outputType: "mask" }), new torch.nn.Conv3d(1, 1, 1)));
    await expect(masks.predict({ ...run, ensemble: [0, 1], dataloader })).rejects.toThrow("'output' is a mask");
    expect(masks.maps.prediction.groupsList).toEqual([]);
    const likeliest = new AsDiscreteConfig({ include: ["output"], argmax: true });
    const classes = threeSplits(
      translator(1, new SimpleInferer({ postprocessing: [likeliest] }), new torch.nn.Conv3d(1, 2, 1)),
    );
    await expect(classes.predict({ ...run, ensemble: [0, 1], dataloader })).rejects.toThrow(
      "SimpleInferer decides for a class in its 'postprocessing', and of the numbers of classes",
    );
    for (const ensemble of [[0], [1, 1], [0, 0.5]]) {
      await expect(masks.predict({ ...run, ensemble, dataloader })).rejects.toThrow("Expected two splits or more");
    }
    await expect(masks.predict({ ...final, ensemble: [0, 1], dataloader })).rejects.toThrow("which says the splits");
    await expect(masks.predict({ ...run, ensemble: [0, 7], dataloader })).rejects.toThrow("There is no split 7");
  });
});

describe("columns of the data", () => {
  it("stand before the outputs, once", async () => {
    const trainer = saved.make(toyModel());
    await trainer.predict({ ...final, dataloader: toyLoader([30, 31]), include: ["label"] });
    const { outputTsv } = trainer.maps.prediction.group("new").results(0, "final");
    const rows = readTsv(outputTsv);
    expect(Object.keys(rows[0] ?? {})).toEqual(["participant_id", "session_id", "label", "output"]);
    const { dataset } = toyLoader([30, 31]);
    using sample = await dataset.get(1);
    expect(rows[1]?.label).toBe(sample.getField("label"));

    const outputsToo = { outputs: ["output", "label"], include: ["label"], overwrite: true };
    await trainer.predict({ ...final, ...outputsToo, dataloader: toyLoader([30, 31]) });
    expect(Object.keys(readTsv(outputTsv)[0] ?? {})).toEqual(["participant_id", "session_id", "output", "label"]);
  });

  it("must be there", async () => {
    const trainer = saved.make(toyModel());
    const dataloader = toyLoader([30]);
    await expect(trainer.predict({ ...final, dataloader, include: ["age"] })).rejects.toThrow(
      "'include' has 'age', which the data do not have. There are: label",
    );
  });
});
