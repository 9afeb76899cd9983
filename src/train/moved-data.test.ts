import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Callback, type EventArgs, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { BidsDataset } from "../data/datasets/index.ts";
import { BidsFileType } from "../io/bids/index.ts";
import { Maps } from "../io/maps/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CannotReadJsonError, ConfigError } from "../utils/exceptions.ts";
import { forgetWarnings } from "../utils/warnings.ts";
import { cohortSplit, makeCohort } from "./fixtures/cohort.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { rootOf, withPathsOfNow } from "./moved-data.ts";
import { resumeCommand } from "./recorded.ts";
import { restoreSplit } from "./restore.ts";

const trainers = Trainers.forEachTest();

class Fails extends Callback {
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    if (state.currentEpoch === 2) throw new Error("failed");
  }
}
/** A training that was interrupted, in `study/maps` on `study/bids`, and a whole one. */
async function interrupted(): Promise<void> {
  mkdirSync(trainers.path("study"));
  const bids = makeCohort(trainers.path("study"), 12);
  const callbacks = () => [new TrainingCheckpointCallback({ everyNEpochs: 1 })];
  const optimization = { numEpochs: 3 };
  await trainers.make("whole", { optimization, callbacks: callbacks() }).train(cohortSplit(bids), { computational });
  const trainer = trainers.make("study/maps", { optimization, callbacks: callbacks() });
  trainer.callbacks.addCallbacks([new Fails()]);
  await expect(trainer.train(cohortSplit(bids), { computational })).rejects.toThrow("failed");
}
const move = (from: string, to: string) => renameSync(trainers.path(from), trainers.path(to));
const said = () =>
  vi
    .mocked(process.stderr.write)
    .mock.calls.map(([text]) => String(text))
    .join("");

describe("a data set that has moved", () => {
  it("without a word, the error says what to type; with { bids } the training is as it would have been", async () => {
    await interrupted();
    move("study/bids", "elsewhere");
    const lost = await trainers.fromMaps("study/maps");
    const error = await lost.resume({ splitIdx: 0 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CannotReadJsonError);
    expect(String(error)).toMatch(
      /dataset\.json: The data were in .*bids, which does not exist\. Say where .*npx clinicadl resume .*maps --split <i> --bids PATH.*Trainer\.fromMaps\(.*study\/maps", \{ bids: "PATH" \}\)\.$/,
    );

    const found = await trainers.fromMaps("study/maps", { bids: trainers.path("elsewhere") });
    await found.resume({ splitIdx: 0 });
    expect(trainers.differences("study/maps", "whole")).toEqual([]);
    await found.validate({ splitIdx: 0, metrics: ["loss"], modelCheckpoint: "final" });
    await expect(lost.validate({ splitIdx: 0, metrics: ["loss"] })).rejects.toThrow(/--bids PATH/);

    const none = await trainers.fromMaps("study/maps", { bids: trainers.path("nowhere") });
    await expect(none.resume({ splitIdx: 0, numEpochs: 4 })).rejects.toThrow(
      /'bids' is .*nowhere, which does not exist/,
    );
    await expect(trainers.fromMaps("study/maps", { bidz: "x" } as never)).rejects.toThrow(/unknown option 'bidz'/);
  });

  it("is in the command that goes on, which is printed for parts that can be read back only", async () => {
    await interrupted();
    const trainer = await trainers.fromMaps("study/maps");
    const command = (bids: string | null) => resumeCommand(trainer.maps, restoreSplit(trainer.maps, 0, bids));
    const maps = trainers.path("study/maps");
    expect(command(null)).toBe(`npx clinicadl resume ${maps} --split 0`);
    move("study/bids", "else where");
    expect(command(trainers.path("else where"))).toBe(
      `npx clinicadl resume ${maps} --split 0 --bids '${realpathSync(trainers.path("else where"))}'`,
    );
    const own = JSON.parse(trainers.text("study/maps", "model.json"));
    for (const model of [{ ...own, network: "Mine" }, { ...own, name_: "Mine" }, "Mine(…)"]) {
      writeFileSync(join(maps, "model.json"), JSON.stringify(model));
      expect(command(trainers.path("else where"))).toMatch(/^trainer\.resume\(\{ splitIdx: 0 \}\), in the script/);
    }
  });

  it("together with the MAPS is found, with a warning that says where", async () => {
    await interrupted();
    move("study", "moved");
    forgetWarnings();
    await (await trainers.fromMaps("moved/maps")).resume({ splitIdx: 0 });
    expect(said()).toContain(
      `${trainers.path("study/bids")}, where the data were, does not exist; they are taken from ${trainers.path("moved/bids")}, the same place relative to the MAPS.`,
    );
    expect(trainers.differences("moved/maps", "whole")).toEqual([]);
  });

  it("must have the same participants", async () => {
    await interrupted();
    move("study/bids", "elsewhere");
    rmSync(trainers.path("elsewhere/sub-003"), { recursive: true });
    const trainer = await trainers.fromMaps("study/maps", { bids: trainers.path("elsewhere") });
    await expect(trainer.resume({ splitIdx: 0 })).rejects.toThrow(/no image .*sub-003/);
  });

  it("is found for known groups of a test and a prediction", async () => {
    await interrupted();
    const trainer = await trainers.fromMaps("study/maps");
    await trainer.resume({ splitIdx: 0 });
    mkdirSync(trainers.path("study/other"));
    const bids = makeCohort(trainers.path("study/other"), 3);
    const fileType = new BidsFileType({ suffix: "T1w", dataType: "anat" });
    const rename = readFileSync(join(bids, "labels.tsv"), "utf8");
    expect(rename).toContain("sub-002");
    const dataset = new BidsDataset({ bids, fileType, data: join(bids, "labels.tsv"), columns: ["label"] });
    const dataloader = new DataLoader(dataset, { batchSize: 1, shuffle: false });
    const run = { modelCheckpoint: "split-0_final", groupName: "new", computational: { gpu: false } };
    await trainer.predict({ ...run, dataloader });
    const { path } = trainer.maps.prediction.group("new").results(0, "final");
    const before = readFileSync(join(path, "output.tsv"), "utf8");
    move("study/other/bids", "other");
    await expect(trainer.predict({ ...run, overwrite: true })).rejects.toThrow(/--bids PATH/);
    const found = await trainers.fromMaps("study/maps", { bids: trainers.path("other") });
    await found.predict({ ...run, overwrite: true });
    expect(readFileSync(join(path, "output.tsv"), "utf8")).toBe(before);
  });
});

describe("withPathsOfNow", () => {
  it("moves what is inside of the data set with it, and leaves the rest where it is", () => {
    mkdirSync(trainers.path("new"));
    const old = trainers.path("old");
    const there = trainers.path("new");
    const bids = (path: string) => ({ name_: "Bids", path });
    const dict = (): JsonObject => ({
      name_: "BidsDataset",
      bids: bids(old),
      masks: { brain: join(old, "masks/brain.nii.gz"), template: there, own: [bids(join(old, "derivatives/x")), {}] },
    });
    const maps = new Maps(trainers.path("maps"));
    expect(withPathsOfNow(dict(), maps, there)).toEqual({
      name_: "BidsDataset",
      bids: bids(there),
      masks: {
        brain: join(there, "masks/brain.nii.gz"),
        template: there,
        own: [bids(join(there, "derivatives/x")), {}],
      },
    });
    expect(() => withPathsOfNow(dict(), maps, null)).toThrow(/were in .*old, which does not exist\./);
    expect(() => withPathsOfNow(dict(), maps, trainers.path("none"))).toThrow(ConfigError);
    expect(withPathsOfNow({ name_: "Mine" }, maps, there)).toEqual({ name_: "Mine" });
  });
  it("finds tensors in the data set that is given, or in their own folder", () => {
    const there = trainers.path("new");
    const folder = join(there, "derivatives", "tensors");
    mkdirSync(folder, { recursive: true });
    const name = "src-T1w_conv-raw_description.json";
    writeFileSync(join(folder, name), "{}");
    const maps = new Maps(trainers.path("maps"));
    const dict = (): JsonObject => ({ name_: "TensorDataset", description_json: join(trainers.path("old"), name) });
    for (const given of [there, folder]) {
      expect(withPathsOfNow(dict(), maps, given).description_json).toBe(join(folder, name));
    }
    expect(() => withPathsOfNow(dict(), maps, null)).toThrow(/were in .*description\.json, which does not exist/);
    expect(rootOf(dict())).toBe(trainers.path("old"));
  });
});
