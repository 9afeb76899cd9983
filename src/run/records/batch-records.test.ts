import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { BatchRecords } from "./batch-records.ts";

function filled(count: number): BatchRecords {
  const records = new BatchRecords(2);
  for (let i = 0; i < count; i++) records.add(1 + Math.floor(i / 300), 1 + (i % 300), [i / 3, -i]);
  return records;
}

it("gives back what was recorded, as rows of a table, some at a time", () => {
  const records = filled(20_001);
  expect(records).toHaveLength(20_001);
  const parts = [...records.rows(["a", "b"])];
  expect(parts.map((part) => part.length)).toEqual([10_000, 10_000, 1]);
  expect(parts.flat()[70_00]).toEqual({ epoch: 24, batch: 101, a: 7000 / 3, b: -7000 });
  expect([...records.rows(["a"], 20_000)]).toEqual([[{ epoch: 67, batch: 201, a: 20_000 / 3 }]]);
  expect([...records.rows(["a"], 20_001)]).toEqual([]);
  records.add(68, 1, [1]);
  expect(records.values(20_001)).toEqual([1, Number.NaN]);
});

it.each([0, 1, 1000])("is in a file what a Map of tuples is, with %i records", (count) => {
  const records = filled(count);
  const keys = Array.from({ length: count }, (_, i) => torch.tuple([records.epoch(i), records.batch(i)]));
  const one = new Map(keys.map((key, i) => [key, torch.float(i / 3)]));
  const lists = new Map(keys.map((key, i) => [key, [torch.float(i / 3), torch.float(-i)]]));
  const [found, wanted] = [
    { one: records.toDict(0), lists: records.toDict("all") },
    { one, lists },
  ].map((value) => torch.load(torch.save(value)));
  expect(found).toEqual(wanted);
});
