import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareTransform } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { RandomGhostingConfig, Rng } from "../index.ts";

compareTransform("RandomGhosting");

const identity = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

it("draws from its options, and leaves out axes of one voxel", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const axes = new Set<unknown>();
    const transform = new RandomGhostingConfig({ numGhosts: [2, 5], intensity: [0.2, 0.4], restore: 0.5 }).getObject();
    for (let i = 0; i < 60; i++) {
      const point = new Point().add("image", "scalar", torch.ones([1, 5, 1, 4]), identity);
      const parameters = transform.apply(point, new Rng(1, i)).history[0]?.parameters;
      expect(parameters).toMatchObject({ image: { restore: 0.5 } });
      const { image } = parameters as { image: { num_ghosts: number; axis: number; intensity: number } };
      expect([2, 3, 4, 5]).toContain(image.num_ghosts);
      expect(image.intensity).toBeGreaterThanOrEqual(0.2);
      expect(image.intensity).toBeLessThanOrEqual(0.4);
      axes.add(image.axis);
    }
    expect([...axes].sort()).toEqual([0, 2]);
    const apply = (tensor: torch.Tensor, options: object) => () =>
      new RandomGhostingConfig(options)
        .getObject()
        .apply(new Point().add("image", "scalar", tensor, identity), new Rng(0));
    expect(apply(torch.ones([1, 3, 3, 1]), { axes: 2 })).toThrow(/'image' of sub-1, ses-1 has 3×3×1 voxels.*\[2\]/);
    expect(apply(torch.full([1, 3, 3, 3], Number.NaN), {})).toThrow(
      /'image' of sub-1, ses-1 holds values that are not/,
    );
    expect(apply(torch.ones([1, 3, 3, 3]), { numGhosts: 0 })().values()).toEqual(Array(27).fill(1));
    expect(() => new RandomGhostingConfig({ restore: 1.5 })).toThrow(/restore/);
    expect(() => new RandomGhostingConfig({ restore: [0.5, 0.2] })).toThrow(/smaller number first/);
    expect(() => new RandomGhostingConfig({ numGhosts: 1.5 })).toThrow(/numGhosts/);
    expect(() => new RandomGhostingConfig({ intensity: -1 })).toThrow(/intensity/);
    expect(() => new RandomGhostingConfig({ axes: 3 as never })).toThrow(/axes/);
  }
  expect(torch.memory.live()).toEqual(live);
});
