import { describe, expect, it } from "vitest";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { ConvDecoder, ConvDecoderConfig } from "../index.ts";

compareToOriginal("ConvDecoder");

describe("ConvDecoder", () => {
  const options = { spatialDims: 2 as const, inChannels: 2, channels: [4, 1] };

  it("spells out parameters per layer and per dimension", () => {
    const config = new ConvDecoderConfig({ ...options, stride: 2, outputPadding: [[0, 1], 1], unpoolingIndices: [0] });
    expect(config.outputPadding).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(config.unpooling).toEqual([["upsample", { scaleFactor: 2 }]]);
    expect(new ConvDecoderConfig(options).toDict()).toMatchObject({ unpooling: [], unpooling_indices: null });
    expect(new ConvDecoderConfig({ ...options, unpooling: null, unpoolingIndices: [0] }).unpooling).toBeNull();
  });

  it("checks its options", () => {
    const bad = (more: object) => () => new ConvDecoderConfig({ ...options, ...more });
    expect(bad({ outputPadding: [0, 1, 0] })).toThrow(/'outputPadding' got \[0,1,0\].*layers \(2\)/);
    expect(bad({ unpoolingIndices: [2] })).toThrow(/'unpoolingIndices'.*channels.length - 1 = 1/);
    expect(bad({ unpoolingIndices: [0, 0] })).toThrow(/twice/);
    expect(bad({ unpooling: [["upsample", { scaleFactor: 2 }]], unpoolingIndices: [0, 1] })).toThrow(
      /'unpooling' is a list of 1 layer.*asks for 2/,
    );
    expect(bad({ unpooling: ["upsample", { size: 4, scaleFactor: 2 }] })).toThrow(/'size' and 'scaleFactor'/);
    expect(bad({ unpooling: ["upsample", {}] })).toThrow(/'size' and 'scaleFactor'/);
    expect(bad({ unpooling: ["upsample", { scale: 2 }] })).toThrow(/scale/);
    expect(bad({ unpooling: ["convtranspose", { stride: 2 }] })).toThrow(/'kernelSize' is required/);
    expect(bad({ unpooling: ["pool", {}] })).toThrow(/convtranspose, upsample/);
    expect(bad({ pooling: null })).toThrow(/unknown option 'pooling'/);
    expect(bad({ spatialDims: 4 })).toThrow(/spatialDims/);
  });

  it("knows the size that comes out, when given the one that goes in", () => {
    using _scope = torch.scope();
    const network = new ConvDecoder(
      {
        ...options,
        stride: [[3, 2], 1],
        padding: 1,
        outputPadding: [[2, 0], 0],
        dilation: [[1, 1], 2],
        unpooling: [
          ["upsample", { scaleFactor: [1.5, 1.3] }],
          ["convtranspose", { kernelSize: 3, stride: 2, padding: 1, outputPadding: 1 }],
          ["upsample", { size: [40, 50], mode: "bilinear" }],
        ],
        unpoolingIndices: [1, -1, 0],
      },
      [5, 7],
    );
    expect([...(network.call(torch.randn([1, 2, 5, 7])) as Tensor).shape.slice(2)]).toEqual(network.finalSize);
    network.dispose();
    expect(new ConvDecoder(options).finalSize).toBeNull();
    expect(() => new ConvDecoder({ ...options, padding: 2 }, [1, 3])).toThrow(/size \[1,3\].*size \[-1,1\]/);
  });
});
