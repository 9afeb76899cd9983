import { describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { gridDistance } from "./grid-distance.ts";

/** Each voxel compared with each target. */
function searched(shape: readonly number[], targets: readonly number[], metric: string, sampling: readonly number[]) {
  const count = shape.reduce((product, size) => product * size, 1);
  const place = (i: number): number[] => {
    let rest = i;
    return [...shape].reverse().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
  };
  const sizes = [...sampling].reverse();
  return Array.from({ length: count }, (_, i) => {
    const far = targets.map((target) => {
      const other = place(target);
      const along = place(i).map((at, axis) => Math.abs(at - (other[axis] ?? 0)) * (sizes[axis] ?? 1));
      return metric === "taxicab" ? along.reduce((sum, step) => sum + step, 0) : Math.max(...along);
    });
    return Math.min(...far);
  });
}

describe("gridDistance is that to the nearest of all targets", () => {
  // sizes that sums of float64 hold exactly
  const cases: readonly [number[], number[]][] = [
    [[17], [1]],
    [
      [9, 11],
      [1, 1],
    ],
    [
      [5, 7, 6],
      [1, 1, 1],
    ],
    [
      [5, 7, 6],
      [1.5, 1.5, 1.5],
    ],
    [
      [5, 7, 6],
      [1, 2.5, 0.75],
    ],
    [
      [1, 7, 6],
      [2, 1, 1],
    ],
  ];
  it.each(["taxicab", "chessboard"] as const)("%s", (metric) => {
    using _scope = torch.scope();
    for (const [shape, sampling] of cases) {
      const count = shape.reduce((product, size) => product * size, 1);
      for (const targets of [[0], [count - 1], [3, 8], [1, 5, Math.floor(count / 2), count - 2]]) {
        const mask = new Uint8Array(count);
        for (const target of targets) mask[target] = 1;
        const found = gridDistance(torch.fromTypedArray(mask, shape), metric, sampling);
        expect([...found.toNumbers()], `${shape} ${sampling} ${targets}`).toEqual(
          searched(shape, targets, metric, sampling),
        );
      }
    }
  });
});
