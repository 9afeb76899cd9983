/** Spatial transforms one after the other, and undone, beside TorchIO's, of images whose axes are turned, permuted or left-handed. */
import { describe, expect, it } from "vitest";
import { ScalarImage } from "../../data/structures/index.ts";
import * as torch from "../../torch/index.ts";
import { near, readGolden } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { RandomAffineConfig, RandomFlipConfig, replay } from "../index.ts";

interface Golden {
  readonly shape: readonly number[];
  readonly image: readonly number[];
  readonly segmentation: readonly number[];
  readonly movements: readonly Record<"scales" | "degrees" | "translation", readonly number[]>[];
  readonly flips: readonly (readonly number[])[];
  readonly chains: readonly {
    readonly name: string;
    readonly affine: readonly number[];
    readonly forward: readonly number[];
    readonly labels: readonly number[];
    readonly undone: readonly number[];
  }[];
}
const golden = readGolden<Golden>("undone.json");
const affine = new RandomAffineConfig({ defaultPadValue: 0 });
const flip = new RandomFlipConfig({ axes: [0, 1, 2] });
const steps = golden.movements.flatMap(({ scales, degrees, translation }, i) => [
  { config: affine, parameters: { scales: [...scales], degrees: [...degrees], translation: [...translation] } },
  { config: flip, parameters: { flipped: [...(golden.flips[i] ?? [])] } },
]);

describe("several spatial transforms", () => {
  it.each(golden.chains)("$name", (chain) => {
    const live = torch.memory.live();
    {
      using _scope = torch.scope();
      const tensor = (values: readonly number[]) => torch.fromTypedArray(Float32Array.from(values), [...golden.shape]);
      const start = new Point()
        .add("image", "scalar", tensor(golden.image), chain.affine)
        .add("labels", "label", tensor(golden.segmentation), chain.affine);
      const history = steps.map(({ config, parameters }) => ({
        name_: config.name_,
        options: config.toDict(),
        parameters,
      }));
      const made = replay(history, start);
      near(made.values(), chain.forward, 1e-4);
      expect(made.values("labels")).toEqual(chain.labels);
      const image = new ScalarImage(made.image("image").tensor, chain.affine);
      for (const { config, parameters } of steps.toReversed()) config.getObject().undo?.(image, parameters, made);
      near(image.tensor.flatten().toNumbers(), chain.undone, 1e-4);
    }
    expect(torch.memory.live()).toEqual(live);
  });
});
