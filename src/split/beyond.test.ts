import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BidsDataset } from "../data/datasets/index.ts";
import { makeCohort } from "../data/fixtures/cohort.ts";
import { BidsFileType } from "../io/bids/index.ts";
import { type Row, readParticipants, writeTsv } from "../io/tsv/index.ts";
import { DataFrameError } from "../utils/exceptions.ts";
import { RandomState } from "../utils/random/index.ts";
import { receiveWarnings } from "../utils/warnings.ts";
import { kFold, stratifiedKFold } from "./folds.ts";
import { leaveOneGroupOut, stratifiedGroupKFold } from "./group-folds.ts";
import {
  KFold,
  makeKFold,
  makeLeaveOneGroupOut,
  makeNestedKFold,
  makeSplit,
  NestedKFold,
  reportSplits,
  SingleSplit,
  SplitDirError,
} from "./index.ts";

type Case = { readonly tests: number[][] } & (
  | { method: "groups"; seed: number; nSplits: number; labels: unknown[]; groups: unknown[] }
  | { method: "leave-one-out"; groups: unknown[] }
  | { method: "repeated"; seed: number; nSplits: number; repeats: number; n: number }
  | { method: "repeated-stratified"; seed: number; nSplits: number; repeats: number; labels: unknown[] }
);
const golden: Case[] = JSON.parse(readFileSync(new URL("./golden/folds.json", import.meta.url), "utf8"));

let dir: string;
let said: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "clinicadl-split-"));
  said = [];
  receiveWarnings((message) => said.push(message));
});
afterEach(() => {
  receiveWarnings((message) => process.stderr.write(message));
  rmSync(dir, { recursive: true, force: true });
});

/** Families of up to three, at three sites; the last participant has two sessions. */
function table(n = 24): Row[] {
  const rows = Array.from({ length: n }, (_, i) => ({
    participant_id: `sub-${String(i).padStart(2, "0")}`,
    session_id: "ses-M000",
    sex: i % 2 ? "F" : "M",
    diagnosis: i % 4 < 2 ? "AD" : "CN",
    family: `f${Math.floor(i / 3)}`,
    site: ["paris", "rome", "oslo"][i % 3] as string,
    age: 60 + i / 2,
  }));
  return [...rows, { ...(rows.at(-1) as (typeof rows)[0]), session_id: "ses-M006" }];
}

/** The participants of both sides of each split of a folder. */
function sides(splitDir: string, subset = "validation"): { train: string[]; other: string[] }[] {
  const ids = (path: string): string[] => readParticipants(path).map((row) => row.participant_id);
  return readdirSync(splitDir)
    .filter((name) => name.startsWith("split-"))
    .sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)))
    .map((name) => ({
      train: ids(join(splitDir, name, "train_baseline.tsv")),
      other: ids(join(splitDir, name, `${subset}_baseline.tsv`)),
    }));
}

describe("the folds of scikit-learn", () => {
  it.each(golden.map((c, i) => [`${i} ${c.method}`, c] as const))("%s", (_, c) => {
    const repeated = (deal: (random: RandomState) => { test: number[] }[], seed: number, n: number): number[][] => {
      const random = new RandomState(seed);
      return Array.from({ length: n }, () => deal(random).map((fold) => fold.test)).flat();
    };
    const made = (): number[][] => {
      switch (c.method) {
        case "groups":
          return repeated((random) => stratifiedGroupKFold(c.labels, c.groups, c.nSplits, random), c.seed, 1);
        case "leave-one-out":
          return leaveOneGroupOut(c.groups).map((fold) => fold.test);
        case "repeated":
          return repeated((random) => kFold(c.n, c.nSplits, random), c.seed, c.repeats);
        case "repeated-stratified":
          return repeated((random) => stratifiedKFold(c.labels, c.nSplits, random), c.seed, c.repeats);
      }
    };
    expect(made()).toEqual(c.tests);
  });
});

describe("makeKFold", () => {
  it("keeps groups together, records the column, and is opened by KFold", () => {
    const path = makeKFold(table(), { nSplits: 4, groups: "family", stratification: "sex", outputDir: dir, seed: 1 });
    expect(basename(path)).toBe("4_fold");
    const family = new Map(table().map((row) => [row.participant_id, row.family]));
    for (const { train, other } of sides(path)) {
      const tested = new Set(other.map((id) => family.get(id)));
      expect(train.filter((id) => tested.has(family.get(id) as string))).toEqual([]);
      expect(other).toHaveLength(6);
    }
    const splitter = new KFold(path);
    expect(splitter.design).toMatchObject({ groups: "family", stratification: ["sex"], repeats: 1 });
    // ClinicaDL refuses fields that it does not know
    expect(Object.keys(JSON.parse(readFileSync(join(path, "kfold_config.json"), "utf8")))).toEqual([
      "subset_name",
      "stratification",
      "longitudinal",
      "seed",
      "n_splits",
    ]);
  });

  it("writes no design where ClinicaDL can say it all", () => {
    const path = makeKFold(table(), { nSplits: 2, stratification: "sex", outputDir: dir, seed: 1 });
    expect(readdirSync(path).sort()).toEqual(["kfold_config.json", "split-0", "split-1"]);
    expect(new KFold(path).design).toBeNull();
  });

  it("stratifies on several columns at once", () => {
    const path = makeKFold(table(), {
      nSplits: 3,
      stratification: ["sex", "diagnosis"],
      outputDir: dir,
      seed: 5,
    });
    const rows = new Map(table().map((row) => [row.participant_id, `${row.sex} ${row.diagnosis}`]));
    for (const { other } of sides(path)) {
      const counts = new Map<string, number>();
      for (const id of other) counts.set(rows.get(id) as string, (counts.get(rows.get(id) as string) ?? 0) + 1);
      expect([...counts.values()]).toEqual([2, 2, 2, 2]);
    }
    expect(new KFold(path).config.stratification).toBe("sex,diagnosis");
    expect(new KFold(path).design?.stratification).toEqual(["sex", "diagnosis"]);
  });

  it("repeats: each time everybody is validated on once, otherwise than before", () => {
    const path = makeKFold(table(), { nSplits: 3, repeats: 2, outputDir: dir, seed: 5 });
    expect(basename(path)).toBe("3_fold_2_repeats");
    const folds = sides(path).map(({ other }) => other.toSorted());
    expect(folds).toHaveLength(6);
    expect(new KFold(path).length).toBe(6);
    const everybody = [...new Set(table().map((row) => row.participant_id as string))].sort();
    expect(folds.slice(0, 3).flat().sort()).toEqual(everybody);
    expect(folds.slice(3).flat().sort()).toEqual(everybody);
    expect(folds.slice(3)).not.toEqual(folds.slice(0, 3));
    const once = makeKFold(table(), { nSplits: 3, outputDir: dir, seed: 5 });
    expect(sides(once).map(({ other }) => other.toSorted())).toEqual(folds.slice(0, 3));
  });

  it("refuses what cannot be", () => {
    const rows = table();
    const make = (options: object) => () => makeKFold(rows, { outputDir: dir, ...options });
    expect(make({ groups: "clan" })).toThrow(/groups: there is no column 'clan'/);
    expect(make({ groups: "site", nSplits: 4 })).toThrow(/'site' has 3 different values, too few for 4/);
    expect(make({ repeats: 0 })).toThrow(/repeats/);
    expect(make({ stratification: [] })).toThrow(/stratification/);
    expect(() =>
      makeKFold([...rows.slice(0, 9), { ...rows[9], family: null }], { groups: "family", outputDir: dir, nSplits: 2 }),
    ).toThrow(DataFrameError);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("says whose group changes with the session", () => {
    const rows = table();
    makeKFold([...rows.slice(0, -1), { ...rows.at(-1), site: "bonn" }], { groups: "site", nSplits: 2, outputDir: dir });
    expect(said.join()).toMatch(/1 participants have another 'site' in a later session \(sub-23\)/);
  });
});

describe("makeLeaveOneGroupOut", () => {
  it("tests each site once", () => {
    const path = makeLeaveOneGroupOut(table(), { groups: "site", outputDir: dir, subsetName: "test" });
    expect(basename(path)).toBe("leave_one_site_out");
    const site = new Map(table().map((row) => [row.participant_id, row.site]));
    expect(sides(path, "test").map(({ other }) => [...new Set(other.map((id) => site.get(id)))])).toEqual([
      ["oslo"],
      ["paris"],
      ["rome"],
    ]);
    expect(new KFold(path).design).toMatchObject({ groups: "site", leaveOneGroupOut: true });
    expect(() =>
      makeLeaveOneGroupOut(
        table().map((row) => ({ ...row, site: "x" })),
        { groups: "site", outputDir: dir },
      ),
    ).toThrow(/1 different value/);
  });
});

describe("makeNestedKFold", () => {
  it("cuts each training set once more, and tests nobody who is chosen on", () => {
    using cohort = makeCohort(12);
    const dataset = new BidsDataset({
      bids: cohort.root,
      fileType: new BidsFileType({ suffix: "T1w", dataType: "anat" }),
      data: cohort.tsv,
    });
    const path = makeNestedKFold(cohort.tsv, { nSplits: 3, nInnerSplits: 2, seed: 2, outputDir: dir });
    const nested = new NestedKFold(path);
    expect(nested.length).toBe(3);
    const ids = (part: { getParticipantSessionCouples(): [string, string][] }): string[] =>
      part.getParticipantSessionCouples().map(([participant]) => participant);
    for (const split of nested.outer.getSplits(dataset)) {
      const validated: string[] = [];
      for (const inner of nested.inner(split.index).getSplits(split.trainDataset)) {
        expect(ids(inner.trainDataset).concat(ids(inner.valDataset)).sort()).toEqual(ids(split.trainDataset).sort());
        validated.push(...ids(inner.valDataset));
      }
      expect(validated.sort()).toEqual(ids(split.trainDataset).sort());
    }
    expect(() => nested.inner(3)).toThrow(/no split 3.*0 to 2/);
    const plain = makeKFold(cohort.tsv, { nSplits: 3, outputDir: dir });
    expect(() => new NestedKFold(plain)).toThrow(SplitDirError);
  });
});

describe("makeSplit with groups", () => {
  it("keeps them together, and says when the test set is too small for any", () => {
    const path = makeSplit(table(), { nTest: 8, groups: "family", outputDir: dir, seed: 3 });
    const family = new Map(table().map((row) => [row.participant_id, row.family]));
    const ids = (name: string): string[] => readParticipants(join(path, name)).map((row) => row.participant_id);
    const tested = ids("test_baseline.tsv");
    expect(tested).toHaveLength(6);
    const families = new Set(tested.map((id) => family.get(id)));
    expect(ids("train.tsv").filter((id) => families.has(family.get(id) as string))).toEqual([]);
    expect(new SingleSplit(path).splitDir).toBe(path);
    expect(() => makeSplit(table(), { nTest: 2, groups: "family", outputDir: dir })).toThrow(
      /smallest group of 'family' has 3/,
    );
  });
});

describe("reportSplits", () => {
  it("counts both sets, and says what one of them lacks", () => {
    const path = makeLeaveOneGroupOut(table(), { groups: "site", outputDir: dir });
    const { rows, warnings } = reportSplits(path, table(), { columns: ["sex", "age", "site"] });
    const first = rows.filter((row) => row.split === 0);
    expect(first.find((row) => row.statistic === "participants")).toMatchObject({ train: 16, other: 8 });
    expect(first.find((row) => row.statistic === "sessions")).toMatchObject({ train: 16, other: 8 });
    expect(first.find((row) => row.column === "sex" && row.value === "F")).toMatchObject({ train: 0.5, other: 0.5 });
    // of those of Oslo: 61, 62.5, …, 71.5
    expect(first.find((row) => row.column === "age" && row.statistic === "mean")?.other).toBeCloseTo(66.25, 12);
    expect(first.find((row) => row.column === "sex" && row.statistic === "p-value")).toMatchObject({
      train: null,
      other: 1,
    });
    expect(warnings.filter((warning) => warning.startsWith("split 0"))).toEqual([
      "split 0: nobody in validation has 'site' = 'paris'.",
      "split 0: nobody in validation has 'site' = 'rome'.",
      "split 0: nobody in train has 'site' = 'oslo'.",
    ]);
    writeTsv(join(dir, "report.tsv"), [...rows]);
    expect(readFileSync(join(dir, "report.tsv"), "utf8").split("\n")[0]).toBe(
      "split\tcolumn\tvalue\tstatistic\ttrain\tother",
    );
  });

  it("sees a participant who was written on both sides by hand", () => {
    const path = makeSplit(table(), { nTest: 4, outputDir: dir, seed: 1 });
    const tested = readParticipants(join(path, "test_baseline.tsv"));
    writeFileSync(
      join(path, "train.tsv"),
      `${readFileSync(join(path, "train.tsv"), "utf8")}${tested[0]?.participant_id}\tses-M000\n`,
    );
    expect(reportSplits(path, table(), { columns: [] }).warnings).toEqual([
      "split 0: 1 participants are in train and in test.",
    ]);
    expect(() => reportSplits(path, table().slice(3), { columns: [] })).toThrow(/sub-0.*is not in the table/);
  });
});

it("nobody, and no group, is ever on both sides", () => {
  const participants = fc.array(
    fc.record({
      family: fc.integer({ min: 0, max: 6 }),
      sex: fc.constantFrom("F", "M"),
      sessions: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 8, maxLength: 30 },
  );
  fc.assert(
    fc.property(
      participants,
      fc.integer({ min: 3, max: 4 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 1000 }),
      (people, nSplits, stratified, seed) => {
        fc.pre(new Set(people.map((one) => one.family)).size >= nSplits);
        const rows = people.flatMap(({ family, sex, sessions }, i) =>
          Array.from({ length: sessions }, (_, s) => ({
            participant_id: `sub-${i}`,
            session_id: `ses-${s}`,
            family,
            sex,
          })),
        );
        const labels = people.map((one) => one.sex);
        fc.pre(!stratified || ["F", "M"].some((sex) => labels.filter((own) => own === sex).length >= nSplits));
        const family = new Map(rows.map((row) => [row.participant_id, row.family]));
        const path = makeNestedKFold(rows, {
          nSplits,
          nInnerSplits: 2,
          groups: "family",
          stratification: false,
          seed,
          outputDir: dir,
        });
        const plain = makeKFold(rows, {
          nSplits,
          groups: "family",
          stratification: stratified ? "sex" : false,
          seed,
          outputDir: dir,
          longitudinal: true,
        });
        for (const { train, other } of [...sides(path, "test"), ...sides(plain)]) {
          const tested = new Set(other.map((id) => family.get(id)));
          expect(train.some((id) => tested.has(family.get(id) as number))).toBe(false);
          expect(new Set([...train, ...other]).size).toBe(people.length);
        }
      },
    ),
    { numRuns: 30 },
  );
});
