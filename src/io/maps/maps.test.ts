import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CheckpointDir, CheckpointsDir } from "./checkpoints.ts";
import { Maps, type SplitRecord } from "./maps.ts";
import { checkItemName } from "./scan.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maps-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const pair = (participant: string) => ({ participant_id: participant, session_id: "ses-M000" });
const record = (...participants: string[]): SplitRecord => ({
  train: { data: participants.map(pair), dataset: { name_: "D" }, dataloader: { name_: "DataLoader" } },
  validation: { data: [pair("sub-v")], dataset: "<Own object>", dataloader: { name_: "DataLoader" } },
  computational: { gpu: false },
});

function created(): Maps {
  const maps = new Maps(join(dir, "maps"));
  maps.create({
    fill: (staging) => {
      for (const path of [staging.modelJson, staging.metricsJson, staging.callbacksJson]) staging.saveFile({}, path);
      staging.saveFile({}, staging.training.optimizationJson);
    },
  });
  return maps;
}

describe("Maps", () => {
  it("is created whole or not at all", () => {
    const maps = new Maps(join(dir, "maps"));
    expect(() =>
      maps.create({
        fill: () => {
          throw new Error("no space");
        },
      }),
    ).toThrow("no space");
    expect(readdirSync(dir)).toEqual([]);
    created().read();
    expect(readFileSync(maps.summaryLog, "utf8")).toContain(`Path: ${maps.path}`);
    expect(readFileSync(maps.environmentTxt, "utf8")).toMatch(/^# ClinicaDL environment snapshot\n# timestamp: /);
  });

  it("names what is missing", () => {
    const maps = created();
    rmSync(maps.metricsJson);
    expect(() => maps.read()).toThrow(/metrics\.json is missing/);
  });

  it("keeps the target of a link when it is overwritten", () => {
    const maps = created();
    mkdirSync(join(dir, "elsewhere"));
    writeFileSync(join(dir, "elsewhere", "kept"), "");
    symlinkSync(join(dir, "elsewhere"), join(maps.path, "link"));
    maps.create({ overwrite: true });
    expect(existsSync(join(dir, "elsewhere", "kept"))).toBe(true);
    expect(existsSync(join(maps.path, "link"))).toBe(false);
  });

  it("creates and deletes splits, and forgets their data", () => {
    const maps = created();
    maps.createSplit(0, record("sub-b", "sub-a"));
    maps.createSplit(1, record("sub-c"));
    maps.read();
    expect(maps.training.splitsList).toEqual([0, 1]);
    const participants = () => readFileSync(maps.training.data.dataTsv, "utf8").match(/sub-./g);
    expect(participants()).toEqual(["sub-a", "sub-b", "sub-c", "sub-v"]);
    maps.deleteSplit(0);
    expect(participants()).toEqual(["sub-c", "sub-v"]);
    maps.deleteSplit(1);
    maps.read();
    expect(() => maps.deleteSplit(1)).toThrow(/no split 1/);
  });

  it("reads names of checkpoints whose metrics hold '_'", () => {
    const maps = created();
    maps.createSplit(3, record("sub-a"));
    expect(maps.training.readCheckpointName("split-3_best-my_loss")).toEqual({
      splitIdx: 3,
      checkpoint: "best-my_loss",
    });
    expect(() => maps.training.readCheckpointName("split-3_last")).toThrow(/split-<i>_final/);
    expect(() => maps.training.readCheckpointName("split-4_final")).toThrow(/no split 4/);
    expect(() => checkItemName("The group", "a-b")).toThrow(/no '-'/);
  });
});

describe("CheckpointsDir", () => {
  const fill = (text: string) => (checkpoint: CheckpointDir) => {
    mkdirSync(join(checkpoint.path, "callbacks"));
    for (const path of [checkpoint.stateJson, checkpoint.modelPt, checkpoint.optimizerPt, checkpoint.scalerPt]) {
      writeFileSync(path, text);
    }
  };

  it("keeps two, and passes over damaged ones", () => {
    const tmp = new CheckpointsDir(join(dir, "tmp"));
    for (const epoch of [8, 9, 10]) tmp.write(epoch, fill("whole"));
    expect(tmp.epochsList).toEqual([9, 10]);
    expect(tmp.newest()).toEqual({ epoch: 10, problems: [] });
    writeFileSync(tmp.epoch(10).modelPt, "whOle");
    expect(tmp.newest()).toMatchObject({
      epoch: 9,
      problems: [expect.stringMatching(/epoch-10.model\.pt is not what/)],
    });
    rmSync(tmp.epoch(9).scalerPt);
    expect(tmp.newest().epoch).toBeNull();
  });

  it("leaves the former ones as they were when one cannot be written", () => {
    const tmp = new CheckpointsDir(join(dir, "tmp"));
    tmp.write(1, fill("one"));
    expect(() =>
      tmp.write(2, (checkpoint) => {
        fill("two")(checkpoint);
        throw new Error("no space");
      }),
    ).toThrow("no space");
    expect(readdirSync(tmp.path)).toEqual(["epoch-1"]);
    tmp.clear();
    expect(readdirSync(tmp.path)).toEqual([]);
  });
});
