import { describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { ViT, ViTConfig } from "../index.ts";

compareToOriginal("ViT");

const options = { inShape: [1, 8, 12], patchSize: 4, numOutputs: 2, embeddingDim: 8, numHeads: 2 } as const;

describe("ViT", () => {
  it("checks its options", () => {
    const bad = (more: object) => () => new ViTConfig({ ...options, ...more });
    expect(new ViTConfig(options).patchSize).toEqual([4, 4]);
    expect(bad({ patchSize: 5 })).toThrow(/'patchSize' got 5, which does not divide the size \[8,12\]/);
    expect(bad({ patchSize: [4, 4, 4] })).toThrow(/'patchSize' got \[4,4,4\]. Give one number, or 2/);
    expect(bad({ numHeads: 3 })).toThrow(/'embeddingDim' got 8, which is not a multiple of 'numHeads' \(3\)/);
    expect(bad({ inShape: [1, 8], posEmbedType: "sincos" })).toThrow(/'posEmbedType' got 'sincos'.*2D and 3D/);
    expect(bad({ embeddingDim: 6, posEmbedType: "sincos" })).toThrow(/'embeddingDim' got 6.*multiple of 4/);
    expect(bad({ inShape: [1, 8, 8, 8], posEmbedType: "sincos" })).toThrow(/'embeddingDim' got 8.*multiple of 6/);
    expect(bad({ posEmbedType: "sinus" })).toThrow(/learnable, sincos/);
  });

  it("says which images it takes", () => {
    using network = new ViT({ ...options, numLayers: 1, mlpDim: 4 });
    using x = torch.zeros([1, 1, 8, 8]);
    expect(() => network.call(x)).toThrow(/ViT: images of shape \[1,8,8\] came, and 'inShape' is \[1,8,12\]/);
  });

  it.each(["sincos", null] as const)("does not learn places of the type %s", (posEmbedType) => {
    using network = new ViT({ ...options, posEmbedType, numLayers: 1, mlpDim: 4 });
    const frozen = [...network.namedParameters()].filter(([, { requiresGrad }]) => !requiresGrad);
    expect(frozen.map(([name]) => name)).toEqual(["encoder.pos_embedding"]);
  });
});
