import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NUMBER_TYPES } from "./fixtures/number-types.ts";
import type { Tensor } from "./index.ts";
import * as torch from "./index.ts";

const { voxels } = torch;
const shapes = [
  [1, 1, 1, 1],
  [1, 2, 3, 5],
  [3, 7, 1, 9],
  // beyond the blocks and the vectors of the kernels
  [2, 3, 19, 37],
];
/** Shared by threads. */
const large = [2, 11, 41, 67];

/** Without the sign of 0. */
const numbers = (x: Tensor): number[] =>
  x
    .flatten()
    .toNumbers()
    .map((value) => value + 0);
const withGradient = (x: Tensor): Tensor => x.detach().clone().requiresGrad_();

/** Values of both signs, with NaN and infinite ones among them. */
function wild(shape: readonly number[]): Tensor {
  const x = torch.randn([...shape]).mul(50);
  const flat = x.flatten();
  for (const [i, value] of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0].entries()) {
    if (flat.numel() > 10 * i + 7) flat.narrow(0, 10 * i + 7, 1).fill_(value);
  }
  return x;
}

let live: ReturnType<typeof torch.memory.live>;
let scope: torch.Scope;
beforeEach(() => {
  live = torch.memory.live();
  scope = torch.scope();
  torch.manualSeed(5);
});
afterEach(() => {
  scope[Symbol.dispose]();
  expect(torch.memory.live()).toEqual(live);
});

describe("rescale", () => {
  it("does each step as if by itself", () => {
    const f = Math.fround;
    const plain = (v: number): number => {
      const cut = Number.isNaN(v) ? v : Math.min(Math.max(v, f(-33.3)), f(70.1));
      return f(f(f(f(cut - f(-12.7)) / f(0.3)) * f(1.7)) + f(-0.9)) + 0;
    };
    const [low, high] = [-12.7, -12.7 + 0.3];
    for (const shape of [...shapes, large]) {
      const x = wild(shape);
      const options = { low: -33.3, high: 70.1, from: [low, high], to: [-0.9, -0.9 + 1.7] } as const;
      // widths as the differences give them
      const widths = [high - low, -0.9 + 1.7 - -0.9];
      expect(widths.map(f)).toEqual([0.3, 1.7].map(f));
      expect(numbers(voxels.rescale(x, options))).toEqual(numbers(x).map(plain));
      expect(numbers(voxels.rescale(x.transpose(1, 3), options))).toEqual(numbers(x.transpose(1, 3)).map(plain));
      expect(numbers(voxels.rescale(withGradient(x), options).detach())).toEqual(numbers(x).map(plain));
    }
  });

  it("changes nothing by default, keeps float64, and has gradients", () => {
    const x = wild([2, 3, 4, 5]);
    expect(numbers(voxels.rescale(x, {}))).toEqual(numbers(x));
    expect(voxels.rescale(x.to({ dtype: "float64" }), { low: 0 }).dtype).toBe("float64");
    const leaf = torch.tensor([1, 5]).requiresGrad_();
    voxels
      .rescale(leaf, { high: 2, to: [0, 3] })
      .sum()
      .backward();
    expect(leaf.grad?.toNumbers()).toEqual([3, 0]);
  });
});

describe("extent", () => {
  it("is the smallest and the greatest value, NaN where there is one", () => {
    for (const shape of [...shapes, large]) {
      const x = torch.randn([...shape]);
      const all = numbers(x).sort((a, b) => a - b);
      const wanted = [all[0], all.at(-1)];
      expect(voxels.extent(x)).toEqual(wanted);
      expect(voxels.extent(x.transpose(1, 3))).toEqual(wanted);
      expect(voxels.extent(x.to({ dtype: "float64" }))).toEqual(wanted);
      for (const at of new Set([0, x.numel() - 1, Math.floor(x.numel() / 2)])) {
        const holed = x.clone();
        holed.flatten().narrow(0, at, 1).fill_(Number.NaN);
        expect(voxels.extent(holed)).toEqual([Number.NaN, Number.NaN]);
      }
    }
    const ends = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    expect(voxels.extent(torch.tensor([0, ...ends, 1]))).toEqual(ends);
    expect(voxels.extent(torch.tensor([3, 9, 4], { dtype: "int16" }))).toEqual([3, 9]);
    expect(() => voxels.extent(torch.zeros([0]))).toThrow(/without elements/);
  });
});

describe("valuesAt", () => {
  it("are those of the sorted values", () => {
    const tiny = [2 ** -149, -(2 ** -149), 2 ** -126, 0, 3e38, -3e38];
    const ends = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const many = torch.randn([5003]);
    for (const x of [
      many,
      many.mul(3).round(),
      torch.tensor([...tiny, ...ends]),
      torch.tensor([7, 7, 7]),
      torch.tensor([1]),
    ]) {
      const sorted = numbers(x).sort((a, b) => a - b);
      const ranks = [...new Set([0, 1, 17, Math.floor(sorted.length / 2), sorted.length - 1])].filter(
        (i) => i < sorted.length,
      );
      const wanted = ranks.map((rank) => sorted[rank]);
      expect(voxels.valuesAt(x, ranks).map((value) => value + 0)).toEqual(wanted);
      expect(voxels.valuesAt(x.to({ dtype: "float64" }), ranks).map((value) => value + 0)).toEqual(wanted);
    }
    const negativeNan = torch.fromTypedArray(new Float32Array(new Int32Array([0xffc00000 | 0]).buffer), [1]);
    const holed = torch.cat([torch.tensor([3, Number.NaN, -1]), negativeNan]);
    expect(voxels.valuesAt(holed, [0, 1, 2, 3])).toEqual([-1, 3, Number.NaN, Number.NaN]);
    const column = many.narrow(0, 0, 5000).reshape([50, 100]).select(1, 3);
    expect(voxels.valuesAt(column, [0])).toEqual([Math.min(...numbers(column))]);
    expect(() => voxels.valuesAt(many, [5003])).toThrow(/no rank 5003 of 5003/);
  });
});

describe("fillWhere", () => {
  it.each(NUMBER_TYPES)("takes masks and images of %s", (dtype) => {
    for (const shape of shapes) {
      const mask = torch.randint(0, dtype === "bool" ? 2 : 5, [...shape]).to({ dtype });
      const image = wild(shape);
      const [chosen, values] = [numbers(mask), numbers(image)];
      for (const labels of [null, [0], [1, 3], [300]]) {
        for (const where of [true, false]) {
          const counts = (label: number): boolean => (labels === null ? label !== 0 : labels.includes(label)) === where;
          const wanted = values.map((value, i) => (counts(chosen[i] ?? 0) ? -2.5 : value));
          const options = { labels, where, value: -2.5 };
          expect(numbers(voxels.fillWhere(image, mask, options))).toEqual(wanted);
          expect(numbers(voxels.fillWhere(withGradient(image), mask, options).detach())).toEqual(wanted);
          expect(numbers(voxels.fillWhere(mask, mask, { labels, where, value: 1 }))).toEqual(
            chosen.map((value) => (counts(value) ? 1 : value)),
          );
          const turned = voxels.fillWhere(image.transpose(1, 3), mask.transpose(1, 3), options);
          expect(numbers(turned.transpose(1, 3))).toEqual(wanted);
        }
      }
    }
  });

  it("is shared by threads", () => {
    const [image, mask] = [torch.randn(large), torch.randint(0, 2, large.slice(1)).unsqueeze(0)];
    const choices = numbers(mask);
    const wanted = numbers(image).map((value, i) => (choices[i % choices.length] === 0 ? 7 : value));
    expect(numbers(voxels.fillWhere(image, mask, { where: false, value: 7 }))).toEqual(wanted);
  });

  it("lays a mask of one channel on all, takes NaN for something, and refuses masks of other sizes", () => {
    const mask = torch.tensor([0, 2, Number.NaN]).reshape([1, 1, 1, 3]);
    const image = torch.arange(1, 7).to({ dtype: "int16" }).reshape([2, 1, 1, 3]);
    expect(numbers(voxels.fillWhere(image, mask, { value: 9 }))).toEqual([1, 9, 9, 4, 9, 9]);
    expect(() => voxels.fillWhere(image, torch.zeros([1, 1, 1, 2]), { value: 0 })).toThrow(/does not lie on/);
  });
});

describe("oneHot", () => {
  it.each(NUMBER_TYPES)("of %s", (dtype) => {
    for (const shape of shapes) {
      const labels = torch.randint(0, dtype === "bool" ? 2 : 4, shape.slice(1)).to({ dtype });
      const wanted = [0, 1, 2, 3, 4].map((label) => numbers(labels).map((value) => (value === label ? 1 : 0)));
      const made = voxels.oneHot(labels, 5);
      expect(made.dtype).toBe(dtype);
      expect(made.shape).toEqual([5, ...labels.shape]);
      expect(numbers(made)).toEqual(wanted.flat());
      expect(numbers(voxels.oneHot(labels.transpose(0, 2), 5).transpose(1, 3))).toEqual(wanted.flat());
    }
    if (dtype === "float32") {
      const leaf = torch.tensor([0, 2.5, 1]).requiresGrad_();
      expect(numbers(voxels.oneHot(leaf, 3))).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 0]);
      expect(numbers(voxels.oneHot(leaf.detach(), 3))).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 0]);
    }
  });
});

describe("labels", () => {
  it.each(NUMBER_TYPES)("are found among numbers of %s", (dtype) => {
    for (const shape of shapes) {
      const x = torch.randint(0, dtype === "bool" ? 2 : 100, [...shape]).to({ dtype });
      expect(voxels.areLabels(x)).toBe(true);
      expect(voxels.labelsOf(x.transpose(1, 3))).toEqual([...new Set(numbers(x))].sort((a, b) => a - b));
      const wrong = ["bool", "uint8"].includes(dtype)
        ? []
        : x.isFloatingPoint()
          ? [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]
          : [-1];
      for (const value of wrong) {
        const other = x.clone();
        other
          .flatten()
          .narrow(0, x.numel() - 1, 1)
          .fill_(value);
        expect(voxels.areLabels(other)).toBe(false);
        expect(voxels.areLabels(other.transpose(1, 3))).toBe(false);
        if (!(value >= 0)) expect(() => voxels.labelsOf(other)).toThrow(/is no label/);
      }
    }
  });

  it("may be large", () => {
    const labels = [3, 65535, 65536, 2 ** 24, 2 ** 30];
    expect(voxels.labelsOf(torch.tensor([...labels, 3, ...labels], { dtype: "int32" }))).toEqual(labels);
    expect(voxels.labelsOf(torch.zeros([0]))).toEqual([]);
    expect(voxels.areLabels(torch.zeros([0]))).toBe(true);
  });
});

describe("place", () => {
  it.each(NUMBER_TYPES)("of %s", (dtype) => {
    const cuts = [
      [
        [0, 0, 0],
        [4, 3, 5],
      ],
      [
        [-2, 1, -1],
        [7, 2, 9],
      ],
      [
        [1, -3, 2],
        [2, 9, 1],
      ],
      [
        [9, 0, 0],
        [2, 3, 5],
      ],
      [
        [0, 0, -9],
        [4, 3, 5],
      ],
      [
        [0, 0, 7],
        [4, 3, 5],
      ],
    ] as const;
    const x = torch.randint(0, 2, [2, 4, 3, 5]).to({ dtype });
    for (const image of [x, x.transpose(1, 3), x.narrow(3, 1, 3)]) {
      const values = numbers(image);
      const old = image.shape.slice(1);
      for (const [start, size] of cuts) {
        const wanted: number[] = [];
        for (const channel of [0, 1]) {
          for (let i = 0; i < size[0]; i++) {
            for (let j = 0; j < size[1]; j++) {
              for (let k = 0; k < size[2]; k++) {
                const at = [i + start[0], j + start[1], k + start[2]];
                const inside = at.every((place, axis) => place >= 0 && place < (old[axis] ?? 0));
                const index = at.reduce((sum, place, axis) => sum * (old[axis] ?? 0) + place, channel);
                wanted.push(inside ? (values[index] ?? Number.NaN) : 1);
              }
            }
          }
        }
        const made = voxels.place(image, start, size, 1);
        expect(made.dtype).toBe(dtype);
        expect(made.shape).toEqual([2, ...size]);
        expect(numbers(made)).toEqual(wanted);
        if (dtype === "float32")
          expect(numbers(voxels.place(withGradient(image), start, size, 1).detach())).toEqual(wanted);
      }
    }
    expect(() => voxels.place(x, [0, 0, 0], [1, 0, 1], 0)).toThrow(/three numbers/);
  });
});

describe("symmetricFilter", () => {
  it("sums along each axis, mirrored at its ends", () => {
    const weights = [[0.4, 0.2, 0.1], [1], [0.3, 0.2, 0.1, 0.04, 0.01]];
    for (const shape of [...shapes, large]) {
      for (const own of [weights, [...weights].reverse(), [[1], [0.5, 0.25], [1]], [[1], [1], [1]]]) {
        const x = torch.randn([...shape]);
        const wanted = own.reduce(
          (values, axisWeights, axis) => plainFilter(values, shape, axis + 1, axisWeights),
          numbers(x),
        );
        // each sum of so many roundings of numbers that are not greater than the greatest
        const taps = own.reduce((sum, { length }) => sum + length + 2, 0);
        const bound = taps * 2 ** -24 * Math.max(...numbers(x).map(Math.abs));
        for (const image of [x, x.transpose(1, 3).contiguous().transpose(1, 3)]) {
          numbers(voxels.symmetricFilter(image, own)).forEach((value, i) => {
            expect(Math.abs(value - (wanted[i] ?? Number.NaN))).toBeLessThanOrEqual(bound);
          });
        }
      }
    }
  });

  it("gives the same bits to a part of an image, and spreads NaN over its neighbourhood only", () => {
    const x = torch.randn([1, 3, 4, 75]);
    const own = [[1], [1], [0.5, 0.25]];
    const whole = voxels.symmetricFilter(x, own);
    const part = voxels.symmetricFilter(x.narrow(3, 10, 40), own);
    expect(numbers(part.narrow(3, 1, 38))).toEqual(numbers(whole.narrow(3, 11, 38)));
    const holed = torch.zeros([1, 1, 1, 9]);
    holed.flatten().narrow(0, 4, 1).fill_(Number.NaN);
    expect(numbers(voxels.symmetricFilter(holed, own))).toEqual([0, 0, 0, Number.NaN, Number.NaN, Number.NaN, 0, 0, 0]);
  });
});

function plainFilter(
  values: readonly number[],
  shape: readonly number[],
  dim: number,
  weights: readonly number[],
): number[] {
  const n = shape[dim] ?? 1;
  const step = shape.slice(dim + 1).reduce((product, size) => product * size, 1);
  const mirrored = (i: number): number => {
    const at = ((i % (2 * n)) + 2 * n) % (2 * n);
    return at < n ? at : 2 * n - 1 - at;
  };
  return values.map((_, place) => {
    const i = Math.floor(place / step) % n;
    const at = (j: number): number => values[place + (mirrored(j) - i) * step] ?? Number.NaN;
    return weights.reduce((sum, weight, k) => sum + weight * (k === 0 ? at(i) : at(i - k) + at(i + k)), 0);
  });
}

describe("swapPatches", () => {
  const size = [2, 3, 1];
  const pairs = [
    [
      [0, 0, 0],
      [1, 1, 0],
    ],
    [
      [2, 0, 4],
      [0, 2, 3],
    ],
    [
      [1, 1, 2],
      [1, 0, 2],
    ],
  ] as const;

  it("is what copies of both patches, written one after another, give", () => {
    for (const dtype of ["float32", "float64", "int16", "uint8", "bfloat16"] as const) {
      const x = torch
        .arange(2 * 4 * 5 * 6)
        .remainder(251)
        .reshape([2, 4, 5, 6])
        .to({ dtype });
      const before = numbers(x.to({ dtype: "float64" }));
      const wanted = x.clone();
      const at = (start: readonly number[]) =>
        start.reduce((part, n, axis) => part.narrow(axis + 1, n, size[axis] ?? 1), wanted);
      for (const [first, second] of pairs) {
        const [one, other] = [at(first).clone(), at(second).clone()];
        at(second).copy_(one);
        at(first).copy_(other);
      }
      const made = voxels.swapPatches(x, size, pairs);
      expect(made.dtype).toBe(dtype);
      expect(numbers(made.to({ dtype: "float64" }))).toEqual(numbers(wanted.to({ dtype: "float64" })));
      expect(numbers(x.to({ dtype: "float64" }))).toEqual(before);
      const turned = voxels.swapPatches(x.transpose(1, 3).contiguous().transpose(1, 3), size, pairs);
      expect(numbers(turned.to({ dtype: "float64" }))).toEqual(numbers(made.to({ dtype: "float64" })));
    }
  });

  it("refuses what is not within the image", () => {
    const x = torch.zeros([1, 4, 5, 6]);
    expect(() => voxels.swapPatches(x, [5, 1, 1], [])).toThrow("a patch of 5 voxels does not fit into 4");
    expect(() =>
      voxels.swapPatches(
        x,
        [2, 2, 2],
        [
          [
            [0, 0, 0],
            [0, 0, 5],
          ],
        ],
      ),
    ).toThrow("2 voxels from 5 on does not fit into 6");
    expect(() =>
      voxels.swapPatches(
        x,
        [2, 2, 2],
        [
          [
            [0, -1, 0],
            [0, 0, 0],
          ],
        ],
      ),
    ).toThrow("from -1 on");
    expect(() => voxels.swapPatches(x.select(0, 0), [1, 1, 1], [])).toThrow("(C, D, H, W)");
  });
});

describe("addNoise", () => {
  it("adds the numbers of libtorch's generator", () => {
    // fewer than libtorch makes at once, whole groups of 16 and not, about the 624 numbers that the generator makes at once, and beyond
    for (const n of [
      1,
      15,
      16,
      17,
      31,
      32,
      623,
      624,
      625,
      629,
      639,
      641,
      2 * 624 + 5,
      3 * 624,
      5 * 624 - 3,
      40_000,
      40_009,
    ]) {
      for (const [seed, mean, std] of [
        [0, 0, 1],
        [2 ** 52 + 7, -3.3, 0.123],
      ] as const) {
        const x = torch.linspace(-5, 7, n).reshape([1, 1, 1, n]);
        const noise = torch.randn(x.shape, { generator: new torch.Generator().manualSeed(seed) });
        const wanted = noise.mul(std).add(mean).add(x);
        expect(numbers(voxels.addNoise(x, { mean, std, seed }))).toEqual(numbers(wanted));
        expect(numbers(voxels.addNoise(withGradient(x), { mean, std, seed }).detach())).toEqual(numbers(wanted));
      }
    }
  });

  it("is float32, whatever the image is, and takes one that is not contiguous", () => {
    const x = torch.arange(60).reshape([1, 3, 4, 5]);
    const made = voxels.addNoise(x.to({ dtype: "int16" }), { seed: 3 });
    expect(made.dtype).toBe("float32");
    const real = x.to({ dtype: "float32" });
    expect(numbers(voxels.addNoise(real, { seed: 3 }))).toEqual(numbers(made));
    const turned = real.transpose(1, 3).contiguous().transpose(1, 3);
    expect(numbers(voxels.addNoise(turned, { seed: 3 }))).toEqual(numbers(made));
  });
});

describe("signedPower", () => {
  it("is the power, but for the last digits, with the sign of what it was", () => {
    const special = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const sizes = Array.from({ length: 2001 }, (_, i) => Math.fround(1.7 ** ((i - 1000) / 8)));
    const near = [1, 2 ** -149, 2 ** -126, 3.4e38, Math.SQRT1_2, 0.70710677, Math.SQRT2, 1.0000001, 0.99999994];
    const values = [...special, ...sizes, ...near.map(Math.fround), ...sizes.map((value) => -value)];
    for (const gamma of [0.05, 0.7408, 1, 1.3499, 2, 3, 16, 60]) {
      const x = torch.tensor([values, values]);
      const made = voxels.signedPower(x, [gamma, 1]);
      made
        .select(0, 0)
        .toNumbers()
        .forEach((value, i) => {
          const from = Math.fround(values[i] ?? Number.NaN);
          const wanted = Math.sign(from) * Math.abs(from) ** gamma;
          if (!Number.isFinite(from) || from === 0 || Math.abs(wanted) > 3.4028235e38)
            expect(value).toEqual(Math.fround(wanted));
          // an error of the logarithm is made greater by γ, and numbers that are not normal have fewer digits
          else
            expect(Math.abs(value - wanted)).toBeLessThanOrEqual(
              Math.abs(wanted) * (2 ** -23 + Math.min(gamma, 16) * 2 ** -25) + 2 ** -148,
            );
        });
      expect(made.select(0, 1).toNumbers()).toEqual(values.map(Math.fround));
    }
  });

  it("is the same of what is not contiguous, and of what has gradients up to rounding", () => {
    for (const shape of shapes) {
      const x = torch.randn([...shape]);
      const exponents = Array.from({ length: shape[0] ?? 1 }, (_, i) => 1.25 - i / 4);
      const made = voxels.signedPower(x, exponents);
      expect(numbers(voxels.signedPower(x.transpose(1, 3), exponents).transpose(1, 3))).toEqual(numbers(made));
      const other = numbers(voxels.signedPower(withGradient(x), exponents).detach());
      numbers(made).forEach((value, i) => {
        expect(Math.abs(value - (other[i] ?? Number.NaN))).toBeLessThanOrEqual(2 ** -22 * Math.abs(value));
      });
    }
    expect(voxels.signedPower(torch.tensor([[4, -4]]), [-0.5]).toNumbers()).toEqual([0.5, -0.5]);
  });
});
