import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Batch } from "../../data/dataloader/index.ts";
import { SaliencyInferer } from "../../infer/index.ts";
import { readNifti } from "../../io/nifti/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { Model } from "../../models/index.ts";
import * as torch from "../../torch/index.ts";
import { computational, final, outputs, resultsOf, toyLoader } from "../fixtures/saved.ts";
import { savedForEachTest } from "../fixtures/saved-for-each.ts";
import { toyModel } from "../fixtures/toy.ts";
import { Trainer } from "../trainer.ts";

const saved = savedForEachTest();

it("writes maps of what a saved model looks at beside its outputs, of models that were trained without", async () => {
  const model = toyModel({ norm: null });
  const trainer = saved.make(model);
  const own = model.inferer;
  const dataloader = toyLoader([30, 31, 32]);
  const inferer = { name_: "SaliencyInferer", method: "input_x_gradient" };
  using again = await Trainer.fromMaps(trainer.maps);
  await again.predict({ ...final, dataloader, inferer });
  const results = resultsOf(trainer);
  const rows = readTsv(results.outputTsv);
  expect(Object.keys(rows[0] ?? {})).toEqual(["participant_id", "session_id", "output", "saliency"]);
  const given = await outputs(model, dataloader);
  for (const [i, row] of rows.entries()) {
    expect(Number(row.output)).toBeCloseTo(given[i]?.[0] ?? Number.NaN, 5);
    expect(row.saliency).toBe(`images/${row.participant_id}_ses-M000_saliency.nii.gz`);
    const map = readNifti(join(results.path, String(row.saliency)));
    expect(map.shape).toEqual([8, 8, 8]);
    // computed here, from what the model is
    using sample = await dataloader.dataset.get(i);
    using _scope = torch.scope();
    const image = sample.getImageTensor("image").unsqueeze(0).requiresGrad_(true);
    const [gradient] = torch.autograd.grad((model.network.call(image) as torch.Tensor).sum(), image);
    const expected = Array.from(
      image
        .mul(gradient as torch.Tensor)
        .flatten()
        .toTypedArray() as Float32Array,
    );
    // files are written with x first, as the images are here
    const found = Array.from(map.data as Float32Array);
    const largest = Math.max(...expected.map(Math.abs));
    expect(largest).toBeGreaterThan(0);
    const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
    for (const [at, value] of sorted(found).entries()) {
      expect(Math.abs(value - (sorted(expected)[at] ?? Number.NaN))).toBeLessThan(1e-5 * largest);
    }
  }
  expect(JSON.parse(readFileSync(results.infererJson, "utf8"))).toMatchObject(inferer);

  await trainer.predict({ ...final, dataloader, overwrite: true });
  expect(model.inferer).toBe(own);
  expect(existsSync(results.infererJson)).toBe(false);
  expect(Object.keys(readTsv(results.outputTsv)[0] ?? {})).toEqual(["participant_id", "session_id", "output"]);
});

it("leaves the model as it was, and nothing in the MAPS, where there is no map", async () => {
  const model = toyModel();
  const trainer = saved.make(model);
  const own = model.inferer;
  const run = { ...final, dataloader: toyLoader([30]) };
  await expect(trainer.predict({ ...run, inferer: new SaliencyInferer({ target: 1 }) })).rejects.toThrow(
    "SaliencyInferer: what the network gives has 1 value for each image, and 'target' is 1.",
  );
  expect(model.inferer).toBe(own);
  expect(existsSync(resultsOf(trainer).path)).toBe(false);
  await expect(trainer.predict({ ...run, inferer: { name_: "SaliencyInferer", steps: 4 } })).rejects.toThrow(/'steps'/);
  await expect(trainer.predict({ ...run, inferer: 3 as never })).rejects.toThrow(
    "predict: 'inferer' got 3. Expected an Inferer, such as SaliencyInferer.",
  );
});

it("says of a model without inferer that it takes none", async () => {
  const trainer = saved.make(new Own());
  const run = { ...final, dataloader: toyLoader([30]), computational };
  await expect(trainer.predict({ ...run, inferer: new SaliencyInferer() })).rejects.toThrow(
    "predict: 'inferer' is for models that have one, such as SupervisedModel; Own passes images in its predictionStep.",
  );
});

/** Two lines that are a model, without an inferer. */
class Own extends Model<Batch> {
  layer = new torch.nn.Linear(1, 1);
  override forwardStep(): torch.Tensor {
    return this.layer.weight.sum();
  }
  override backwardStep(): void {}
  override optimizationStep(): void {}
  override evaluationStep(batch: Batch): Batch {
    return batch;
  }
  override buildOptimizers(): Record<string, never> {
    return {};
  }
  override getLossFunctions(): Record<string, torch.nn.MSELoss> {
    return { loss: new torch.nn.MSELoss() };
  }
}
