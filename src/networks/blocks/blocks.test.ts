import { describe, expect, expectTypeOf, it } from "vitest";
import { nn } from "../../torch/index.ts";
import { CNN, CNNConfig, ConvEncoderConfig } from "../index.ts";
import { child } from "./child.ts";
import { conv, convTranspose, dropout, norm, pool } from "./layers.ts";

it("layers by dimension are classes under their own types", () => {
  expectTypeOf(conv(3)).toEqualTypeOf<typeof nn.Conv3d>();
  expectTypeOf(pool("max", 2)).toEqualTypeOf<typeof nn.MaxPool2d>();
  expect([conv(1), convTranspose(2), pool("adaptiveavg", 3), norm("batch", 3), norm("instance", 1)]).toEqual([
    nn.Conv1d,
    nn.ConvTranspose2d,
    nn.AdaptiveAvgPool3d,
    nn.BatchNorm3d,
    nn.InstanceNorm1d,
  ]);
  // of elements in one dimension, as in MONAI
  expect([dropout(1), dropout(3)]).toEqual([nn.Dropout, nn.Dropout3d]);
});

describe("child", () => {
  it("registers under exactly the name, and gives back what it got", () => {
    class Gate extends nn.Module {
      readonly #gate: nn.Conv3d = child(this, "W_g", new nn.Conv3d(1, 1, 1));
      get gate(): nn.Conv3d {
        return this.#gate;
      }
    }
    const gate = new Gate();
    expect([...gate.stateDict().keys()]).toEqual(["W_g.weight", "W_g.bias"]);
    expect(gate.getSubmodule("W_g")).toBe(gate.gate);
    gate.dispose();
  });

  it("is one child in a Sequential, though a field of that name holds it", () => {
    const network = new CNN({ inShape: [1, 8], numOutputs: 1, convArgs: { channels: [2] } });
    expect([...network.namedChildren()].map(([name]) => name)).toEqual(["convolutions", "mlp"]);
    expect(network.toString().match(/\(mlp\)/g)).toHaveLength(1);
    expect(network.getSubmodule("mlp")).toBe(network.mlp);
    network.dispose();
  });
});

it("a config has the type of what it holds, and a network takes it as it is", () => {
  const config = new ConvEncoderConfig({ spatialDims: 2, inChannels: 1, channels: [2], kernelSize: 5 });
  expectTypeOf(config.kernelSize).toEqualTypeOf<number[][]>();
  expect(config.kernelSize).toEqual([[5, 5]]);
  const cnn = new CNNConfig({ inShape: [1, 8], numOutputs: 1, convArgs: { channels: [2], padding: 1 } });
  expectTypeOf(cnn.convArgs.padding).toEqualTypeOf<number[][]>();
  const network = cnn.getObject();
  expect(network.config).toBe(cnn);
  network.dispose();
});
