import { describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { CNN, CNNConfig } from "../index.ts";

compareToOriginal("CNN");

describe("CNN", () => {
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
  });
});
