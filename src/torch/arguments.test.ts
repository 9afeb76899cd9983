import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { snakeToCamel } from "../utils/names.ts";
import * as torch from "./index.ts";
import * as nn from "./nn/index.ts";
import * as optim from "./optim/index.ts";

type Arguments = readonly unknown[];
type AnyClass = new (...args: unknown[]) => unknown;

/** The arguments that stand before the options, of each class that wants some. */
const positional: Readonly<Record<string, Arguments>> = {
  Linear: [3, 4],
  Unflatten: [1, [2, 2]],
  PReLU: [1],
  GroupNorm: [1, 2],
  LayerNorm: [3],
  RMSNorm: [3],
  MultiheadAttention: [4, 2],
  Embedding: [4, 2],
  PixelShuffle: [2],
  PixelUnshuffle: [2],
  GELU: ["none"],
  Softplus: [1, 20],
  Flatten: [1, -1],
  Parameter: [],
};
/** Layers with options or surplus arguments of PyTorch's own: Identity takes any; containers and the bases are tested below. */
const others = new Set([
  "Identity",
  "Module",
  "Loss",
  "Sequential",
  "ModuleList",
  "ModuleDict",
  "Parameter",
  "StateDictError",
]);

function leading(name: string): Arguments {
  const own = positional[name];
  if (own !== undefined) return own;
  if (/^Conv/.test(name)) return [1, 2, 3];
  if (/^(Batch|Instance|SyncBatch)Norm/.test(name)) return [2];
  if (/^ConstantPad/.test(name)) return [1, 0];
  if (/(Pool|Pad)\dd$/.test(name)) return [2];
  if (/^Dropout|^(C?ELU|LeakyReLU)$/.test(name)) return [0.5];
  return /Softmax$/.test(name) ? [1] : [];
}

function classesOf(namespace: object): [string, AnyClass][] {
  return Object.entries(namespace).filter(
    (entry): entry is [string, AnyClass] =>
      /^[A-Z]/.test(entry[0]) && typeof entry[1] === "function" && !others.has(entry[0]),
  );
}

/** What stands where the options should be: never a plain object. */
const wrong: Arguments = [2, false, "sum", null, [1], new Map()];

describe("layers and losses", () => {
  it.each(classesOf(nn))("%s refuses options by position, and names itself", (name, Class) => {
    const live = torch.memory.live().tensors;
    for (const value of wrong) {
      expect(() => new Class(...leading(name), value), String(value)).toThrow(new RegExp(`^${name}: `));
      expect(() => new Class(...leading(name), value, 1)).toThrow(new RegExp(`^${name}: `));
    }
    expect(() => new Class(...leading(name), {}, 1)).toThrow(new RegExp(`^${name}: `));
    expect(() => new Class(...leading(name), { misspelt: 1 })).toThrow(/misspelt/);
    expect(torch.memory.live().tensors).toBe(live);
  });

  const first = classesOf(nn).filter(([name]) => leading(name).length > 0);
  it.each(first)("%s refuses an object, or what is no number, as its first argument", (name, Class) => {
    for (const value of [{ p: 1 }, true, "3", Number.NaN]) {
      const [, ...rest] = leading(name);
      expect(() => new Class(value, ...rest), String(value)).toThrow(new RegExp(`^${name}: `));
    }
  });

  const { signatures } = JSON.parse(readFileSync(new URL("nn/golden/nn.json", import.meta.url), "utf8")) as {
    signatures: Record<string, string[]>;
  };
  it.each(Object.entries(signatures))("%s has PyTorch's options, in its order", (name, order) => {
    const found = Object.entries<unknown>({ ...nn }).find(([key]) => key === name);
    const Class = found?.[1] as AnyClass;
    const wanted = order.slice(leading(name).length);
    const known = wanted.length === 0 ? "takes no such argument" : `Known are ${wanted.join(", ")}.`;
    expect(() => new Class(...leading(name), false)).toThrow(known);
  });

  it("says what to write", () => {
    expect(() => new (nn.Conv3d as AnyClass)(1, 4, 3, 2, 1)).toThrow(
      "Conv3d: got 2, 1 by position, where options are wanted. Name them: { stride: 2, padding: 1 }.",
    );
    expect(() => new nn.Linear(3, 4, false as never)).toThrow("{ bias: false }");
    expect(() => new nn.MSELoss("sum" as never)).toThrow("{ reduction: 'sum' }");
    expect(() => new nn.LeakyReLU({ negativeSlope: 0.1 } as never)).toThrow(
      "LeakyReLU: 'negativeSlope' got {\"negativeSlope\":0.1}. Expected a number. It is given by position, not by name: new LeakyReLU(negativeSlope).",
    );
    expect(() => new nn.Dropout({ p: 0.5 } as never)).toThrow("new Dropout(p)");
  });

  it("containers take modules only", () => {
    using layer = new nn.ReLU();
    expect(() => new nn.Sequential(5 as never)).toThrow("Sequential: '0' got 5. Expected a module.");
    expect(() => new nn.Sequential(layer, (() => 1) as never)).toThrow("Sequential: '1' got [function ");
    expect(() => new nn.ModuleList([layer, null] as never)).toThrow("ModuleList: '1' got null");
    expect(() => new nn.ModuleList(layer as never)).toThrow(
      "ModuleList: 'modules' got [ReLU]. Expected a list of modules",
    );
    expect(() => new nn.ModuleDict({ a: 1 } as never)).toThrow("ModuleDict: 'a' got 1");
  });
});

describe("optimizers and schedulers", () => {
  const signatures = JSON.parse(readFileSync(new URL("optim/golden/optim.json", import.meta.url), "utf8")) as {
    signatures: Record<string, string[]>;
  };
  it.each(Object.entries(signatures.signatures))("%s names arguments as PyTorch does", (name, order) => {
    using _scope = torch.scope();
    const params = [torch.zeros([1]).requiresGrad_()];
    using optimizer = new optim.SGD(params);
    const found = Object.entries<unknown>({ ...optim, ...optim.lrScheduler }).find(([key]) => key === name);
    const Class = found?.[1] as AnyClass;
    const names = order
      .slice(0, 4)
      .map((key) => ({ T_max: "tMax", T_0: "t0", T_mult: "tMult" })[key] ?? snakeToCamel(key));
    const expected = names.map((key, i) => `${key}: ${i}`).join(", ");
    expect(() => new Class(name in optim ? params : optimizer, ...names.keys())).toThrow(`Name them: { ${expected} }`);
  });

  const optimizers = classesOf(optim).filter(([name]) => name !== "Optimizer");
  it.each(optimizers)("%s refuses options by position, and names itself", (name, Class) => {
    using _scope = torch.scope();
    const params = [torch.zeros([1]).requiresGrad_()];
    for (const value of wrong) expect(() => new Class(params, value)).toThrow(new RegExp(`^${name}: `));
    expect(() => new Class(params, {}, 1)).toThrow(new RegExp(`^${name}: `));
    expect(() => new Class(params, { misspelt: 1 })).toThrow(/misspelt/);
    expect(() => new Class(params[0])).toThrow(new RegExp(`^${name}: `));
  });

  const required: Readonly<Record<string, Arguments>> = { SequentialLR: [[], {}], ChainedScheduler: [[], {}] };
  const schedulers = classesOf(optim.lrScheduler).filter(([name]) => name !== "LRScheduler" && !(name in required));
  it.each(schedulers)("%s refuses options by position, and names itself", (name, Class) => {
    using _scope = torch.scope();
    const params = [torch.zeros([1]).requiresGrad_()];
    using optimizer = new optim.SGD(params);
    for (const value of wrong) expect(() => new Class(optimizer, value)).toThrow(new RegExp(`^${name}: `));
    expect(() => new Class(optimizer, {}, 1)).toThrow(new RegExp(`^${name}: `));
    expect(() => new Class(optimizer, { misspelt: 1 })).toThrow(/misspelt/);
    expect(() => new Class(params, {})).toThrow(`${name}: its first argument is the optimizer`);
  });

  it("says what to write", () => {
    using _scope = torch.scope();
    const params = [torch.zeros([1]).requiresGrad_()];
    expect(() => new optim.SGD(params, 0.1 as never)).toThrow("{ lr: 0.1 }");
    expect(() => new (optim.AdamW as unknown as AnyClass)(params, 0.1, [0.9, 0.99])).toThrow(
      "{ lr: 0.1, betas: [0.9,0.99] }",
    );
    using optimizer = new optim.SGD(params);
    expect(() => new (optim.lrScheduler.StepLR as unknown as AnyClass)(optimizer, 4, 0.5)).toThrow(
      "{ stepSize: 4, gamma: 0.5 }",
    );
  });
});
