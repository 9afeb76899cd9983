import { describe, expect, it } from "vitest";
import { compareToOriginal } from "../fixtures/original.ts";
import { MLP, MLPConfig } from "../index.ts";

compareToOriginal("MLP");

describe("MLP", () => {
  it("checks names, letters and options of layers", () => {
    const mlp = { numInputs: 4, numOutputs: 2, hiddenDims: [3] };
    expect(() => new MLPConfig({ ...mlp, act: "rellu" as "relu" })).toThrow(/leakyrelu/);
    expect(() => new MLPConfig({ ...mlp, act: ["elu", { alfa: 1 }] })).toThrow(/alfa/);
    expect(() => new MLPConfig({ ...mlp, norm: "group" })).toThrow(/numGroups/);
    expect(() => new MLPConfig({ ...mlp, adnOrdering: "NDX" })).toThrow(/'A', 'D' and 'N'/);
    expect(() => new MLPConfig({ ...mlp, adnOrdering: "NN" })).toThrow(/twice/);
    expect(() => new MLPConfig({ ...mlp, dropout: 1.5 })).toThrow(/dropout/);
    expect(new MLPConfig({ ...mlp, act: "ReLU" as "relu" }).act).toBe("relu");
    expect(() => new MLPConfig({ ...mlp, hiddenDim: [2] } as never)).toThrow(/unknown option 'hiddenDim'/);
  });
  it("may have no hidden layer", () => {
    expect(new MLP({ numInputs: 3, numOutputs: 1, hiddenDims: [] }).config.hiddenDims).toEqual([]);
  });
});
