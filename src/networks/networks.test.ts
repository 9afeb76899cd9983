import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DRAWN, expectClose, largest } from "../torch/fixtures/close.ts";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { CNN, CNNConfig, ConvEncoder, ConvEncoderConfig, MLP, MLPConfig, networkRegistry } from "./index.ts";

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
  /** The shape. This and what follows is in float64, with the weights of {@link given}. */
  readonly input: readonly number[];
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

function valuesOf(tensor: Tensor): number[] {
  return Array.from(tensor.detach().to({ dtype: "float64" }).toTypedArray() as Float64Array);
}

/**
 * Sums relative to the sum of |values|, single values to the largest.
 *
 * @param unit size of the values that matter; smaller differences are rounding.
 */
function expectSame(tensor: Tensor, expected: Checksum, precision: number, unit = 0): void {
  expect([...tensor.shape]).toEqual(expected.shape);
  const values = valuesOf(tensor);
  const size = Math.max(unit * values.length, expected.abs);
  const near = (value: number, other: number, scale: number) =>
    expect(Math.abs(value - other)).toBeLessThanOrEqual(precision * scale);
  near(
    values.reduce((a, b) => a + b, 0),
    expected.sum,
    size,
  );
  near(
    values.reduce((a, b) => a + Math.abs(b), 0),
    expected.abs,
    size,
  );
  for (const [i, value] of expected.head.entries()) near(values[i] as number, value, Math.max(unit, largest(values)));
}

function expectSameImage(tensor: Tensor, expected: ImageChecksum, precision: number): void {
  expectSame(tensor, expected, precision);
  const values = valuesOf(tensor);
  const moment = values.reduce((sum, value, i) => sum + (value * (i + 1)) / values.length, 0);
  expect(Math.abs(moment - expected.moment)).toBeLessThanOrEqual(precision * expected.abs);
}

/** The formula of test/golden/networks_golden.py. */
function given(number: number, shape: readonly number[], scale = 1): Tensor {
  const length = shape.reduce((a, b) => a * b, 1);
  const flat = Float64Array.from({ length }, (_, i) => Math.sin(0.7 * i * i + 0.5 * i + 1.3 * number) / scale);
  return torch.fromTypedArray(flat, [...shape]);
}

/** Differences of float64 are far below this, those of a wrong formula far above. */
const DOUBLE = 1e-9;

function build(config: JsonObject): torch.nn.Module {
  return networkRegistry.get(String(config.name_))!.fromDict(config).getObject();
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
        for (const [key, tensor] of state) {
          // weight and bias of a layer are drawn from the same interval
          const { shape, abs } = expected.weights[key.replace(/bias$/, "weight")]!;
          const unit = abs / shape.reduce((a, b) => a * b, 1);
          expectSame(tensor, expected.weights[key]!, DRAWN, unit);
        }

        network.to({ dtype: "float64" }).train(expected.training);
        for (const [i, parameter] of [...network.parameters()].entries()) {
          const inputs = parameter.shape.slice(1).reduce((a, b) => a * b, 1);
          torch.noGrad(() => parameter.copy_(given(i, parameter.shape, Math.sqrt(inputs))));
        }
        const x = given(-1, expected.input);
        const y = network.call(x) as Tensor;
        expectSameImage(y, expected.output, DOUBLE);
        y.square().sum().backward();
        // the bias before a normalisation has no gradient, but what is left of sums as large as those of others
        const unit = Math.max(
          ...Object.values(expected.gradients).map(({ shape, abs }) => abs / shape.reduce((a, b) => a * b, 1)),
        );
        for (const [key, parameter] of network.namedParameters()) {
          expectSame(parameter.grad!, expected.gradients[key]!, DOUBLE, unit);
        }
        network.eval();
        torch.noGrad(() => expectSameImage(network.call(x) as Tensor, expected.evaluated, DOUBLE));
        network.zeroGrad();
      }
      network.dispose();
      expect(torch.memory.live().tensors).toBe(live);
    });

    it(`${name}: float32, as it is trained, gives what float64 gives`, () => {
      const live = torch.memory.live().tensors;
      torch.manualSeed(expected.seed);
      const [single, double] = [build(expected.config), build(expected.config)];
      {
        using _scope = torch.scope();
        double.to({ dtype: "float64" }).loadStateDict(single.stateDict());
        const x = torch.randn([...expected.input]);
        const run = (network: torch.nn.Module, image: Tensor) => {
          network.train(expected.training);
          const y = network.call(image) as Tensor;
          y.square().sum().backward();
          network.eval();
          return { output: y, evaluated: torch.noGrad(() => network.call(image) as Tensor) };
        };
        const [got, wanted] = [run(single, x), run(double, x.to({ dtype: "float64" }))];
        // each layer adds the roundings of its sums; the longest are over all values of an image or a batch
        const layers = Object.keys(expected.weights).filter((key) => key.endsWith("weight")).length;
        const terms = layers * Math.max(x.numel(), got.output.numel());
        expectClose(got.output, wanted.output, { terms, what: "output" });
        expectClose(got.evaluated, wanted.evaluated, { terms, what: "evaluated" });
        const gradients = new Map([...double.namedParameters()].map(([key, p]) => [key, p.grad!] as const));
        const scale = Math.max(...[...gradients.values()].map(largest));
        for (const [key, p] of single.namedParameters()) {
          expectClose(p.grad!, gradients.get(key)!, { terms, scale, what: `gradient of ${key}` });
        }
        for (const network of [single, double]) network.zeroGrad();
      }
      for (const network of [single, double]) network.dispose();
      expect(torch.memory.live().tensors).toBe(live);
    });

    it(`${name}: JSON`, () => {
      const config = networkRegistry.get(String(expected.config.name_))!.fromDict(expected.config);
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
