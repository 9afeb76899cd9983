import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BCEWithLogitsLossConfig, type LossConfig } from "../losses/index.ts";
import { CNN } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { SupervisedModel, WeightsError } from "./index.ts";

let dir = "";
let live = 0;
const models: SupervisedModel[] = [];
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "load-weights-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
  expect(torch.memory.live().tensors).toBe(live);
});

function modelOf({ outputs = 1, loss = new BCEWithLogitsLossConfig() as LossConfig } = {}): SupervisedModel {
  const network = new CNN({
    inShape: [1, 8, 8],
    numOutputs: outputs,
    convArgs: { channels: [2, 3], norm: "batch" },
    mlpArgs: { hiddenDims: [4], norm: "batch" },
  });
  const model = new SupervisedModel({ network, loss, optimizer: new AdamConfig() });
  models.push(model);
  return model;
}
/** Every weight and statistic is its own number. */
function trained(options: Parameters<typeof modelOf>[0] = {}): SupervisedModel {
  const model = modelOf(options);
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  for (const [i, [, tensor]] of [...model.stateDict()].entries()) tensor.fill_(i + 1);
  return model;
}
const values = (model: torch.nn.AnyModule, part = ""): Record<string, unknown> =>
  Object.fromEntries([...model.stateDict()].flatMap(([k, v]) => (k.startsWith(part) ? [[k, v.toArray()]] : [])));
function saved(name: string, state: unknown): string {
  const path = join(dir, name);
  if (name.endsWith(".safetensors")) torch.saveSafetensors(state as Map<string, torch.Tensor>, path);
  else torch.save(state, path);
  return path;
}
const frozenOf = (model: torch.nn.AnyModule) =>
  [...model.namedParameters()].flatMap(([name, { requiresGrad }]) => (requiresGrad ? [] : [name]));

describe("loadWeights", () => {
  it("reads .pt and safetensors, told apart by content, and a state dict within a checkpoint", () => {
    const from = trained();
    const state = from.stateDict();
    const files = [
      saved("state.pt", state),
      saved("state.safetensors", state),
      saved("checkpoint.pth", { epoch: 3, state_dict: state, optimizer: { lr: 1 } }),
      saved("model.bin", { model: Object.fromEntries(state) }),
    ];
    for (const file of files) {
      const model = modelOf();
      const result = model.loadWeights(file);
      expect(values(model), file).toEqual(values(from));
      expect([...result.loaded].sort()).toEqual([...state.keys()].sort());
      expect([result.missing, result.unexpected, result.mismatched]).toEqual([[], [], []]);
    }
  });

  it("strict: lists what is missing, unexpected and of another shape, and loads nothing", () => {
    const from = trained({ outputs: 2 });
    const state = new Map(from.stateDict());
    const [weight] = state.values();
    state.delete("network.convolutions.layer0.conv.bias");
    state.set("network.extra", weight!);
    const file = saved("misfit.pt", state);
    const model = modelOf();
    const before = values(model);
    expect(() => model.loadWeights(file, { freeze: true })).toThrow(WeightsError);
    expect(() => model.loadWeights(file)).toThrow(
      /misfit\.pt do not fit SupervisedModel; nothing was loaded\.\s+Missing in the file: network\.convolutions\.layer0\.conv\.bias\.\s+Not in the model: network\.extra\.\s+Of another shape: network\.mlp\.output\.linear\.weight \[2, 4\], here \[1, 4\], .*\{ prefix \}.*strict: false/s,
    );
    expect(values(model)).toEqual(before);
    expect(frozenOf(model)).toEqual([]);

    const result = model.loadWeights(file, { strict: false });
    expect(result.missing).toEqual(["network.convolutions.layer0.conv.bias"]);
    expect(result.unexpected).toEqual(["network.extra"]);
    expect(result.mismatched).toEqual([
      { name: "network.mlp.output.linear.weight", shape: [2, 4], expected: [1, 4] },
      { name: "network.mlp.output.linear.bias", shape: [2], expected: [1] },
    ]);
    expect(values(model, "network.mlp.hidden0")).toEqual(values(from, "network.mlp.hidden0"));
    expect(values(model, "network.mlp.output")).toEqual(
      Object.fromEntries(Object.entries(before).filter(([name]) => name.startsWith("network.mlp.output"))),
    );
  });

  it("prefix: a part of both, or a path for another; whole steps of a path only", () => {
    const from = trained({ outputs: 2 });
    const file = saved("all.pt", from.stateDict());
    const part = modelOf();
    const head = values(part, "network.mlp");
    const result = part.loadWeights(file, { prefix: "network.convolutions" });
    expect(result.loaded.every((name) => name.startsWith("network.convolutions."))).toBe(true);
    expect(values(part, "network.convolutions")).toEqual(values(from, "network.convolutions"));
    expect(values(part, "network.mlp")).toEqual(head);

    const convolutions = (from.network as CNN).convolutions;
    const bare = saved("convolutions.pt", convolutions.stateDict());
    const named = modelOf();
    expect(() => named.loadWeights(bare)).toThrow(
      /would go together with \{ prefix: \{ "": "network\.convolutions" \} \}/,
    );
    named.loadWeights(bare, { prefix: { "": "network.convolutions" } });
    expect(values(named, "network.convolutions")).toEqual(values(from, "network.convolutions"));

    const parallel = saved("parallel.pt", new Map([...from.stateDict()].map(([k, v]) => [`module.${k}`, v])));
    const stripped = modelOf({ outputs: 2 });
    expect(() => stripped.loadWeights(parallel, { strict: false })).toThrow(/\{ prefix: \{ "module": "" \} \}/);
    stripped.loadWeights(parallel, { prefix: { module: "" } });
    expect(values(stripped)).toEqual(values(from));

    const renamed = [...from.stateDict()].map(([k, v]) => [k.replace(/^network/, "module"), v] as const);
    const wrapped = saved("wrapped.pt", new Map(renamed));
    expect(() => stripped.loadWeights(wrapped, { prefix: { "": "network" } })).toThrow(
      /\{ prefix: \{ "module": "network" \} \}/,
    );
    stripped.loadWeights(wrapped, { prefix: { module: "network" } });

    expect(() => stripped.loadWeights(file, { prefix: "network.conv" })).toThrow(
      /'network\.conv', and the file has no weights there\. It has: network\.convolutions, network\.mlp/,
    );
    expect(() => stripped.loadWeights(file, { prefix: { network: "net" } })).toThrow(/'net', and the model has no/);
    const [weight] = named.network.parameters();
    const twice = saved(
      "twice.pt",
      new Map([
        ["a.weight", weight],
        ["b.weight", weight],
      ]),
    );
    const conv = "network.convolutions.layer0.conv";
    expect(() => named.loadWeights(twice, { prefix: { a: conv, b: conv }, strict: false })).toThrow(
      /sends both 'a\.weight' and 'b\.weight' to 'network\.convolutions\.layer0\.conv\.weight'/,
    );
  });

  it("leaves out the buffers of losses, which follow from their options", () => {
    const from = trained({ loss: new BCEWithLogitsLossConfig({ posWeight: [7] }) });
    const file = saved("loss.pt", from.stateDict());
    const model = modelOf({ loss: new BCEWithLogitsLossConfig({ posWeight: [3] }) });
    model.loadWeights(file);
    expect(values(model, "loss")).toEqual({ "loss.pos_weight": [3] });
    modelOf().loadWeights(file);
    const without = saved("no-loss.pt", trained().stateDict());
    model.loadWeights(without);
  });

  it("freeze: what was loaded, or parts of it; normalisations keep their statistics in training on request", () => {
    const file = saved("freeze.pt", trained().stateDict());
    const parameters = (model: SupervisedModel, part: string) =>
      [...model.namedParameters()].map(([name]) => name).filter((name) => name.startsWith(part));
    const [all, part, parts] = [modelOf(), modelOf(), modelOf()];
    all.loadWeights(file, { freeze: true });
    expect(frozenOf(all)).toEqual(parameters(all, ""));
    part.loadWeights(file, { prefix: "network.convolutions", freeze: true });
    expect(frozenOf(part)).toEqual(parameters(part, "network.convolutions"));
    parts.loadWeights(file, { freeze: ["network.convolutions.layer0", "network.mlp"] });
    expect(frozenOf(parts).sort()).toEqual(
      [...parameters(parts, "network.convolutions.layer0"), ...parameters(parts, "network.mlp")].sort(),
    );
    expect(() => part.loadWeights(file, { freeze: "network.conv" })).toThrow(
      /'freeze' names 'network\.conv', where nothing was loaded.*network\.convolutions/,
    );

    const kept = modelOf();
    kept.loadWeights(file, { freeze: { parts: "network.convolutions", keepStatistics: true } });
    for (const [model, same] of [
      [kept, true],
      [part, false],
    ] as const) {
      const before = values(model, "network.convolutions");
      const mlp = values(model, "network.mlp.hidden0.adn");
      model.train();
      using _scope = torch.scope();
      const loss = model.network.call(torch.randn([4, 1, 8, 8])) as torch.Tensor;
      loss.sum().backward();
      if (same) expect(values(model, "network.convolutions")).toEqual(before);
      else expect(values(model, "network.convolutions")).not.toEqual(before);
      // those of other parts follow the data
      expect(values(model, "network.mlp.hidden0.adn")).not.toEqual(mlp);
      model.eval();
      expect([...model.modules()].some((module) => module.training)).toBe(false);
      model.zeroGrad();
    }
  });

  it("is what `reset` comes back to; the other weights are drawn anew", () => {
    const from = trained();
    const model = modelOf();
    model.loadWeights(saved("reset.pt", from.stateDict()), { prefix: "network.convolutions" });
    const head = values(model, "network.mlp.output");
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    for (const tensor of model.stateDict().values()) tensor.add_(1);
    model.reset();
    expect(values(model, "network.convolutions")).toEqual(values(from, "network.convolutions"));
    expect(values(model, "network.mlp.output")).not.toEqual(head);
  });

  it("refuses whole and complex numbers in the place of floats, and NaN; narrower floats are taken", () => {
    const from = trained();
    const as = (dtype: torch.DType) => {
      using _scope = torch.scope();
      const cast = [...from.stateDict()].map(([name, tensor]) => [name, tensor.to({ dtype })] as const);
      return saved(`${dtype}.pt`, new Map(cast));
    };
    const model = modelOf();
    const before = values(model);
    for (const [dtype, message] of [
      ["int8", /are no floating-point numbers; nothing was loaded\. network\S+ is int8, .*quantised/],
      ["complex64", /is complex64/],
    ] as const) {
      for (const strict of [true, false]) expect(() => model.loadWeights(as(dtype), { strict })).toThrow(message);
    }
    {
      using _scope = torch.scope();
      using _grad = torch.noGrad();
      from.stateDict().get("network.mlp.output.linear.bias")?.fill_(Number.NaN);
    }
    const file = saved("nan.pt", from.stateDict());
    expect(() => model.loadWeights(file)).toThrow(/hold NaN; nothing was loaded: network\.mlp\.output\.linear\.bias\./);
    expect(() => model.loadWeights(file)).toThrow(WeightsError);
    expect(values(model)).toEqual(before);
    // what is not loaded may be whatever it is
    model.loadWeights(file, { prefix: "network.convolutions" });
    const narrow = modelOf();
    expect(narrow.loadWeights(as("float16"), { prefix: "network.convolutions" }).missing).toEqual([]);
    expect(values(narrow, "network.convolutions")).toEqual(values(from, "network.convolutions"));
  });

  it("names what cannot be read: no file, no weights, a directory, a pipe, a misspelt option", () => {
    const model = modelOf();
    expect(() => model.loadWeights(join(dir, "none.pt"))).toThrow(/none\.pt/);
    expect(() => model.loadWeights(saved("numbers.pt", { a: 1 }))).toThrow(/numbers\.pt holds no weights/);
    const written = (name: string, text: string): string => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    for (const name of ["lfs.pt", "lfs.safetensors"])
      expect(() => model.loadWeights(written(name, pointer))).toThrow(/lfs\.\w+: it is a pointer .* git lfs pull/);
    expect(() => model.loadWeights(written("page.pt", "<!DOCTYPE html>\n<p>Sign in"))).toThrow(/page\.pt: .* web page/);
    expect(() => model.loadWeights(dir)).toThrow(/is a directory without checkpoints/);
    expect(() => model.loadWeights(join(dir, "none"), "split-0_final")).toThrow(/none does not exist/);
    expect(() => model.loadWeights(dir, "split-0_final")).toThrow(/is not a MAPS/);
    execFileSync("mkfifo", [join(dir, "pipe.pt")]);
    expect(() => model.loadWeights(join(dir, "pipe.pt"))).toThrow(/pipe\.pt is not a file/);
    const file = saved("option.pt", model.stateDict());
    expect(() => model.loadWeights(file, { freze: true } as never)).toThrow(ConfigError);
    expect(() => model.loadWeights(file, { freeze: { keepStatistic: true } } as never)).toThrow(
      /'keepStatistic' in 'freeze'/,
    );
    // a checkpoint that is undefined does not make the options vanish
    expect(() => model.loadWeights(file, undefined as never, { freze: true } as never)).toThrow(/'freze'/);
    expect(() => model.loadWeights(file, { freeze: 3 } as never)).toThrow(/'freeze' got 3/);
    mkdirSync(join(dir, "maps/training/split-2/models/final"), { recursive: true });
    torch.save(model.stateDict(), join(dir, "maps/training/split-2/models/final/model.pt"));
    expect(() => model.loadWeights(join(dir, "maps"))).toThrow(/is a MAPS\. .*loadWeights\(path, "split-2_final"\)/);
  });
});
