import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { compareTransform, goldenPoint } from "../fixtures/golden.ts";
import { Point } from "../fixtures/point.ts";
import { RandomAnisotropyConfig, Rng } from "../index.ts";

compareTransform("RandomAnisotropy");

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

describe("RandomAnisotropy", () => {
  it("draws one of its axes, each as likely, and a factor from its range", () => {
    using _scope = torch.scope();
    const transform = new RandomAnisotropyConfig({ axes: [0, 2], copy: true }).getObject();
    const point = goldenPoint(["image"]);
    const drawn = Array.from({ length: 300 }, (_, i) => {
      using _inner = torch.scope();
      const [record] = transform.apply(point, new Rng(2, i)).history;
      return z.object({ axes: z.array(z.number()), downsampling: z.number() }).parse(record?.parameters);
    });
    const first = drawn.filter(({ axes }) => axes[0] === 0).length;
    // five standard deviations of a binomial of 300
    expect(Math.abs(first - 150)).toBeLessThan(44);
    expect(drawn.every(({ axes }) => [...axes].sort().join() === "0,2")).toBe(true);
    const factors = drawn.map(({ downsampling }) => downsampling);
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(1.5);
    expect(Math.max(...factors)).toBeLessThanOrEqual(5);
    const mean = factors.reduce((sum, value) => sum + value, 0) / 300;
    expect(Math.abs(mean - 3.25)).toBeLessThan(0.3);
  });

  it("leaves no zeros at the edges, and one thick slice of an image that has room for no more", () => {
    using _scope = torch.scope();
    for (const n of [4, 7, 10]) {
      const point = new Point().add("image", "scalar", torch.full([1, n, n, n], 3), IDENTITY);
      const transform = new RandomAnisotropyConfig({ downsampling: 4.7 }).getObject();
      expect(new Set(transform.apply(point, new Rng(n)).values())).toEqual(new Set([3]));
    }
  });

  it("of a single slice takes an axis within its plane", () => {
    using _scope = torch.scope();
    for (let i = 0; i < 20; i++) {
      const slice = torch.randn([1, 8, 1, 8]);
      const point = new Point().add("image", "scalar", slice, IDENTITY);
      new RandomAnisotropyConfig({ downsampling: 3 }).getObject().apply(point, new Rng(i));
      expect(point.image("image").tensor.shape).toEqual([1, 8, 1, 8]);
      expect(point.values()).not.toEqual(slice.flatten().toNumbers());
    }
    const point = new Point().add("image", "scalar", torch.ones([1, 1, 4, 4]), IDENTITY);
    const { tensor } = point.image("image");
    new RandomAnisotropyConfig({ axes: 0 }).getObject().apply(point, new Rng(1));
    expect(point.image("image").tensor).toBe(tensor);
  });

  it("refuses factors below 1, and axes that are none", () => {
    expect(() => new RandomAnisotropyConfig({ downsampling: 0.5 })).toThrow(/downsampling/);
    expect(() => new RandomAnisotropyConfig({ downsampling: [3, 2] })).toThrow(/smaller number first/);
    expect(() => new RandomAnisotropyConfig({ axes: [3 as never] })).toThrow(/axes/);
  });
});
