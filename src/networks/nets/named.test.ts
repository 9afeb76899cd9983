import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as torch from "../../torch/index.ts";
import { expectSums, image, listed, type Sums } from "../fixtures/named.ts";
import {
  networkRegistry,
  ResNet18,
  ResNet18Config,
  SEResNet50,
  SEResNet101Config,
  SEResNet152Config,
} from "../index.ts";

interface Named extends Sums {
  readonly output: readonly number[];
  /** The names and shapes in torchvision's file. */
  readonly theirs: string;
}
const golden = JSON.parse(readFileSync(new URL("../golden/named.json", import.meta.url), "utf8")) as Record<
  string,
  Named
>;

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "named-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function build(name: string, options: object): torch.nn.Module {
  return networkRegistry.get(name)!.fromOptions(options).getObject() as torch.nn.Module;
}

describe.each(Object.entries(golden))("%s, compared to the original", (name, expected) => {
  it("has its weights, draws them from the same seed, and gives its output", () => {
    const live = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      using _grad = torch.noGrad();
      torch.manualSeed(3);
      using network = build(name, { numOutputs: 3, outputAct: "softmax" }).eval();
      expectSums(network, expected);
      const side = name.startsWith("ViT") ? 224 : 64;
      const output = network
        .call(image(2, 3, side, side))
        .flatten()
        .toArray() as number[];
      output.forEach((value, i) => {
        expect(Math.abs(value - expected.output[i]!)).toBeLessThan(1e-5);
      });
    }
    expect(torch.memory.live().tensors).toBe(live);
  });

  it("is the same as JSON", () => {
    const config = networkRegistry.get(name)!.fromOptions({ numOutputs: 3 });
    expect(config.toDict()).toEqual({ name_: name, num_outputs: 3, output_act: null, pretrained: false });
    expect(networkRegistry.read("a test", "network", config.toDict())).toEqual(config);
  });
});

/** Ours to torchvision's, written independently of how they are read. */
const THEIRS: Record<string, (key: string) => string> = {
  ResNet18: (key) =>
    key
      .replace("conv0.", "conv1.")
      .replace("norm0.", "bn1.")
      .replace(/norm(\d)/, "bn$1")
      .replace("fc.out", "fc"),
  DenseNet121: (key) => key.replace(".layers.", ".").replace("fc.out", "classifier"),
  ViTB32: (key) =>
    key
      .replace(/layers\.(\d+)\.norm(\d)/, "layers.$1.ln_$2")
      .replace(/layers\.(\d+)/, "layers.encoder_layer_$1")
      .replace("encoder.norm", "encoder.ln")
      .replace("fc.out", "heads.head"),
};

describe("pretrained", () => {
  it.each(Object.keys(THEIRS))("%s begins with torchvision's weights, and a reset puts them back", (name) => {
    using _scope = torch.scope();
    using source = build(name, { numOutputs: 1000 });
    const theirs = new Map([...source.stateDict()].map(([key, tensor]) => [THEIRS[name]!(key), tensor]));
    expect(listed(theirs)).toBe(golden[name]!.theirs);
    const path = join(dir, "weights.pth");
    torch.save(theirs, path);
    torch.manualSeed(0);
    using network = build(name, { numOutputs: 2, pretrained: path });
    const equal = () =>
      [...network.stateDict()].every(
        ([key, tensor]) => key.startsWith("fc.") || torch.equal(tensor, source.stateDict().get(key)!),
      );
    expect(equal()).toBe(true);
    const head = () => network.stateDict().get("fc.out.weight")!;
    expect([...head().shape]).toEqual([2, source.stateDict().get("fc.out.weight")!.shape[1]]);
    const before = head().clone();
    torch.noGrad(() => {
      for (const parameter of network.parameters()) parameter.zero_();
    });
    if (!("resetParameters" in network) || typeof network.resetParameters !== "function") throw new TypeError(name);
    network.resetParameters();
    expect(equal()).toBe(true);
    expect(torch.equal(head(), before)).toBe(false);
  });

  it("is looked for in PyTorch's cache, then downloaded to it, and refused where it is something else", () => {
    using _scope = torch.scope();
    vi.stubEnv("TORCH_HOME", join(dir, "hub of torch"));
    // port 9 of this machine discards what comes, where it is open at all
    vi.stubEnv("CLINICADL_TORCHVISION_URL", "http://127.0.0.1:9/models");
    const options = { numOutputs: 1, pretrained: true };
    const live = torch.memory.live().tensors;
    expect(() => new ResNet18(options)).toThrow(
      /models\/resnet18-f37072fd.pth cannot be reached.*put the file at .*hub of torch\/hub\/checkpoints\/resnet18-f37072fd.pth/,
    );
    const folder = join(dir, "hub of torch/hub/checkpoints");
    mkdirSync(folder, { recursive: true });
    torch.save(
      { "conv1.weight": torch.zeros([32, 3, 7, 7]), other: torch.zeros([1]) },
      join(folder, "resnet18-f37072fd.pth"),
    );
    expect(() => new ResNet18(options)).toThrow(
      /are not those of this network: conv0.weight has the shape \[32, 3, 7, 7\], not \[64, 3, 7, 7\]; norm0.weight is missing; .* more/,
    );
    expect(torch.memory.live().tensors).toBeGreaterThanOrEqual(live);
    vi.unstubAllEnvs();
    expect(new ResNet18Config({ numOutputs: 1, pretrained: "a.pth" }).toDict().pretrained).toBe("a.pth");
  });
});

it("SEResNet50 and its like have squeeze-and-excitation (D20)", () => {
  using _scope = torch.scope();
  using network = new SEResNet50({ numOutputs: 2 }).eval();
  const keys = [...network.stateDict().keys()];
  expect(keys.filter((key) => key.endsWith("se_layer.fc.0.weight")).length).toBe(3 + 4 + 6 + 3);
  expect([...torch.noGrad(() => network.call(image(1, 3, 64, 64))).shape]).toEqual([1, 2]);
  expect(new SEResNet101Config({ numOutputs: 2 }).toDict()).toEqual({
    name_: "SEResNet101",
    num_outputs: 2,
    output_act: null,
  });
  expect(() => new SEResNet152Config({ numOutputs: 0 })).toThrow(/'numOutputs' got 0/);
});
