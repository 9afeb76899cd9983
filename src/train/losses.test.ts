import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { BatchType } from "../data/dataloader/index.ts";
import { areRead } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { LossReader } from "./losses.ts";

let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(torch.memory.live().tensors).toBe(live);
});

const batch = {} as BatchType;
const tensor = (value: number, dtype: "float32" | "bfloat16" | "float64" = "float32") =>
  torch.full([], value, { dtype });
/** How often numbers came from the device. */
const reads = () => vi.spyOn(torch.Tensor.prototype, "toTypedArray");

it("reads the losses of several batches in one piece, when one of them is looked at", () => {
  const spy = reads();
  using reader = new LossReader();
  const first = reader.add({ a: tensor(1), b: tensor(2, "bfloat16") }, batch, 1);
  const second = reader.add({ a: tensor(3, "float64"), b: tensor(4) }, batch, 2);
  expect(Object.keys(first)).toEqual(["a", "b"]);
  expect(spy).toHaveBeenCalledTimes(0);
  expect(second.b).toBe(4);
  expect([first.a, first.b, second.a]).toEqual([1, 2, 3]);
  expect({ ...first }).toEqual({ a: 1, b: 2 });
  expect(spy).toHaveBeenCalledTimes(1);
});

it("marks them as unread until they are numbers", () => {
  using reader = new LossReader();
  const losses = reader.add({ loss: tensor(1) }, batch, 1);
  expect(areRead(losses)).toBe(false);
  reader.read();
  expect(areRead(losses)).toBe(true);
});

it("reads another number with them, and those that come later by themselves", () => {
  const spy = reads();
  using reader = new LossReader();
  const first = reader.add({ loss: tensor(1) }, batch, 1);
  using norm = tensor(0.5);
  expect(reader.read(norm)).toBe(0.5);
  expect(first.loss).toBe(1);
  const second = reader.add({ loss: tensor(2) }, batch, 2);
  expect(second.loss).toBe(2);
  expect(spy).toHaveBeenCalledTimes(2);
});

it("has the numbers that PyTorch's item() gives, in every precision", () => {
  using reader = new LossReader();
  const losses = reader.add(
    { single: tensor(0.1), double: tensor(0.1, "float64"), half: tensor(0.1, "bfloat16") },
    batch,
    1,
  );
  expect(losses).toEqual({ single: Math.fround(0.1), double: 0.1, half: 0.10009765625 });
});

it("says which are not finite", () => {
  using reader = new LossReader();
  const other = { length: 1 } as unknown as BatchType;
  reader.add({ a: tensor(1), b: tensor(Number.NaN) }, batch, 3);
  reader.add({ a: tensor(Number.NEGATIVE_INFINITY), b: tensor(2) }, other, 4);
  expect(reader.notFinite()).toEqual([
    { name: "b", value: Number.NaN, batch, number: 3 },
    { name: "a", value: Number.NEGATIVE_INFINITY, batch: other, number: 4 },
  ]);
});

it("can be looked at when the reader is gone", () => {
  const kept: Record<string, number>[] = [];
  {
    using reader = new LossReader();
    kept.push(reader.add({ loss: tensor(7) }, batch, 1));
  }
  expect(kept[0]?.loss).toBe(7);
});
