import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CNN, CNNConfig, ConvEncoder, ConvEncoderConfig, MLP, MLPConfig, NETWORK_CONFIGS } from "./index.ts";

interface Checksum {
  readonly shape: readonly number[];
  readonly sum: number;
  readonly abs: number;
  readonly head: readonly number[];
}
interface ImageChecksum extends Checksum {
  /** The sum of the values, each times its place: 1/n for the first, 1 for the last. */
  readonly moment: number;
}
interface Case {
  readonly seed: number;
  readonly config: JsonObject;
  readonly text: string;
  readonly weights: Record<string, Checksum>;
  readonly input: Checksum & { readonly seed: number };
  /** False where dropout would draw other numbers than the original's libtorch. */
  readonly training: boolean;
  readonly output: ImageChecksum;
  readonly gradients: Record<string, Checksum>;
  readonly evaluated: ImageChecksum;
}
const golden = JSON.parse(readFileSync(new URL("./golden/networks.json", import.meta.url), "utf8")) as Record<
  string,
  Case
>;

/** @param unit size of the values that matter; smaller differences are rounding. */
function expectSame(tensor: Tensor, expected: Checksum, precision: number, unit = 1): void {
  expect([...tensor.shape]).toEqual(expected.shape);
  const values = [...(tensor.detach().to({ dtype: "float64" }).toTypedArray() as Float64Array)];
  const scale = Math.max(unit, expected.abs);
  expect(Math.abs(values.reduce((a, b) => a + b, 0) - expected.sum) / scale).toBeLessThan(precision);
  expect(Math.abs(values.reduce((a, b) => a + Math.abs(b), 0) - expected.abs) / scale).toBeLessThan(precision);
  expected.head.forEach((value, i) => {
    expect(Math.abs((values[i] as number) - value) / Math.max(unit, Math.abs(value))).toBeLessThan(precision);
  });
}

function expectSameImage(tensor: Tensor, expected: ImageChecksum, precision: number): void {
  expectSame(tensor, expected, precision);
  const values = [...(tensor.detach().to({ dtype: "float64" }).toTypedArray() as Float64Array)];
  const moment = values.reduce((sum, value, i) => sum + (value * (i + 1)) / values.length, 0);
  expect(Math.abs(moment - expected.moment) / Math.max(1, expected.abs)).toBeLessThan(precision);
}

function build(config: JsonObject): torch.nn.Module {
  return NETWORK_CONFIGS[String(config.name_)]!.fromDict(config).getObject();
}

describe("networks, compared to the original", () => {
  for (const [name, expected] of Object.entries(golden)) {
    it(`${name}: layers, weights, output and gradients`, () => {
      const live = torch.memory.live().tensors;
      torch.manualSeed(expected.seed);
      const network = build(expected.config);
      {
        using _scope = torch.scope();
        expect(network.toString()).toBe(expected.text);
        const state = network.stateDict();
        expect([...state.keys()]).toEqual(Object.keys(expected.weights));
        for (const [key, tensor] of state) expectSame(tensor, expected.weights[key]!, 1e-9);

        torch.manualSeed(expected.input.seed);
        const x = torch.randn([...expected.input.shape]);
        expectSame(x, expected.input, 1e-9);
        network.train(expected.training);
        const y = network.call(x) as Tensor;
        expectSameImage(y, expected.output, 1e-6);
        y.square().sum().backward();
        for (const [key, parameter] of network.namedParameters()) {
          // the bias before a normalisation has no gradient, but what is left of sums as large as its weight's
          const { shape, abs } = expected.gradients[key.replace(/bias$/, "weight")]!;
          const unit = Math.max(1, abs / shape.reduce((a, b) => a * b, 1));
          expectSame(parameter.grad!, expected.gradients[key]!, 1e-4, unit);
        }
        network.eval();
        torch.noGrad(() => expectSameImage(network.call(x) as Tensor, expected.evaluated, 1e-6));
        network.zeroGrad();
      }
      network.dispose();
      expect(torch.memory.live().tensors).toBe(live);
    });

    it(`${name}: JSON`, () => {
      const config = NETWORK_CONFIGS[String(expected.config.name_)]!.fromDict(expected.config);
      expect(JSON.stringify(config.toDict())).toBe(JSON.stringify(expected.config));
    });
  }
});

describe("options", () => {
  const conv = { spatialDims: 2 as const, inChannels: 1, channels: [2, 4] };

  it("spells out parameters per layer and per dimension", () => {
    const config = new ConvEncoderConfig({
      ...conv,
      channels: [2, 4, 8],
      kernelSize: [3, 5, 1],
      padding: [1, 2],
      stride: [[1, 2], 2, 1],
    });
    expect(config.kernelSize).toEqual([
      [3, 3],
      [5, 5],
      [1, 1],
    ]);
    expect(config.padding).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    expect(config.stride).toEqual([
      [1, 2],
      [2, 2],
      [1, 1],
    ]);
    expect(new ConvEncoderConfig({ ...conv, kernelSize: [3, 3] }).kernelSize).toEqual([
      [3, 3],
      [3, 3],
    ]);
  });
  it("refuses what could be read in two ways", () => {
    expect(() => new ConvEncoderConfig({ ...conv, kernelSize: [3, 5] })).toThrow(
      /one value per dimension or one per layer/,
    );
  });
  it("refuses lists of another length", () => {
    expect(() => new ConvEncoderConfig({ ...conv, kernelSize: [3, 5, 5] })).toThrow(
      /as many elements as there are layers \(2\)/,
    );
    expect(() => new ConvEncoderConfig({ ...conv, stride: [[1, 1, 1], 1] })).toThrow(/one integer per dimension \(2\)/);
  });
  it("checks pooling", () => {
    expect(() => new ConvEncoderConfig({ ...conv, poolingIndices: [2] })).toThrow(/channels.length - 1 = 1/);
    expect(() => new ConvEncoderConfig({ ...conv, poolingIndices: [-2] })).toThrow(/from -1/);
    expect(() => new ConvEncoderConfig({ ...conv, poolingIndices: [0, 0] })).toThrow(/twice/);
    expect(() => new ConvEncoderConfig({ ...conv, pooling: ["max", {}], poolingIndices: [0] })).toThrow(
      /'kernelSize' is required/,
    );
    expect(() => new ConvEncoderConfig({ ...conv, pooling: ["adaptiveavg", { kernelSize: 2 }] })).toThrow(
      /'outputSize' is required/,
    );
    expect(
      () => new ConvEncoderConfig({ ...conv, pooling: [["max", { kernelSize: 2 }]], poolingIndices: [0, 1] }),
    ).toThrow(/asks for 2/);
    expect(new ConvEncoderConfig({ ...conv, pooling: null, poolingIndices: [0] }).pooling).toBeNull();
  });
  it("checks names, letters and options of layers", () => {
    const mlp = { numInputs: 4, numOutputs: 2, hiddenDims: [3] };
    expect(() => new MLPConfig({ ...mlp, act: "rellu" as "relu" })).toThrow(/leakyrelu/);
    expect(() => new MLPConfig({ ...mlp, act: ["elu", { alfa: 1 }] })).toThrow(/alfa/);
    expect(() => new MLPConfig({ ...mlp, norm: "group" })).toThrow(/numGroups/);
    expect(() => new MLPConfig({ ...mlp, adnOrdering: "NDX" })).toThrow(/'A', 'D' and 'N'/);
    expect(() => new MLPConfig({ ...mlp, adnOrdering: "NN" })).toThrow(/twice/);
    expect(() => new MLPConfig({ ...mlp, dropout: 1.5 })).toThrow(/dropout/);
    expect(() => new ConvEncoderConfig({ ...conv, norm: "layer" as "batch" })).toThrow(/norm/);
    expect(new MLPConfig({ ...mlp, act: "ReLU" as "relu" }).act).toBe("relu");
    expect(() => new MLPConfig({ ...mlp, hiddenDim: [2] } as never)).toThrow(/unknown option 'hiddenDim'/);
  });
  it("says where images vanish", () => {
    const small = { inShape: [1, 8, 8], numOutputs: 2 };
    expect(() => new CNN({ ...small, convArgs: { channels: [2, 2, 2, 2, 2] } })).toThrow(/size \[2,2\].*size \[0,0\]/);
    expect(
      () =>
        new CNN({
          ...small,
          convArgs: { channels: [2], pooling: ["adaptiveavg", { outputSize: 9 }], poolingIndices: [0] },
        }),
    ).toThrow(/enlarge/);
    expect(() => new CNN({ inShape: [8], numOutputs: 2, convArgs: { channels: [2] } })).toThrow(/channel dimension/);
    expect(() => new CNN({ ...small, convArgs: {} as never })).toThrow(/channels/);
  });
  it("reduces the fully connected part to a linear layer by default", () => {
    using _scope = torch.scope();
    const network = new CNNConfig({ inShape: [1, 8, 8], numOutputs: 2, convArgs: { channels: [] } }).getObject();
    expect([...network.stateDict().keys()]).toEqual(["mlp.output.linear.weight", "mlp.output.linear.bias"]);
    expect(new MLP({ numInputs: 3, numOutputs: 1, hiddenDims: [] }).config.hiddenDims).toEqual([]);
    expect(new ConvEncoder(conv).finalSize).toBeNull();
  });
});

describe("state_dict of the original", () => {
  const reference = JSON.parse(readFileSync(new URL("./golden/state-dicts.json", import.meta.url), "utf8")) as Record<
    string,
    { args: JsonObject; state_dict: [string, number[], string][] }
  >;
  for (const [name, { args, state_dict }] of Object.entries(reference)) {
    it(name, () => {
      const network = build(args);
      const state = [...network.stateDict()].map(([key, t]) => [key, [...t.shape], `torch.${t.dtype}`]);
      expect(state).toEqual(state_dict);
      network.dispose();
    });
  }
});
