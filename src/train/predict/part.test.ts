import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CallbacksHandler } from "../../callbacks/index.ts";
import type { Batch } from "../../data/dataloader/index.ts";
import { SimpleInferer } from "../../infer/index.ts";
import { type Model, SupervisedModel } from "../../models/index.ts";
import { ranks } from "../../run/fixtures/ranks.ts";
import { ComputationalConfig, Interrupter, mainFirst, RunLog, TrainerState, type World } from "../../run/index.ts";
import * as torch from "../../torch/index.ts";
import { loadWeights, share } from "../evaluation.ts";
import { anyParts, computational, final, resultsOf, toyLoader, translator } from "../fixtures/saved.ts";
import { savedForEachTest } from "../fixtures/saved-for-each.ts";
import { toyModel } from "../fixtures/toy.ts";
import type { Trainer } from "../trainer.ts";
import { predictLoop } from "./loop.ts";
import { PartWriter } from "./part.ts";
import { Prediction } from "./prediction.ts";

const saved = savedForEachTest();

/** What one of the processes of `world` does of `predict`. */
async function predict(trainer: Trainer, world: World, ids: readonly number[]): Promise<void> {
  const { maps, model } = trainer;
  const config = new ComputationalConfig(computational);
  const { computational: _, ...options } = { ...final, overwrite: true };
  const dataloader = toyLoader(ids, 1);
  using prediction = await mainFirst(
    world,
    () => new Prediction(maps, { ...options, dataloader }, config, { bids: null, world }),
  );
  using _share = share(dataloader, world);
  loadWeights(model, { loader: dataloader, modelPt: prediction.modelPts[0] ?? "" }, config);
  const state = new TrainerState();
  state.resetPrediction(dataloader.length);
  const common = { model, maps, state, world, computational: config };
  using log = new RunLog();
  const run = { ...common, callbacks: new CallbacksHandler([]), log, interruption: new Interrupter(false) };
  await predictLoop(run, prediction);
}

/** The files of the results, and what is in them. */
function files(trainer: Trainer): Map<string, string> {
  const { path } = resultsOf(trainer);
  const names = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const found = names.map(({ parentPath, name }) => join(parentPath, name)).sort();
  // what the logger writes is of one process
  return new Map(found.filter((file) => !file.endsWith(".log")).map((file) => [file, contentOf(file)]));
}

function contentOf(file: string): string {
  if (!file.endsWith(".pt")) return readFileSync(file).toString("hex");
  // a file of tensors holds the name that it was written with
  using _scope = torch.scope();
  const tensor = torch.load(file) as torch.Tensor;
  return `${tensor.dtype} ${tensor.shape}: ${tensor.toNumbers()}`;
}

// with one sample in a batch, each is computed in the same way wherever it is
describe.each([2, 3, 6])("of %i processes", (size) => {
  /** The third and the last sample are of one participant, as are two others beside each other. */
  const ids = [30, 31, 32, 33, 33];
  async function expectSame(model: Model, all: readonly number[]): Promise<Map<string, string>> {
    const trainer = saved.make(model);
    await trainer.predict({ ...final, dataloader: toyLoader(all, 1) });
    const expected = files(trainer);
    await Promise.all(ranks(size).map((world) => predict(trainer, world, all)));
    expect([...files(trainer).keys()]).toEqual([...expected.keys()]);
    expect(files(trainer)).toEqual(expected);
    trainer.maps.read();
    return expected;
  }

  it("the predictions are, in the order of the data, those of one: values", async () => {
    const found = await expectSame(toyModel(), ids);
    expect([...found.keys()].map((file) => file.split("/").at(-1))).toEqual(["computational.json", "output.tsv"]);
  });

  it("images, with the names that they have of one", async () => {
    const inferer = new SimpleInferer({ outputType: "image" });
    const found = await expectSame(translator(1, inferer, new torch.nn.Conv3d(1, 1, 1)), [30, 31, 30, 30, 32, 31]);
    const names = [...found.keys()].map((file) => file.split("/").at(-1)).filter((name) => name?.endsWith(".gz"));
    expect(names).toEqual([
      "sub-30_ses-M000_copy-2_output.nii.gz",
      "sub-30_ses-M000_copy-3_output.nii.gz",
      "sub-30_ses-M000_output.nii.gz",
      "sub-31_ses-M000_copy-2_output.nii.gz",
      "sub-31_ses-M000_output.nii.gz",
      "sub-32_ses-M000_output.nii.gz",
    ]);
  });

  it("tensors of any other shape", async () => {
    const found = await expectSame(new Pairs(anyParts()), ids);
    expect([...found.keys()].filter((file) => file.endsWith(".pt"))).toHaveLength(5);
  });

  it("fail in all of them with the error of one, and leave nothing", async () => {
    const trainer = saved.make(new Late(anyParts()));
    const tried = await Promise.allSettled(ranks(size).map((world) => predict(trainer, world, ids)));
    const messages = tried.map((one) => (one.status === "rejected" ? String(one.reason.message) : ""));
    expect(messages.filter((message) => /^(?!There was).*The images are too large/.test(message))).toHaveLength(1);
    const told = messages.filter((message) =>
      /^There was an error in rank \d of \d: .*The images are too/.test(message),
    );
    expect(told).toHaveLength(size - 1);
    expect(readdirSync(trainer.maps.prediction.path).filter((name) => !name.endsWith(".lock"))).toEqual([]);
  });

  it("are refused, where an output is of another form in a part", async () => {
    const trainer = saved.make(new Ragged(anyParts()));
    const tried = await Promise.allSettled(ranks(size).map((world) => predict(trainer, world, ids)));
    for (const one of tried) {
      expect(one.status === "rejected" ? one.reason.message : "").toContain(
        "predict: for (sub-33, ses-M000) 'output' is 3 values, for the samples before it was 2 values.",
      );
    }
  });
});

/** Gives a tensor of two dimensions, which is neither values nor an image. */
class Pairs extends SupervisedModel {
  override predictionStep(batch: Batch): Batch {
    for (const sample of batch)
      sample.setField("output", sample.getImageTensor("image").mean([1]).squeeze(0).slice(0, 0, 2).clone());
    return batch;
  }
}
/** Fails at the fourth participant. */
class Late extends SupervisedModel {
  override predictionStep(batch: Batch): Batch {
    for (const sample of batch) {
      if (sample.participantId === "sub-32") throw new RangeError("The images are too large.");
      sample.setField("output", torch.zeros([2]));
    }
    return batch;
  }
}
class Ragged extends SupervisedModel {
  override predictionStep(batch: Batch): Batch {
    for (const sample of batch) sample.setField("output", torch.zeros([sample.participantId === "sub-33" ? 3 : 2]));
    return batch;
  }
}

it("an error of the system in a part names its file", () => {
  const folder = mkdtempSync(join(tmpdir(), "part-"));
  try {
    const writer = new PartWriter(folder);
    writer[Symbol.dispose]();
    const append = () => writer.append({ rows: [], floats: [], forms: [], files: [] });
    expect(append).toThrow(`EBADF: bad file descriptor, write '${join(folder, "rows")}'`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
