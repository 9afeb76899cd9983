import { describe, expect, it } from "vitest";
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { Generator, GeneratorConfig } from "../index.ts";

compareToOriginal("Generator");

describe("Generator", () => {
  it("knows the shape of its images", () => {
    using _scope = torch.scope();
    const network = new Generator({
      latentSize: 3,
      startShape: [2, 3, 4],
      convArgs: { channels: [3, 5], stride: 2, unpoolingIndices: [1] },
      mlpArgs: { hiddenDims: [4] },
    });
    expect(network.outputShape).toEqual([5, 30, 38]);
    expect([...(network.call(torch.randn([2, 3])) as Tensor).shape]).toEqual([2, 5, 30, 38]);
    network.dispose();
  });

  it("checks its options", () => {
    const options = { latentSize: 3, startShape: [2, 1, 3], convArgs: { channels: [3] } };
    expect(() => new GeneratorConfig({ ...options, startShape: [3] })).toThrow(/startShape is .*channel dimension/);
    expect(() => new GeneratorConfig({ ...options, convArgs: { channels: [3], pooling: null } as never })).toThrow(
      /unknown option 'pooling'/,
    );
    expect(() => new GeneratorConfig({ ...options, convArgs: {} as never })).toThrow(/channels/);
    expect(() => new Generator({ ...options, convArgs: { channels: [3], padding: 2 } })).toThrow(/ConvDecoder/);
  });
});
