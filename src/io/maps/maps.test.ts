import { hash } from "node:crypto";
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
import { type CheckpointDir, CheckpointsDir, type Position } from "./checkpoints.ts";
import { createMaps } from "./fixtures/maps.ts";
import { Maps } from "./maps.ts";
import { checkItemName } from "./scan.ts";
import type { SplitRecord } from "./splits.ts";

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

const created = () => createMaps(dir);

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
    for (const epoch of [8, 9, 10]) tmp.write({ epoch, batch: null }, fill("whole"));
    expect(tmp.list.map(String)).toEqual(["the end of epoch 9", "the end of epoch 10"]);
    expect(tmp.newest()).toMatchObject({ checkpoint: { position: { epoch: 10, batch: null } }, problems: [] });
    writeFileSync(tmp.at({ epoch: 10, batch: null }).modelPt, "whOle");
    expect(tmp.newest()).toMatchObject({
      checkpoint: { position: { epoch: 9, batch: null } },
      problems: [expect.stringMatching(/epoch-10.model\.pt is not what/)],
    });
    rmSync(tmp.at({ epoch: 9, batch: null }).scalerPt);
    expect(tmp.newest().checkpoint).toBeNull();
  });

  it("knows the order in a training, and forgets a future that was given up", () => {
    const tmp = new CheckpointsDir(join(dir, "tmp"));
    const write = (epoch: number, batch: number | null) => tmp.write({ epoch, batch }, fill("whole"), { keep: 9 });
    write(1, null);
    write(2, 100);
    write(2, null);
    write(3, 5);
    expect(readdirSync(tmp.path).sort()).toEqual(["batch-2-100", "batch-3-5", "epoch-1", "epoch-2"]);
    expect(tmp.list.map(String)).toEqual([
      "the end of epoch 1",
      "batch 100 of epoch 2",
      "the end of epoch 2",
      "batch 5 of epoch 3",
    ]);
    write(2, 20);
    expect(tmp.list.map(String)).toEqual(["the end of epoch 1", "batch 20 of epoch 2"]);
    tmp.keepNewest(1);
    expect(readdirSync(tmp.path)).toEqual(["batch-2-20"]);
  });

  it("passes over one that the disk does not give, or whose manifest is damaged", () => {
    const tmp = new CheckpointsDir(join(dir, "tmp"));
    const [one, two, three] = [1, 2, 3].map((epoch) => ({ epoch, batch: null })) as [Position, Position, Position];
    for (const position of [one, two, three]) tmp.write(position, fill("whole"), { keep: 9 });
    rmSync(tmp.at(three).modelPt);
    mkdirSync(tmp.at(three).modelPt); // reading it is an error
    writeFileSync(join(tmp.at(two).path, ".manifest.json"), '{"files": ');
    const { checkpoint, problems } = tmp.newest();
    expect(checkpoint?.position).toEqual(one);
    expect(problems).toEqual([
      expect.stringMatching(/epoch-3.model\.pt cannot be read \(EISDIR/),
      expect.stringMatching(/epoch-2.\.manifest\.json is not a manifest/),
    ]);
  });

  it("deletes what an interrupted writer of the same checkpoint left", () => {
    const tmp = new CheckpointsDir(join(dir, "tmp"));
    mkdirSync(join(tmp.path, ".tmp-epoch-1-0123abcd"), { recursive: true });
    tmp.write({ epoch: 1, batch: null }, fill("one"));
    tmp.write({ epoch: 1, batch: null }, fill("again"));
    expect(readdirSync(tmp.path)).toEqual(["epoch-1"]);
    expect(readFileSync(tmp.at({ epoch: 1, batch: null }).modelPt, "utf8")).toBe("again");
  });

  it("holds a file to the checksum of what was to be written, and does not take what it holds for that", () => {
    const tmp = new CheckpointsDir(join(dir, "tmp"));
    const write = (epoch: number, held: string) =>
      tmp.write({ epoch, batch: null }, (checkpoint, known) => {
        fill("whole")(checkpoint);
        known.set(checkpoint.modelPt, { size: 5, sha256: hash("sha256", "whole") });
        writeFileSync(checkpoint.modelPt, held);
      });
    write(1, "whole");
    expect(tmp.newest().checkpoint?.position.epoch).toBe(1);
    write(2, "whale");
    const { checkpoint, problems } = tmp.newest();
    expect(checkpoint?.position.epoch).toBe(1);
    expect(problems).toEqual([expect.stringMatching(/model\.pt is not what was written/)]);
    expect(() => write(3, "who")).toThrow(/model\.pt has 3 bytes, 5 were written.*resume/);
    expect(readdirSync(tmp.path).sort()).toEqual(["epoch-1", "epoch-2"]);
  });

  it("leaves the former ones as they were when one cannot be written", () => {
    const tmp = new CheckpointsDir(join(dir, "tmp"));
    tmp.write({ epoch: 1, batch: null }, fill("one"));
    expect(() =>
      tmp.write({ epoch: 2, batch: null }, (checkpoint) => {
        fill("two")(checkpoint);
        throw new Error("no space");
      }),
    ).toThrow("no space");
    expect(readdirSync(tmp.path)).toEqual(["epoch-1"]);
  });
});
