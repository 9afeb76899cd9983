import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { snakeToCamel } from "../../utils/names.ts";
import { expectSums, image, type Sums } from "../fixtures/named.ts";
import { MedNeXtB, MedNeXtS, networkRegistry } from "../index.ts";

interface Case extends Sums {
  readonly options: Readonly<Record<string, unknown>>;
  readonly input: readonly number[];
  /** Every so many of its values. */
  readonly output: readonly number[];
  readonly largest: number;
}
const golden = JSON.parse(readFileSync(new URL("../golden/beyond-named.json", import.meta.url), "utf8")) as Record<
  string,
  Case
>;

describe.each(Object.entries(golden))("%s, compared to MONAI's", (name, expected) => {
  it("has its weights, draws them from the same seed, and gives its output", () => {
    const live = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      using _grad = torch.noGrad();
      torch.manualSeed(3);
      const options = Object.fromEntries(
        Object.entries(expected.options).map(([key, value]) => [snakeToCamel(key), value]),
      );
      using network = networkRegistry.get(name)!.fromOptions(options).getObject();
      expectSums(network, expected);
      const output = network.eval().call(image(...expected.input)) as torch.Tensor;
      const values = output.flatten().toArray() as number[];
      const step = Math.floor(values.length / 16);
      for (const [i, value] of expected.output.entries()) {
        expect(Math.abs(values[i * step]! - value)).toBeLessThan(1e-5 * expected.largest);
      }
    }
    expect(torch.memory.live().tensors).toBe(live);
  });
});

it("MedNeXtS and its like are recorded by their names, and give a segmentation per size with deepSupervision", () => {
  using _scope = torch.scope();
  using network = new MedNeXtS({ spatialDims: 2, deepSupervision: true, outChannels: 3 });
  const { config } = network;
  expect(config.toDict()).toEqual({
    name_: "MedNeXtS",
    spatial_dims: 2,
    in_channels: 1,
    out_channels: 3,
    deep_supervision: true,
    kernel_size: 3,
  });
  expect(networkRegistry.read("a test", "network", config.toDict())).toEqual(config);
  const outputs = torch.noGrad(() => network.call(image(1, 1, 16, 32)));
  expect(outputs instanceof torch.Tensor ? [] : outputs.map((each) => [...each.shape])).toEqual([
    [1, 3, 16, 32],
    [1, 3, 8, 16],
    [1, 3, 4, 8],
    [1, 3, 2, 4],
    [1, 3, 1, 2],
  ]);
  expect(() => new MedNeXtB({ kernelSize: 2 })).toThrow(/'kernelSize' got 2. Expected an odd number/);
});
