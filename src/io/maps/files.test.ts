import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { createMaps, record } from "./fixtures/maps.ts";
import { Maps } from "./maps.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "maps-files-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("files of a MAPS", () => {
  it("are read as they were written, by their suffix", () => {
    const maps = createMaps(dir);
    const at = (name: string) => join(maps.path, "sub", name);
    const back = (name: string, value: unknown) => {
      maps.saveFile(value, at(name));
      return maps.openFile(at(name));
    };
    expect(back("a.json", { name_: "A", list: [1, null] })).toEqual({ name_: "A", list: [1, null] });
    expect(back("a.tsv", [{ participant_id: "sub-1", age: 3 }])).toEqual([{ participant_id: "sub-1", age: 3 }]);
    expect(back("a.txt", "one\ntwo")).toBe("one\ntwo");
    expect(back("a.log", 12)).toBe("12");
    const live = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      const { weight } = back("a.pt", { weight: torch.tensor([1, 2]) }) as { weight: torch.Tensor };
      expect([...weight.toTypedArray()]).toEqual([1, 2]);
    }
    expect(torch.memory.live().tensors).toBe(live);
  });

  it("are replaced only if that is asked for", () => {
    const maps = createMaps(dir);
    const path = join(maps.path, "note.txt");
    maps.saveFile("one", path);
    expect(() => maps.saveFile("two", path)).toThrow(/note\.txt exists already.*overwrite: true/);
    maps.saveFile("two", path, { overwrite: true });
    expect(readFileSync(path, "utf8")).toBe("two");
  });

  it("that are not there, or of another kind, are named", () => {
    const maps = createMaps(dir);
    expect(() => maps.openFile(join(maps.path, "none.json"))).toThrow(/none\.json is not a file/);
    expect(() => maps.openFile(maps.training.path)).toThrow(/training is not a file/);
    expect(() => maps.saveFile("", join(maps.path, "a.csv"))).toThrow(/a\.csv: .*\.json, \.tsv, \.pt, \.log or \.txt/);
    expect(() => maps.saveFile("", join(maps.path, "a"))).toThrow(/\.json, \.tsv/);
  });

  it("damaged JSON is said to be damaged, and is no empty object (D13)", () => {
    const maps = createMaps(dir);
    writeFileSync(maps.modelJson, '{ "name_": "Super');
    expect(() => maps.openFile(maps.modelJson)).toThrow(/model\.json/);
  });
});

describe("the directory", () => {
  it("may be there already, if that is said", () => {
    const maps = createMaps(dir);
    maps.createSplit(0, record("sub-1"));
    const before = readFileSync(maps.summaryLog, "utf8");
    expect(() => maps.create()).toThrow(/exists already, and is not empty.*overwrite: true/);
    maps.create({ existOk: true });
    expect(maps.training.splitsList).toEqual([0]);
    expect(readFileSync(maps.summaryLog, "utf8")).toBe(before);
    maps.create({ existOk: true, overwrite: true });
    expect(maps.training.splitsList).toEqual([]);
  });

  it("is taken over when it is empty", () => {
    mkdirSync(join(dir, "maps"));
    expect(new Maps(join(dir, "maps")).isEmpty()).toBe(true);
    createMaps(dir).read();
  });

  it("is not another's (D40)", () => {
    const file = new Maps(join(dir, "file"));
    writeFileSync(file.path, "");
    mkdirSync(join(dir, "photos"));
    writeFileSync(join(dir, "photos", "a.jpg"), "");
    const photos = new Maps(join(dir, "photos"));
    for (const overwrite of [false, true]) expect(() => file.create({ overwrite })).toThrow(/file is a file/);
    expect(() => file.remove({ nonEmptyOk: true })).toThrow(/is a file/);
    expect(() => photos.create({ overwrite: true })).toThrow(/is not a MAPS/);
    expect(() => photos.create({ existOk: true })).toThrow(/exists already/);
    expect(() => photos.remove({ nonEmptyOk: true })).toThrow(/is not a MAPS/);
    expect(readFileSync(join(dir, "photos", "a.jpg"), "utf8")).toBe("");
  });

  it("is deleted with what it holds, if that is said, but not what its links point to", () => {
    const maps = createMaps(dir);
    mkdirSync(join(dir, "elsewhere"));
    writeFileSync(join(dir, "elsewhere", "kept"), "");
    symlinkSync(join(dir, "elsewhere"), join(maps.path, "link"));
    expect(() => maps.remove()).toThrow(/not empty.*nonEmptyOk: true/);
    maps.remove({ nonEmptyOk: true });
    expect(maps.exists()).toBe(false);
    expect(readFileSync(join(dir, "elsewhere", "kept"), "utf8")).toBe("");
    maps.remove(); // there is nothing to delete
    mkdirSync(maps.path);
    maps.remove();
    expect(maps.exists()).toBe(false);
  });

  it("may be reached by a link, which stays", () => {
    const maps = createMaps(dir);
    symlinkSync(maps.path, join(dir, "latest"));
    new Maps(join(dir, "latest")).create({ overwrite: true });
    expect(new Maps(join(dir, "latest")).looksLikeMaps()).toBe(true);
    expect(maps.looksLikeMaps()).toBe(true);
  });

  it("is not replaced when another process makes it in the same moment", () => {
    const maps = new Maps(join(dir, "maps"));
    const other = join(maps.training.path, "split-0");
    expect(() => maps.create({ fill: () => mkdirSync(other, { recursive: true }) })).toThrow(
      /maps exists already: another process has just made it/,
    );
    expect(readdirSync(maps.training.path)).toEqual(["split-0"]);
    expect(readdirSync(dir)).toEqual(["maps"]);
  });

  it("stays where it was when the process goes elsewhere", () => {
    const before = process.cwd();
    process.chdir(dir);
    try {
      const maps = new Maps("maps");
      process.chdir(tmpdir());
      expect(maps.path).toBe(join(realpathSync(dir), "maps"));
    } finally {
      process.chdir(before);
    }
  });

  it("is not replaced while one of its splits is trained on", () => {
    const maps = createMaps(dir);
    maps.createSplit(0, record("sub-1"));
    using _lock = maps.training.lockSplit(0);
    for (const act of [() => maps.create({ overwrite: true }), () => maps.remove({ nonEmptyOk: true })]) {
      expect(act).toThrow(/Split 0 of .* is in use by process/);
    }
    expect(() => maps.deleteSplit(0)).toThrow(/is in use/);
    expect(maps.training.splitsList).toEqual([0]);
  });
});

describe("reading", () => {
  it("names what is missing, of each part", () => {
    const maps = createMaps(dir);
    maps.createSplit(0, record("sub-1"));
    const { training } = maps;
    for (const path of [
      maps.modelJson,
      maps.metricsJson,
      maps.callbacksJson,
      maps.environmentTxt,
      training.optimizationJson,
      training.data.dataTsv,
      training.data.train(0).datasetJson,
      training.data.validation(0).dataloaderJson,
    ]) {
      const content = readFileSync(path);
      rmSync(path);
      expect(() => maps.read()).toThrow(`${path} is missing`);
      writeFileSync(path, content);
    }
    maps.read();
    expect(() => new Maps(join(dir, "none")).read()).toThrow(/none does not exist/);
  });

  it("passes over what does not belong to it", () => {
    const maps = createMaps(dir);
    maps.createSplit(0, record("sub-1"));
    for (const name of ["split-0.tmp", "splits", ".tmp-split-1-00000000", "split--1"])
      mkdirSync(join(maps.training.path, name));
    writeFileSync(join(maps.training.path, "split-7"), "a file");
    maps.read();
    expect(maps.training.splitsList).toEqual([0]);
  });
});
