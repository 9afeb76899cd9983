import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "./index.ts";

let before = 0;
beforeEach(() => {
  before = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before);
  expect(torch.isGradEnabled()).toBe(true);
  expect(torch.amp.isAutocastEnabled()).toBe(false);
});

const kinds = [
  { name: "noGrad", begin: () => torch.noGrad(), on: () => !torch.isGradEnabled() },
  { name: "amp.autocast", begin: () => torch.amp.autocast("cpu"), on: () => torch.amp.isAutocastEnabled() },
] as const;

describe.each(kinds)("$name", ({ name, begin, on }) => {
  it("ends once, however often its guard is disposed", () => {
    const outer = begin();
    const inner = begin();
    inner[Symbol.dispose]();
    inner[Symbol.dispose]();
    expect(on()).toBe(true);
    outer[Symbol.dispose]();
    outer[Symbol.dispose]();
    expect(on()).toBe(false);
  });

  it("that ends before a later one is an error, and nothing stays changed", () => {
    const first = begin();
    const second = begin();
    expect(() => first[Symbol.dispose]()).toThrow(`torch.${name}: a region ended while a later one was open`);
    expect(on()).toBe(true);
    second[Symbol.dispose]();
    expect(on()).toBe(false);
  });

  it("of two tasks that wait in turn leaves nothing changed", async () => {
    const task = async (released: Promise<void>): Promise<void> => {
      using _ = begin();
      await released;
    };
    // the first one begins, the second one begins, the first one ends, the second one ends
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const tasks = [task(first.promise), task(second.promise)];
    first.resolve();
    await expect(tasks[0]).rejects.toThrow("a region ended while a later one was open");
    expect(on()).toBe(true);
    second.resolve();
    await tasks[1];
    expect(on()).toBe(false);
  });
});

it("functions that wait for something are refused, where what follows would be outside", () => {
  const body = async (): Promise<void> => {};
  expect(() => torch.noGrad(body)).toThrow("torch.noGrad: the function is asynchronous");
  expect(() => torch.enableGrad(body)).toThrow("asynchronous");
  expect(() => torch.amp.autocast("cpu", {}, body)).toThrow("torch.amp.autocast: the function is asynchronous");
  expect(() => torch.tidy(body)).toThrow("torch.tidy: the function is asynchronous");
});

it("enableGrad inside noGrad goes back to noGrad", () => {
  torch.noGrad(() => {
    torch.enableGrad(() => expect(torch.isGradEnabled()).toBe(true));
    expect(torch.isGradEnabled()).toBe(false);
  });
});

it("an autocast with a dtype that does not exist leaves nothing open", () => {
  expect(() => torch.amp.autocast("cpu", { dtype: "float7" as "float16" })).toThrow("'dtype' got 'float7'");
  expect(torch.amp.isAutocastEnabled()).toBe(false);
});

it("weights that were cast are cast anew in the next outermost autocast, also when a guard was disposed twice", () => {
  using _ = torch.scope();
  const weight = torch.ones([2, 2]).requiresGrad_();
  const x = torch.ones([1, 2]);
  const product = () => {
    const outer = torch.amp.autocast("cpu");
    const inner = torch.amp.autocast("cpu");
    const y = torch.linear(x, weight).to({ dtype: "float32" }).toNumbers();
    inner[Symbol.dispose]();
    inner[Symbol.dispose]();
    outer[Symbol.dispose]();
    return y;
  };
  expect(product()).toEqual([2, 2]);
  torch.noGrad(() => weight.mul_(3));
  expect(product()).toEqual([6, 6]);
});
