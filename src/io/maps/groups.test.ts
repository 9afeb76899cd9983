import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMaps, data, record } from "./fixtures/maps.ts";
import type { Maps } from "./maps.ts";

let dir = "";
let maps: Maps;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "groups-"));
  maps = createMaps(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe.each(["test", "prediction"] as const)("groups of %s", (kind) => {
  const fill = (group: string, split: number | readonly number[], checkpoint: string) => {
    const results = maps[kind].group(group).results(split, checkpoint);
    mkdirSync(results.path, { recursive: true });
    writeFileSync(results.computationalJson, "{}");
    return results;
  };

  it("are made whole, listed and deleted", () => {
    expect(maps[kind].groupsList).toEqual([]);
    maps[kind].createGroup("b", data("sub-2", "sub-1"));
    const group = maps[kind].createGroup("a_1", data("sub-3"));
    expect(maps[kind].groupsList).toEqual(["a_1", "b"]);
    expect(maps[kind].groups.get("a_1")?.path).toBe(group.path);
    expect(readFileSync(group.dataTsv, "utf8")).toBe("participant_id\tsession_id\nsub-3\tses-M000\n");
    expect(JSON.parse(readFileSync(group.datasetJson, "utf8"))).toEqual({ name_: "D" });
    expect(JSON.parse(readFileSync(group.dataloaderJson, "utf8"))).toEqual({ name_: "DataLoader" });
    maps.read();

    maps[kind].deleteGroup("b");
    expect(maps[kind].groupsList).toEqual(["a_1"]);
    expect(() => maps[kind].deleteGroup("b")).toThrow(/no group 'b' in .*Its groups are: a_1/);
    expect(() => maps[kind].createGroup("a_1", data("sub-4"))).toThrow(/a group 'a_1' already/);
    maps.read();
  });

  it("refuse names that ClinicaDL would read as others (D25)", () => {
    for (const name of ["a-b", "", " a", "a/b", ".a"]) {
      expect(() => maps[kind].createGroup(name, data("sub-1"))).toThrow(/cannot be the name of a directory/);
    }
    expect(existsSync(maps[kind].path)).toBe(false);
  });

  it("know of which checkpoints there are results", () => {
    const group = maps[kind].createGroup("a", data("sub-1"));
    expect(group.splitsList).toEqual([]);
    expect(group.checkpointsList(0)).toEqual([]);
    for (const [split, name] of [
      [10, "final"],
      [2, "final"],
      [2, "best-my_loss"],
      [2, "epoch-5"],
    ] as const) {
      fill("a", split, name);
    }
    expect(group.splitsList).toEqual([2, 10]);
    expect(group.checkpointsList(2)).toEqual(["best-my_loss", "epoch-5", "final"]);
  });

  it("lose their results with the split", () => {
    maps[kind].createGroup("a", data("sub-1"));
    for (const split of [0, 1]) {
      maps.createSplit(split, record("sub-a"));
      fill("a", split, "final");
    }
    for (const splits of [
      [0, 1],
      [1, 2],
      [1, 10],
    ])
      fill("a", splits, "final");
    const group = maps[kind].group("a");
    expect(group.ensemblesList).toEqual([
      [0, 1],
      [1, 10],
      [1, 2],
    ]);
    maps.deleteSplit(0);
    expect(group.ensemblesList).toEqual([
      [1, 10],
      [1, 2],
    ]);
    expect(group.splitsList).toEqual([1]);
    expect(existsSync(dirname(group.results(0, "final").path))).toBe(false);
    expect(existsSync(group.dataTsv)).toBe(true);
  });

  it("are incomplete without one of their files, which is named", () => {
    const group = maps[kind].createGroup("a", data("sub-1"));
    rmSync(group.dataloaderJson);
    expect(() => maps.read()).toThrow(/group-a is incomplete: .*dataloader\.json is missing/);
  });
});

describe("runs", () => {
  it("have directories of their own within one second (D24), and can be deleted", () => {
    const now = new Date(2026, 10, 3, 6, 2, 8);
    const [one, two] = [maps.exec.createRun("validate", now), maps.exec.createRun("validate", now)];
    expect(maps.exec.runsList).toEqual(["validate_2026_11_03_06_02_08", "validate_2026_11_03_06_02_08_2"]);
    expect([...maps.exec.runs.values()].map((run) => run.path)).toEqual([one.path, two.path]);
    expect(one.infoLog).toBe(join(maps.path, "exec", "run-validate_2026_11_03_06_02_08", "info.log"));
    maps.exec.deleteRun("validate_2026_11_03_06_02_08");
    expect(maps.exec.runsList).toEqual(["validate_2026_11_03_06_02_08_2"]);
    expect(() => maps.exec.deleteRun("train")).toThrow(/no run 'train'/);
  });
});
