import { describe, expect, it } from "vitest";
import { leavingNoTensor } from "../fixtures/leaving-no-tensor.ts";
import * as torch from "../index.ts";
import { nn, type Tensor } from "../index.ts";

const cases = [
  { channels: 16, kernel: 3, padding: 1, dilation: 1, size: [2, 6, 7, 9] },
  { channels: 20, kernel: [1, 3, 5], padding: [0, 1, 2], dilation: 1, size: [1, 6, 7, 9] },
  { channels: 3, kernel: [2, 1, 4], padding: 0, dilation: 1, size: [2, 5, 4, 6] },
  { channels: 40, kernel: 7, padding: 3, dilation: 1, size: [1, 8, 3, 5] },
  { channels: 9, kernel: 3, padding: [4, 2, 0], dilation: [2, 1, 3], size: [3, 5, 6, 7] },
  { channels: 8, kernel: [1, 1, 2], padding: [0, 0, 1], dilation: 1, size: [1, 1, 1, 1] },
] as const;

interface Outcome {
  readonly y: Tensor;
  readonly gradients: readonly (Tensor | null)[];
}

/** What the layer makes of an image, and the gradients of image, weight and bias. */
function outcome(layer: nn.Conv3d, image: Tensor, run = (x: Tensor) => layer.call(x)): Outcome {
  const x = image.detach();
  x.requiresGrad = true;
  const y = run(x);
  torch.manualSeed(9);
  y.backward(torch.randn([...y.shape], { dtype: "float64" }).to({ dtype: y.dtype }));
  const gradients = [x, layer.weight, layer.bias].map((leaf) => leaf?.grad?.detach() ?? null);
  layer.zeroGrad();
  return { y: y.detach(), gradients };
}

/** Differences of at most `bound` times the largest value of each. */
function expectAlike(got: Outcome, expected: Outcome, bound: number): void {
  for (const [i, t] of [got.y, ...got.gradients].entries()) {
    const other = [expected.y, ...expected.gradients][i];
    expect([i, t?.shape]).toEqual([i, other?.shape]);
    if (t === null || t === undefined || other === null || other === undefined) continue;
    const difference = t
      .to({ dtype: "float64" })
      .sub(other.to({ dtype: "float64" }))
      .abs()
      .max()
      .item();
    const largest = other.to({ dtype: "float64" }).abs().max().item();
    expect([i, difference <= bound * largest]).toEqual([i, true]);
  }
}

describe.each(cases)("$channels channels, kernels $kernel, padding $padding, dilation $dilation", (shape) => {
  const { channels, kernel, padding, dilation, size } = shape;
  const make = (bias = true) =>
    new nn.Conv3d(channels, channels, kernel, { padding, dilation, groups: channels, bias });
  const image = () => {
    torch.manualSeed(1);
    return torch.randn([size[0], channels, ...size.slice(1)]);
  };
  /** libtorch's own, in float64. */
  const exact = (layer: nn.Conv3d, x: Tensor): Outcome => {
    using twin = make(layer.bias !== null);
    twin.loadStateDict(layer.stateDict());
    twin.to({ dtype: "float64" });
    return outcome(twin, x.to({ dtype: "float64" }));
  };

  it.each([
    ["channels-last", "channels_last_3d"],
    ["contiguous", "contiguous"],
  ] as const)("has the values and gradients of float64, %s", (_, memoryFormat) =>
    leavingNoTensor(() => {
      for (const bias of [true, false]) {
        using layer = make(bias);
        layer.to({ memoryFormat });
        const x = image();
        const got = outcome(layer, x);
        expect(got.y.requiresGrad).toBe(false);
        // a sum of as many products as the image has voxels
        expectAlike(got, exact(layer, x), 2 ** -23 * 8 * Math.sqrt(x.numel() / channels));
      }
    }),
  );

  it("has those of bfloat16 under autocast", () =>
    leavingNoTensor(() => {
      using layer = make();
      layer.to({ memoryFormat: "channels_last_3d" });
      torch.noGrad(() => {
        for (const parameter of layer.parameters()) parameter.copy_(parameter.to({ dtype: "bfloat16" }));
      });
      const x = image().to({ dtype: "bfloat16" }).to({ dtype: "float32" });
      const got = outcome(layer, x, (input) => torch.amp.autocast("cpu", {}, () => layer.call(input)));
      expect([got.y.dtype, ...got.gradients.map((t) => t?.dtype)]).toEqual([
        "bfloat16",
        "float32",
        "float32",
        "float32",
      ]);
      // the result, and the gradient that comes back, are rounded to 8 bits
      expectAlike(got, exact(layer, x), 2 ** -7);
    }));
});

describe("a depthwise convolution", () => {
  const make = () => new nn.Conv3d(4, 4, 3, { padding: 1, groups: 4 });

  it("computes no gradient that nobody wants", () =>
    leavingNoTensor(() => {
      using layer = make();
      layer.weight.requiresGrad = false;
      const [ofImage, ofWeight, ofBias] = outcome(layer, torch.randn([1, 4, 5, 5, 5])).gradients;
      expect([ofImage?.shape, ofWeight, ofBias?.shape]).toEqual([[1, 4, 5, 5, 5], null, [4]]);
    }));

  it("has gradients of gradients", () =>
    leavingNoTensor(() => {
      const second = (dtype: "float32" | "float64"): number[] => {
        torch.manualSeed(3);
        using layer = make();
        layer.to({ dtype });
        const x = torch.randn([1, 4, 4, 4, 4]).to({ dtype });
        x.requiresGrad = true;
        const [first] = torch.autograd.grad([layer.call(x).square().sum()], [x], { createGraph: true });
        (first as Tensor).square().sum().backward();
        return layer.weight.grad?.to({ dtype: "float64" }).flatten().toArray() as number[];
      };
      const expected = second("float64");
      const largest = Math.max(...expected.map(Math.abs));
      for (const [i, value] of second("float32").entries())
        expect(Math.abs(value - (expected[i] as number))).toBeLessThan(largest * 2 ** -23 * 1024);
    }));

  it("leaves to libtorch what is another convolution, and its errors", () => {
    using _ = torch.scope();
    const strided = new nn.Conv3d(4, 4, 3, { groups: 4, stride: 2 });
    expect(outcome(strided, torch.randn([1, 4, 5, 5, 5])).y.shape).toEqual([1, 4, 2, 2, 2]);
    expect(new nn.Conv3d(4, 8, 3, { groups: 4 }).call(torch.randn([1, 4, 3, 3, 3])).shape).toEqual([1, 8, 1, 1, 1]);
    expect(make().call(torch.randn([4, 5, 5, 5])).shape).toEqual([4, 5, 5, 5]);
    expect(() => make().call(torch.randn([1, 3, 5, 5, 5]))).toThrow(/channels/);
  });
});
