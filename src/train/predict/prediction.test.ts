import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Callback, type EventArgs } from "../../callbacks/index.ts";
import type { Batch } from "../../data/dataloader/index.ts";
import { DataLoader } from "../../data/dataloader/index.ts";
import { SimpleInferer } from "../../infer/index.ts";
import { readTsv } from "../../io/tsv/index.ts";
import { SupervisedModel } from "../../models/index.ts";
import * as torch from "../../torch/index.ts";
import { anyParts, final, resultsOf, toyLoader, translator } from "../fixtures/saved.ts";
import { savedForEachTest } from "../fixtures/saved-for-each.ts";
import { toyModel } from "../fixtures/toy.ts";

const saved = savedForEachTest();

describe("the results", () => {
  /** Remembers the events, and fails at one of them. */
  class Watcher extends Callback {
    readonly seen: string[] = [];
    failAt: string | null = null;
    #note(event: string): void {
      this.seen.push(event);
      if (event === this.failAt) throw new Error("stop");
    }
    override onPredictStart({ state, results: to, groupName }: EventArgs<"onPredictStart">): void {
      writeFileSync(join(to.path, "note.txt"), groupName);
      this.#note(`start ${state.called} ${state.stage} ${state.numPredBatches}`);
    }
    override onBatchStart({ state }: EventArgs<"onBatchStart">): void {
      this.#note(`batch ${state.currentPredBatch}`);
    }
    override onPredictionStepStart({ batch }: EventArgs<"onPredictionStepStart">): void {
      this.#note(`step ${(batch as Batch).length}`);
    }
    override onPredictionStepEnd({ output }: EventArgs<"onPredictionStepEnd">): void {
      using out = output.getField("output");
      this.#note(`stepped ${out.shape.join("×")} ${out.requiresGrad}`);
    }
    override onBatchEnd({ losses }: EventArgs<"onBatchEnd">): void {
      this.#note(`done ${losses}`);
    }
    override onPredictEnd({ maps }: EventArgs<"onPredictEnd">): void {
      this.#note(`end ${existsSync(maps.prediction.group("new").results(0, "final").outputTsv)}`);
    }
  }

  it("are there when it ends, after the events in their order", async () => {
    const watcher = new Watcher();
    const trainer = saved.make(toyModel(), [watcher]);
    // 3 was trained on, 21 was not
    await trainer.predict({ ...final, dataloader: toyLoader([3, 21, 31]) });
    expect(watcher.seen).toEqual([
      "start predict prediction 2",
      ...["batch 1", "step 2", "stepped 2×1 false", "done null"],
      ...["batch 2", "step 1", "stepped 1×1 false", "done null"],
      "end true",
    ]);
    expect(readFileSync(join(resultsOf(trainer).path, "note.txt"), "utf8")).toBe("new");
    expect(readFileSync(resultsOf(trainer).warningLog, "utf8")).toMatch(/trained on 1 of the 3 participants/);
    const [run = ""] = trainer.maps.exec.runsList;
    const info = readFileSync(join(trainer.maps.exec.path, `run-${run}`, "info.log"), "utf8");
    expect(info).toMatch(/Beginning of prediction[\s\S]*Predictions saved in .*results\/split-0\/final\n$/);
  });

  it("are there whole or not at all", async () => {
    const watcher = new Watcher();
    const trainer = saved.make(toyModel(), [watcher]);
    const prediction = trainer.maps.prediction.path;
    const hidden = /^\./;
    for (const at of ["start predict prediction 2", "step 1", "stepped 1×1 false"]) {
      watcher.failAt = at;
      await expect(trainer.predict({ ...final, dataloader: toyLoader([30, 31, 32]) })).rejects.toThrow("stop");
      expect(readdirSync(prediction).filter((name) => !/\.lock$/.test(name))).toEqual([]);
    }
    watcher.failAt = null;
    // what a killed process leaves is cleared away
    const { path } = trainer.maps.prediction.unfinishedResults("new", 0, "final");
    mkdirSync(join(path, "images"), { recursive: true });
    await trainer.predict({ ...final, dataloader: toyLoader([30, 31, 32]) });
    expect(readdirSync(prediction).filter((name) => !hidden.test(name))).toEqual(["group-new"]);
    expect(existsSync(path) || existsSync(resultsOf(trainer).images)).toBe(false);

    const before = readFileSync(resultsOf(trainer).outputTsv, "utf8");
    const dataloader = toyLoader([32, 31, 30]);
    watcher.failAt = "step 1";
    await expect(trainer.predict({ ...final, dataloader, overwrite: true })).rejects.toThrow("stop");
    expect(readFileSync(resultsOf(trainer).outputTsv, "utf8")).toBe(before);
    watcher.failAt = null;
    await trainer.predict({ ...final, dataloader, overwrite: true });
    expect(readTsv(resultsOf(trainer).outputTsv).map((row) => row.participant_id)).toEqual([
      ...["sub-32", "sub-31", "sub-30"],
    ]);
  });

  it("are written by one process at a time", async () => {
    const trainer = saved.make(toyModel());
    using _other = trainer.maps.prediction.lockResults("new", 0, "final");
    await expect(trainer.predict({ ...final, dataloader: toyLoader([30]) })).rejects.toThrow(/is in use by process/);
  });

  it("of samples of one place have names of their own", async () => {
    const trainer = saved.make(translator(1, new SimpleInferer({ outputName: "my_output" })));
    await trainer.predict({ ...final, dataloader: toyLoader([30, 30]) });
    expect(readdirSync(resultsOf(trainer).images).sort()).toEqual([
      "sub-30_ses-M000_copy-2_my_output.nii.gz",
      "sub-30_ses-M000_my_output.nii.gz",
    ]);
  });
});

describe("errors", () => {
  it("say what to do, before anything is written", async () => {
    const trainer = saved.make(toyModel());
    const dataloader = toyLoader([30, 31, 32]);
    const fails = (options: object, message: RegExp) =>
      expect(trainer.predict({ ...final, dataloader, ...options })).rejects.toThrow(message);
    await fails({ dataloader: undefined }, /no prediction group 'new' yet \(there are: none\).*\{ dataloader \}/);
    await fails({ groupname: "a" }, /unknown option 'groupname'/);
    await fails({ groupName: "a-b" }, /'a-b', which cannot be the name/);
    await fails({ modelCheckpoint: "split-1_final" }, /no split 1/);
    await fails({ modelCheckpoint: "split-0_epoch-3" }, /checkpoints of split 0 are: best-loss, final/);
    const { dataset } = dataloader;
    await fails({ dataloader: new DataLoader(dataset, { batchSize: 2, dropLast: true }) }, /1 of 3 samples.*dropLast/);
    await fails({ dataloader: new DataLoader(dataset, { samplingWeights: "label" }) }, /without samplingWeights/);
    await fails({ outputs: ["probability"] }, /'probability', which the batch does not have.* added 'output'/);
    await fails({ outputs: ["session_id"] }, /'session_id', which is written anyway/);
    await fails({ outputs: [] }, /nothing to write/);
    expect(readdirSync(trainer.maps.prediction.path).map((name) => basename(name, ".lock"))).toEqual([
      ".group-new",
      ".group-new_split-0_final",
    ]);

    await trainer.predict({ ...final, dataloader });
    await fails({}, /already: .*group-new\/results\/split-0\/final.*overwrite: true/);
    await fails({ dataloader: toyLoader([30, 31]), overwrite: true }, /sub-32 ses-M000 in one only/);
    await fails({ dataloader: undefined, overwrite: true }, /dataset cannot be restored.*\{ dataloader \}/);
  });

  it("say that outputs differ", async () => {
    class Uneven extends SupervisedModel {
      override predictionStep(batch: Batch): Batch {
        batch.addField("output", torch.zeros([batch.length, batch.length]));
        return batch;
      }
    }
    const trainer = saved.make(new Uneven(anyParts()));
    await expect(trainer.predict({ ...final, dataloader: toyLoader([30, 31, 32]) })).rejects.toThrow(
      /for \(sub-32, ses-M000\) 'output' is 1 value, for the samples before it was 2 values/,
    );
    class Nothing extends SupervisedModel {
      override predictionStep(batch: Batch): Batch {
        return batch.length === 2 ? batch : (null as unknown as Batch);
      }
    }
    const other = saved.make(new Nothing(anyParts()));
    await expect(other.predict({ ...final, dataloader: toyLoader([30, 31]) })).rejects.toThrow(
      /nothing to write. The model's predictionStep added no field/,
    );
    await expect(other.predict({ ...final, dataloader: toyLoader([30]) })).rejects.toThrow(
      /predictionStep gave null. Expected the batch/,
    );
  });
});
