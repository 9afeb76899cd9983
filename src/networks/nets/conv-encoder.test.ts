import { describe, expect, it } from "vitest";
import { compareToOriginal } from "../fixtures/original.ts";
import { ConvEncoder, ConvEncoderConfig } from "../index.ts";

compareToOriginal("ConvEncoder");

describe("ConvEncoder", () => {
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
  it("is for images, and knows no size that it was not told", () => {
    expect(() => new ConvEncoderConfig({ ...conv, norm: "layer" as "batch" })).toThrow(/norm/);
    expect(new ConvEncoder(conv).finalSize).toBeNull();
  });
});
