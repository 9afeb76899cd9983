import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../fixtures/nothing-left.ts";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

interface Dumped {
  readonly shape: number[];
  readonly data: number[];
}
interface ClipCase {
  readonly maxNorm: number;
  readonly normType: string;
  readonly gradients: (Dumped | null)[];
  readonly norm: Dumped;
  readonly clipped: (Dumped | null)[];
}
const { clips } = JSON.parse(readFileSync(new URL("golden/nn.json", import.meta.url), "utf8")) as { clips: ClipCase[] };

const load = ({ shape, data }: Dumped): Tensor => torch.fromTypedArray(Float32Array.from(data), shape);

function expectClose(tensor: Tensor | null, wanted: Dumped | null): void {
  expect(tensor === null).toBe(wanted === null);
  if (tensor === null || wanted === null) return;
  expect(tensor.shape).toEqual(wanted.shape);
  const got = Array.from(tensor.toTypedArray() as Float32Array);
  // a norm of ten float32 values, and one product with it
  for (const [i, value] of wanted.data.entries())
    expect(Math.abs((got[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(20 * 2 ** -24 * Math.abs(value));
}

expectNothingLeft();

/** Parameters with the gradients 3 and [0, -4]: together of norm 5. */
function parameters(): Tensor[] {
  const a = torch.tensor([1]).requiresGrad_();
  const b = torch.tensor([[2, 3]]).requiresGrad_();
  a.grad = torch.tensor([3]);
  b.grad = torch.tensor([[0, -4]]);
  return [a, b];
}

describe("clipGradNorm_", () => {
  it.each(clips)("is PyTorch's: $maxNorm of type $normType", (c) => {
    using _scope = torch.scope();
    const params = c.gradients.map((gradient, i) => {
      const p = torch.zeros(gradient?.shape ?? [c.clipped.length + i]).requiresGrad_();
      if (gradient !== null) p.grad = load(gradient);
      return p;
    });
    const live = torch.memory.live().tensors;
    const normType = c.normType === "inf" ? Number.POSITIVE_INFINITY : Number(c.normType);
    const norm = nn.utils.clipGradNorm_(params.values(), c.maxNorm, { normType });
    expect(torch.memory.live().tensors - live).toBe(1);
    expectClose(norm, c.norm);
    for (const [i, p] of params.entries()) expectClose(p.grad, c.clipped[i] ?? null);
  });

  it("takes one tensor, or none with a gradient", () => {
    using _scope = torch.scope();
    const [a] = parameters();
    if (a === undefined) throw new Error();
    expect(nn.utils.clipGradNorm_(a, 6).item()).toBe(3);
    expect(nn.utils.clipGradNorm_([torch.zeros([1])], 1).item()).toBe(0);
  });

  it("refuses what it cannot clip, and leaves it as it is", () => {
    using _scope = torch.scope();
    const [a] = parameters();
    if (a === undefined) throw new Error();
    a.grad = torch.tensor([Number.POSITIVE_INFINITY]);
    expect(() => nn.utils.clipGradNorm_([a], 1, { errorIfNonfinite: true })).toThrow("is Infinity, so they");
    expect(a.grad?.toArray()).toEqual([Number.POSITIVE_INFINITY]);
    expect(() => nn.utils.clipGradNorm_([a], 1, ...([2] as unknown as []))).toThrow("{ normType: 2 }");
    expect(() => nn.utils.clipGradNorm_([a], "1" as never)).toThrow("'maxNorm' got '1'");
    using layer = new nn.ReLU();
    expect(() => nn.utils.clipGradNorm_(layer as never, 1)).toThrow("Expected tensors, such as net.parameters()");
    expect(() => nn.utils.clipGradNorm_([1] as never, 1)).toThrow("a parameter got 1. Expected a Tensor");
  });
});

describe("others", () => {
  it("clipGradValue_ brings each value into an interval", () => {
    using _scope = torch.scope();
    const params = parameters();
    nn.utils.clipGradValue_(params, 3.5);
    expect(params.map((p) => p.grad?.toArray())).toEqual([[3], [[0, -3.5]]]);
  });

  it("parameters become a vector, with gradients, and come back from one", () => {
    using _scope = torch.scope();
    const params = parameters();
    const vector = nn.utils.parametersToVector(params.values());
    expect(vector.toArray()).toEqual([1, 2, 3]);
    vector.sum().backward();
    expect(params[1]?.grad?.toArray()).toEqual([[1, -3]]);
    nn.utils.vectorToParameters(torch.tensor([7, 8, 9]), params);
    expect(params.map((p) => p.toArray())).toEqual([[7], [[8, 9]]]);
    expect(params.every((p) => p.requiresGrad && p.isLeaf)).toBe(true);
    expect(() => nn.utils.vectorToParameters(torch.zeros([4]), params)).toThrow("has shape [4], and the parameters 3");
    expect(() => nn.utils.vectorToParameters([1, 2, 3] as never, params)).toThrow("Expected a Tensor");
    expect(params[0]?.toArray()).toEqual([7]);
    expect(() => nn.utils.parametersToVector([])).toThrow("there are no parameters");
  });
});
