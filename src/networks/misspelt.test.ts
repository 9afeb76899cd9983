import { describe, expect, it } from "vitest";
import {
  AutoEncoderConfig,
  CNNConfig,
  ConvDecoderConfig,
  ConvEncoderConfig,
  GeneratorConfig,
  MLPConfig,
} from "./index.ts";

const ACTIVATIONS = /elu, relu, leakyrelu, prelu, relu6, selu, celu, gelu, sigmoid, tanh, softmax, logsoftmax, mish/;

/** Each case is a compile error as well: `tsc` refuses a `@ts-expect-error` without one. */
describe("a misspelt name of a layer does not compile, and at run time the error lists what is accepted", () => {
  const mlp = { numInputs: 4, numOutputs: 2, hiddenDims: [3] };
  const conv = { spatialDims: 3, inChannels: 1, channels: [2, 4] } as const;
  const image = { inShape: [1, 16, 16, 16], numOutputs: 2 };

  it("act and outputAct", () => {
    // @ts-expect-error
    expect(() => new MLPConfig({ ...mlp, act: "rellu" })).toThrow(ACTIVATIONS);
    // @ts-expect-error
    expect(() => new MLPConfig({ ...mlp, act: ["ellu", { alpha: 1 }] })).toThrow(ACTIVATIONS);
    // @ts-expect-error
    expect(() => new MLPConfig({ ...mlp, outputAct: "sigmod" })).toThrow(ACTIVATIONS);
    // @ts-expect-error
    expect(() => new ConvEncoderConfig({ ...conv, act: "rellu" })).toThrow(ACTIVATIONS);
    // @ts-expect-error
    expect(() => new ConvDecoderConfig({ ...conv, outputAct: "tahn" })).toThrow(ACTIVATIONS);
    // @ts-expect-error
    expect(() => new CNNConfig({ ...image, convArgs: { channels: [2], act: "rellu" } })).toThrow(ACTIVATIONS);
    expect(
      // @ts-expect-error
      () => new CNNConfig({ ...image, convArgs: { channels: [2] }, mlpArgs: { hiddenDims: [3], act: "rellu" } }),
    ).toThrow(ACTIVATIONS);
    const generator = { latentSize: 2, startShape: [2, 4] };
    // @ts-expect-error
    expect(() => new GeneratorConfig({ ...generator, convArgs: { channels: [1], act: "x" } })).toThrow(ACTIVATIONS);
    expect(
      // @ts-expect-error
      () => new AutoEncoderConfig({ inShape: [1, 8, 8], latentSize: 2, convArgs: { channels: [2] }, outputAct: "x" }),
    ).toThrow(ACTIVATIONS);
  });

  it("norm", () => {
    // @ts-expect-error
    expect(() => new MLPConfig({ ...mlp, norm: "bach" })).toThrow(/group, layer, syncbatch, batch, instance/);
    // @ts-expect-error
    expect(() => new ConvEncoderConfig({ ...conv, norm: "instanse" })).toThrow(/group, syncbatch, batch, instance/);
    // @ts-expect-error
    expect(() => new ConvEncoderConfig({ ...conv, norm: ["grup", { numGroups: 2 }] })).toThrow(/group, syncbatch/);
    // @ts-expect-error a layer norm is for vectors
    expect(() => new ConvDecoderConfig({ ...conv, norm: "layer" })).toThrow(/group, syncbatch, batch, instance/);
  });

  it("pooling, unpooling and unpoolingMode", () => {
    // @ts-expect-error
    expect(() => new ConvEncoderConfig({ ...conv, pooling: ["maxx", { kernelSize: 2 }] })).toThrow(
      /max, avg, adaptiveavg, adaptivemax/,
    );
    const one = { ...conv, poolingIndices: [0] };
    // @ts-expect-error
    expect(() => new ConvEncoderConfig({ ...one, pooling: [["mean", { kernelSize: 2 }]] })).toThrow(
      /max, avg, adaptiveavg, adaptivemax/,
    );
    // @ts-expect-error a pooling has options
    expect(() => new ConvEncoderConfig({ ...conv, pooling: "max" })).toThrow(/\["max", \{ kernelSize: 2 \}\]/);
    // @ts-expect-error
    expect(() => new ConvDecoderConfig({ ...conv, unpooling: ["upsampel", { scaleFactor: 2 }] })).toThrow(
      /convtranspose, upsample/,
    );
    const images = { inShape: [1, 8, 8], latentSize: 2, convArgs: { channels: [2] } };
    // @ts-expect-error
    expect(() => new AutoEncoderConfig({ ...images, unpoolingMode: "cubic" })).toThrow(/bicubic/);
  });

  it("what is right compiles, alone and with options", () => {
    expect(new MLPConfig({ ...mlp, act: ["elu", { alpha: 0.5 }], norm: "layer" }).act).toEqual(["elu", { alpha: 0.5 }]);
    const config = new ConvEncoderConfig({
      ...conv,
      norm: ["group", { numGroups: 2 }],
      pooling: ["avg", { kernelSize: 3 }],
    });
    expect(config.norm).toEqual(["group", { numGroups: 2 }]);
    expect(new MLPConfig({ ...mlp, act: null, norm: null }).act).toBeNull();
  });
});
