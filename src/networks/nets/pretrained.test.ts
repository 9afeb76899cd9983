import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DType, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { ConvNeXt, ConvNeXtConfig, networkRegistry, ResNet, ResNet18Config, ResNetConfig } from "../index.ts";

interface MedicalNet {
  readonly block: "basic" | "bottleneck";
  readonly layers: readonly number[];
  readonly features: readonly number[];
  readonly weights: readonly (readonly [string, readonly number[], DType])[];
  readonly input: readonly number[];
  /** The means over the image of its last layer. */
  readonly output: readonly (readonly number[])[];
}
const golden = JSON.parse(readFileSync(new URL("../golden/medicalnet.json", import.meta.url), "utf8")) as MedicalNet[];

let dir = "";
let said = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pretrained-"));
  said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

/** The formula of test/golden/medicalnet_golden.py. */
function given(number: number, shape: readonly number[]): Tensor {
  const length = shape.reduce((product, n) => product * n, 1);
  const flat = Float64Array.from({ length }, (_, i) => Math.sin(0.7 * i * i + 0.5 * i + 1.3 * number));
  return torch.fromTypedArray(flat, [...shape]);
}

/** A file as MedicalNet's: the state dict of a network in DataParallel, beside other things. */
function medicalNetFile({ weights }: MedicalNet): string {
  const entries = weights.map(([key, shape, dtype], number): [string, Tensor] => {
    const value = given(number, shape);
    if (dtype === "int64") return [`module.${key}`, torch.zeros([...shape], { dtype })];
    return [`module.${key}`, key.endsWith("running_var") ? value.abs().add(0.5) : value];
  });
  const path = join(dir, "resnet.pth");
  torch.save({ epoch: 3, state_dict: new Map([...entries, ["module.conv_seg.0.weight", torch.zeros([1])]]) }, path);
  return path;
}

describe.each(golden)("MedicalNet's ResNet with blocks of type $block", (medicalNet) => {
  const { block, layers, features } = medicalNet;
  const layout = { blockType: block, nResBlocks: layers, nFeatures: features };
  const options = { spatialDims: 3, ...layout, initConvStride: 1 } as const;

  it("gives what MONAI's gives, after a reset as well, and says what was loaded", () => {
    const live = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      const pretrained = medicalNetFile(medicalNet);
      using network = new ResNet({ ...options, inChannels: 1, numOutputs: null, pretrained });
      // it is read to float32
      network.resetParameters();
      const x = given(-1, medicalNet.input).to({ dtype: "float32" });
      const output = torch.noGrad(() => network.eval().call(x).mean([2, 3, 4]).toArray()) as number[][];
      const largest = Math.max(...medicalNet.output.flat().map(Math.abs));
      for (const [i, row] of medicalNet.output.entries()) {
        for (const [j, value] of row.entries()) expect(Math.abs(output[i]![j]! - value)).toBeLessThan(1e-4 * largest);
      }
      const count = medicalNet.weights.length;
      expect(said).toBe(
        `ResNet: ${count} weights are those of ${pretrained}. Not taken from the file: module.conv_seg.0.weight.\n`,
      );
    }
    expect(torch.memory.live().tensors).toBe(live);
  });

  it("is adapted to the channels of other images, which give the same if all are alike; the last layer is drawn", () => {
    using _scope = torch.scope();
    const pretrained = medicalNetFile(medicalNet);
    using one = new ResNet({ ...options, inChannels: 1, numOutputs: null, pretrained });
    using three = new ResNet({ ...options, inChannels: 3, numOutputs: 2, pretrained });
    expect(said).toMatch(
      /conv0.weight is made for 3 channel\(s\) of the file's for 1. Drawn: fc.out.weight, fc.out.bias/,
    );
    const x = given(-1, medicalNet.input).to({ dtype: "float32" });
    const convolved = [one, three].map((network, i) =>
      torch.noGrad(() => (network.at(0) as torch.nn.Conv3d).call(x.expand([-1, 1 + 2 * i, -1, -1, -1]))),
    );
    expect(convolved[0]!.sub(convolved[1]!).abs().max().item()).toBeLessThan(1e-5 * convolved[0]!.abs().max().item());
  });
});

it("weights for 3 channels are summed for images of one, and cut and scaled for two", () => {
  using _scope = torch.scope();
  const options = { spatialDims: 2, nBlocks: [1], nFeatures: [4], layerScale: 1 } as const;
  using source = new ConvNeXt({ ...options, inChannels: 3, numOutputs: 5 });
  const path = join(dir, "convnext.pth");
  torch.save(source.stateDict(), path);
  const firstOf = (network: ConvNeXt) => network.stateDict().get("features.0.0.weight")!;
  using one = new ConvNeXt({ ...options, inChannels: 1, numOutputs: 2, pretrained: path });
  expect(torch.equal(firstOf(one), firstOf(source).sum([1], true))).toBe(true);
  using two = new ConvNeXt({ ...options, inChannels: 2, numOutputs: 2, pretrained: path });
  expect(torch.allclose(firstOf(two), firstOf(source).narrow(1, 0, 2).mul(1.5))).toBe(true);
  expect(said).toMatch(/Drawn: classifier.2.weight, classifier.2.bias. Not taken from the file: classifier.2.weight/);
  torch.noGrad(() => firstOf(two).zero_());
  two.resetParameters();
  expect(torch.allclose(firstOf(two), firstOf(source).narrow(1, 0, 2).mul(1.5))).toBe(true);
  expect(() => new ConvNeXt({ ...options, nFeatures: [8], inChannels: 3, numOutputs: 2, pretrained: path })).toThrow(
    /are not those of this network: features.0.0.weight has the shape \[4, 3, 4, 4\], not \[8, 3, 4, 4\]/,
  );
});

it.each<[name: string, head: string, options: object]>([
  ["ResNet", "fc.", { spatialDims: 2, inChannels: 1, nResBlocks: [1], nFeatures: [2] }],
  ["ConvNeXt", "classifier.2.", { spatialDims: 2, inChannels: 1, nBlocks: [1], nFeatures: [4] }],
  ["DenseNet121", "fc.", {}],
])(
  "%s takes a state dict of its own, a model of a MAPS and an exported one, but for the last layer",
  (name, head, options) => {
    using _scope = torch.scope();
    const build = (more: object) =>
      networkRegistry
        .get(name)!
        .fromOptions({ ...options, ...more })
        .getObject() as torch.nn.Module;
    using source = build({ numOutputs: 3 });
    const state = source.stateDict();
    const named = [...state].map(([key, tensor]): [string, Tensor] => [`network.${key}`, tensor]);
    const model = new Map([...named, ["loss.pos_weight", torch.ones([1])]]);
    const [plain, maps, exported] = ["state.pt", "model.pt", "model.safetensors"].map((file) => join(dir, file));
    torch.save(state, plain!);
    torch.save(model, maps!);
    torch.saveSafetensors(model, exported!);
    for (const pretrained of [plain, maps, exported]) {
      using network = build({ numOutputs: 2, pretrained });
      for (const [key, tensor] of network.stateDict()) {
        if (!key.startsWith(head)) expect(torch.equal(tensor, state.get(key)!), `${pretrained} ${key}`).toBe(true);
      }
    }
    expect(said).toMatch(/Not taken from the file: .*loss\.pos_weight/);
  },
);

describe("weights from the web", () => {
  const [small] = golden;
  const { block: blockType, layers: nResBlocks, features: nFeatures } = small!;
  const options = { spatialDims: 3, inChannels: 1, numOutputs: 1, blockType, nResBlocks, nFeatures } as const;

  it("come by a URL with the checksum, or from the hub, and are recorded so", async () => {
    using _scope = torch.scope();
    const content = readFileSync(medicalNetFile(small!));
    // constructors wait for the download, so the server has a thread of its own
    const server = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
       const server = require("node:http").createServer((_, response) => response.end(workerData));
       server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`,
      { eval: true, execArgv: [], workerData: content },
    );
    try {
      const port: number = await new Promise((resolve) => server.once("message", resolve));
      vi.stubEnv("XDG_CACHE_HOME", dir);
      vi.stubEnv("HF_ENDPOINT", `http://127.0.0.1:${port}`);
      vi.stubEnv("NO_PROXY", "127.0.0.1");
      const sha256 = createHash("sha256").update(content).digest("hex");
      for (const pretrained of [{ url: `http://127.0.0.1:${port}/resnet.pth`, sha256 }, "hf://owner/name/resnet.pth"]) {
        using network = new ResNet({ ...options, pretrained });
        expect(torch.equal(network.stateDict().get("norm0.weight")!, given(1, [2]).to({ dtype: "float32" }))).toBe(
          true,
        );
        const dict = network.config.toDict();
        expect(dict.pretrained).toEqual(pretrained);
        expect(networkRegistry.read("a test", "network", dict)).toEqual(network.config);
      }
    } finally {
      await server.terminate();
    }
  });

  it("need a checksum, and a file", () => {
    expect(() => new ResNetConfig({ ...options, pretrained: "https://a.org/a.pth" })).toThrow(
      /'pretrained' got 'https:\/\/a.org\/a.pth'. A web address needs the SHA-256/,
    );
    expect(() => new ConvNeXtConfig({ ...options, pretrained: { url: "https://a.org/a", sha256: "12" } })).toThrow(
      /64 hexadecimal digits/,
    );
    // @ts-expect-error
    expect(() => new ResNetConfig({ ...options, pretrained: true })).toThrow(/'pretrained' got true/);
    expect(() => new ResNet({ ...options, pretrained: join(dir, "none.pth") })).toThrow(
      /none\.pth, but there is no such file/,
    );
  });
});

it("configs without what ClinicaDL does not have are written as it writes them", () => {
  expect(new ResNet18Config({ numOutputs: 1 }).toDict()).toEqual({
    name_: "ResNet18",
    num_outputs: 1,
    output_act: null,
    pretrained: false,
  });
  expect(new ResNet18Config({ numOutputs: 1, inChannels: 1 }).toDict().in_channels).toBe(1);
  expect(Object.keys(new ResNetConfig({ spatialDims: 2, inChannels: 1, numOutputs: 1 }).toDict())).not.toContain(
    "pretrained",
  );
});
