import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { position, randomImage, shapes } from "./fixtures/labelled-images.ts";
import { NUMBER_TYPES } from "./fixtures/number-types.ts";
import * as torch from "./index.ts";
import { type Connectivity, connectedComponents, distanceTransform, fillHoles, holes } from "./morphology.ts";

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const neighbours = (spatial: readonly number[], hops: number): ((index: number) => number[]) => {
  const steps = spatial.reduce<number[][]>(
    (all, _) => all.flatMap((step) => [-1, 0, 1].map((s) => [...step, s])),
    [[]],
  );
  const allowed = steps.filter((step) => {
    const count = step.filter((s) => s !== 0).length;
    return count > 0 && count <= hops;
  });
  return (index) => {
    const at = position(index, spatial);
    return allowed
      .map((step) => step.map((s, axis) => s + at[axis]!))
      .filter((there) => there.every((i, axis) => i >= 0 && i < spatial[axis]!))
      .map((there) => there.reduce((sum, i, axis) => sum * spatial[axis]! + i, 0));
  };
};

/** Flood fill, voxel by voxel. */
function plainComponents(values: readonly number[], shape: readonly number[], hops: number) {
  const [n = 1, ...spatial] = shape;
  const voxels = values.length / n;
  const near = neighbours(spatial, hops);
  const labels = values.map(() => 0);
  const [sizes, firsts]: [number[], number[]] = [[], []];
  values.forEach((value, start) => {
    if (value === 0 || labels[start] !== 0) return;
    firsts.push(start);
    const label = firsts.length;
    const image = Math.floor(start / voxels) * voxels;
    const open = [start];
    labels[start] = label;
    let size = 0;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      size++;
      for (const there of near(at - image)) {
        if (values[image + there] !== value || labels[image + there] !== 0) continue;
        labels[image + there] = label;
        open.push(image + there);
      }
    }
    sizes.push(size);
  });
  return { labels, sizes, firsts };
}

const densities = [0.05, 0.35, 0.6, 0.9, 1];

describe("connectedComponents", () => {
  it.each(shapes)("is a flood fill: %j, %j, %j, %j", (...shape) => {
    const size = shape.filter((n) => n !== undefined);
    for (const density of densities) {
      for (const labels of [1, 3]) {
        using _scope = torch.scope();
        torch.manualSeed(size.length * 1000 + density * 100 + labels);
        const image = randomImage(size, density, labels);
        const values = image.flatten().toNumbers();
        for (const connectivity of ([1, 2, 3] as const).slice(0, size.length - 1)) {
          const wanted = plainComponents(values, size, connectivity);
          const found = connectedComponents(image, { connectivity });
          expect(found.labels.dtype).toBe("int32");
          expect(found.labels.shape).toEqual(size);
          expect(found.labels.flatten().toNumbers()).toEqual(wanted.labels);
          expect(found.sizes.toNumbers()).toEqual(wanted.sizes);
          expect(found.firsts.toNumbers()).toEqual(wanted.firsts);
        }
      }
    }
  });

  it("is the same in an image that several threads share", () => {
    using _scope = torch.scope();
    torch.manualSeed(1);
    // more than 2 parts of 65536 voxels, which begin within slices
    const image = randomImage([2, 31, 67, 53], 0.3, 2);
    const values = image.flatten().toNumbers();
    for (const connectivity of [1, 2, 3] as const) {
      const wanted = plainComponents(values, image.shape, connectivity);
      const found = connectedComponents(image, { connectivity });
      expect(found.labels.flatten().toNumbers()).toEqual(wanted.labels);
      expect(found.sizes.toNumbers()).toEqual(wanted.sizes);
    }
    const snake = torch.zeros([1, 1, 601, 400]);
    for (let row = 0; row < 601; row++) {
      if (row % 2 === 0) snake.narrow(2, row, 1).fill_(1);
      else
        snake
          .narrow(2, row, 1)
          .narrow(3, row % 4 === 1 ? 399 : 0, 1)
          .fill_(1);
    }
    expect(connectedComponents(snake, { connectivity: 1 }).sizes.toNumbers()).toEqual([301 * 400 + 300]);
  });

  it("takes every type of numbers, and what is not contiguous", () => {
    using _scope = torch.scope();
    torch.manualSeed(2);
    const image = randomImage([2, 6, 5, 7], 0.5, 1);
    const wanted = connectedComponents(image).labels.flatten().toNumbers();
    for (const dtype of NUMBER_TYPES) {
      expect(connectedComponents(image.to({ dtype })).labels.flatten().toNumbers()).toEqual(wanted);
    }
    const turned = image.permute([0, 3, 1, 2]);
    expect(turned.isContiguous()).toBe(false);
    expect(connectedComponents(turned).labels.flatten().toNumbers()).toEqual(
      connectedComponents(turned.contiguous()).labels.flatten().toNumbers(),
    );
    const gradient = image.clone().requiresGrad_();
    expect(connectedComponents(gradient).labels.requiresGrad).toBe(false);
  });

  it("of nothing is nothing", () => {
    using _scope = torch.scope();
    for (const shape of [
      [0, 3, 4],
      [1, 0, 4],
      [1, 3, 4],
    ]) {
      const { labels, sizes, firsts } = connectedComponents(torch.zeros(shape));
      expect(labels.shape).toEqual(shape);
      expect(labels.sum().item()).toBe(0);
      expect([sizes.shape, firsts.shape]).toEqual([[0], [0]]);
      expect(holes(torch.zeros(shape)).any().item()).toBe(0);
      expect(distanceTransform(torch.zeros(shape)).sum().item()).toBe(0);
    }
  });

  it("refuses what is no image of labels", () => {
    using _scope = torch.scope();
    const of = (values: number[]) => () => connectedComponents(torch.tensor([values]));
    expect(of([1, -1])).toThrow(/negative numbers or NaN/);
    expect(of([0, Number.NaN])).toThrow(/negative numbers or NaN/);
    expect(() => connectedComponents(torch.zeros([3]))).toThrow(/1 to 3 spatial.*\[3\]/);
    expect(() => connectedComponents(torch.zeros([1, 2, 2, 2, 2]))).toThrow(RangeError);
    expect(() => connectedComponents(torch.zeros([1, 2, 2]), { connectivity: 3 })).toThrow(
      /'connectivity' got 3.*to 2/,
    );
    expect(() => connectedComponents(torch.zeros([1, 2]), { connectivity: 0 as Connectivity })).toThrow(RangeError);
  });
});

describe("holes", () => {
  it.each([...shapes, [1, 4, 3, 131], [2, 3, 64], [1, 129]])(
    "cannot be reached from the border: %j, %j, %j, %j",
    (...shape) => {
      const size = shape.filter((n) => n !== undefined);
      const [n = 1, ...spatial] = size;
      for (const density of densities) {
        using _scope = torch.scope();
        torch.manualSeed(density * 100);
        const image = randomImage(size, density, 1);
        const values = image.flatten().toNumbers();
        const voxels = values.length / n;
        for (const connectivity of ([1, 2, 3] as const).slice(0, spatial.length)) {
          const { labels } = plainComponents(
            values.map((value) => 1 - value),
            size,
            connectivity,
          );
          const open = new Set(
            labels.filter((_, i) =>
              position(i % voxels, spatial).some((p, axis) => p === 0 || p === spatial[axis]! - 1),
            ),
          );
          const wanted = labels.map((label) => (label === 0 || open.has(label) ? 0 : 1));
          expect(holes(image, { connectivity }).flatten().toNumbers()).toEqual(wanted);
        }
      }
    },
  );

  it("are found at the end of a long way, across words of bits, or are none", () => {
    using _scope = torch.scope();
    // a wall that winds, with one gap at its end
    const walls = torch.zeros([1, 41, 200]);
    walls.narrow(1, 0, 1).fill_(1);
    walls.narrow(1, 40, 1).fill_(1);
    walls.narrow(2, 0, 1).fill_(1);
    walls.narrow(2, 199, 1).fill_(1);
    for (let row = 2; row < 40; row += 2)
      walls
        .narrow(1, row, 1)
        .narrow(2, row % 4 === 0 ? 0 : 1, 199)
        .fill_(1);
    const inside = 41 * 200 - walls.sum().item();
    expect(holes(walls).sum().item()).toBe(inside);
    for (const gap of [1, 39]) {
      const open = walls.clone();
      open.narrow(1, gap, 1).narrow(2, 199, 1).fill_(0);
      // what is left closed is what the gap does not lead to
      const { labels } = connectedComponents(open.eq(0), { connectivity: 1 });
      const outside = labels.narrow(1, gap, 1).narrow(2, 199, 1).item();
      const wanted = labels.ne(0).logicalAnd(labels.ne(outside));
      expect(holes(open, { connectivity: 1 }).eq(wanted).all().item()).toBe(1);
    }
  });
});

describe("fillHoles", () => {
  it("fills each label in turn, whatever lies in its holes, in every type of numbers", () => {
    using _scope = torch.scope();
    const rows = [
      [1, 1, 1, 1, 1, 0, 2, 2, 2],
      [1, 2, 2, 2, 1, 0, 2, 0, 2],
      [1, 2, 0, 2, 1, 0, 2, 2, 2],
      [1, 2, 2, 2, 1, 0, 0, 0, 0],
      [1, 1, 1, 1, 1, 0, 3, 0, 3],
    ];
    const both = [
      [1, 1, 1, 1, 1, 0, 2, 2, 2],
      [1, 1, 1, 1, 1, 0, 2, 2, 2],
      [1, 1, 1, 1, 1, 0, 2, 2, 2],
      [1, 1, 1, 1, 1, 0, 0, 0, 0],
      [1, 1, 1, 1, 1, 0, 3, 0, 3],
    ];
    for (const dtype of NUMBER_TYPES.filter((type) => type !== "bool")) {
      const image = torch.tensor([rows], { dtype });
      expect(fillHoles(image, [1, 2, 3, 7]).toNumbers()).toEqual(both.flat());
      expect(fillHoles(image.transpose(1, 2), [1, 2]).transpose(1, 2).flatten().toNumbers()).toEqual(both.flat());
      expect(image.flatten().toNumbers()).toEqual(rows.flat());
    }
    const volumes = torch.tensor([rows, rows]).reshape([2, 1, 5, 9]);
    expect(fillHoles(volumes, [1, 2]).eq(volumes).all().item()).toBe(1);
    expect(() => fillHoles(torch.zeros([3]), [1])).toThrow(/1 to 3 spatial/);
  });
});
