import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { toGrid } from "./resample.ts";

/** Moved by so many voxels along the first axis. */
const along = (x: number): Float64Array => Float64Array.from([1, 0, 0, x, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);

it("labels on another grid are those of the nearest voxels, also where no float holds them; 0 outside, null where all is", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    const large = 2n ** 53n + 1n;
    const labels = torch.fromTypedArray(BigInt64Array.of(large, large + 2n, 3n), [1, 3, 1, 1]);
    // half-way between two voxels, the nearest is the later one
    const made = toGrid(labels, along(0.5), [3, 1, 1]);
    expect(made?.toTypedArray()).toEqual(BigInt64Array.of(large + 2n, 3n, 0n));
    expect(toGrid(labels, along(-1), [2, 1, 1])?.toTypedArray()).toEqual(BigInt64Array.of(0n, large));
    expect(toGrid(labels, along(3), [3, 1, 1])).toBeNull();
  }
  expect(torch.memory.live()).toEqual(live);
});
