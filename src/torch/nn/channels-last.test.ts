import { describe, expect, it } from "vitest";
import { expectClose } from "../fixtures/close.ts";
import * as torch from "../index.ts";
import { nn, type Tensor } from "../index.ts";

/** What a user writes, without a word on memory formats in it. */
class Residual extends nn.Module {
  first: nn.Conv3d;
  norm = new nn.GroupNorm(2, 4);
  second = new nn.Conv3d(4, 4, 3, { padding: 1 });
  skip: nn.Conv3d;
  seen: boolean[] = [];

  constructor(inputs: number) {
    super();
    this.first = new nn.Conv3d(inputs, 4, 3, { padding: 1 });
    this.skip = new nn.Conv3d(inputs, 4, 3, { padding: 1 });
  }
  override forward(x: Tensor): Tensor {
    const parts = [this.first.call(x), this.skip.call(x)] as const;
    const y = this.second.call(this.norm.call(parts[0]).relu()).add(parts[1]);
    this.seen = [...parts, y].map((t) => t.isContiguous("channels_last_3d") && !t.isContiguous());
    return y;
  }
}

describe("a network with channels last", () => {
  for (const inputs of [1, 2]) {
    it(`computes so after one call of 'to', from images of ${inputs} channel(s) as they come, and no more after another`, () => {
      const live = torch.memory.live().tensors;
      {
        using _ = torch.scope();
        torch.manualSeed(1);
        using net = new Residual(inputs);
        const x = torch.randn([2, inputs, 5, 6, 7]);
        const run = () => {
          net.zeroGrad();
          const y = net.call(x);
          y.square().mean().backward();
          return { y: y.detach(), gradients: [...net.parameters()].map((p) => p.grad as Tensor) };
        };
        const usual = run();
        expect(net.seen).toEqual([false, false, false]);
        const strides = x.stride();

        net.to({ memoryFormat: "channels_last_3d" });
        const last = run();
        expect(net.seen).toEqual([true, true, true]);
        expect(x.stride()).toEqual(strides);
        // each layer adds the roundings of its sums
        expectClose(last.y, usual.y, { terms: 4 * 27 * 3, what: "output" });
        for (const [i, gradient] of last.gradients.entries()) {
          expectClose(gradient, usual.gradients[i] as Tensor, { terms: 3 * x.numel() * 4, what: `gradient ${i}` });
        }

        net.to({ memoryFormat: "channels_last" });
        net.call(x);
        expect(net.seen, "a format for images of other dimensions changes nothing").toEqual([true, true, true]);

        net.to({ memoryFormat: "contiguous" });
        expect(torch.equal(run().y, usual.y)).toBe(true);
        expect(net.seen).toEqual([false, false, false]);
        net.zeroGrad();
      }
      expect(torch.memory.live().tensors).toBe(live);
    });
  }

  it("gives gradients with respect to images, takes images without a batch, and 2D ones", () => {
    using _ = torch.scope();
    using conv = new nn.Conv3d(1, 2, 3).to({ memoryFormat: "channels_last_3d" });
    const x = torch.randn([1, 1, 4, 4, 4]).requiresGrad_();
    conv.call(x).sum().backward();
    expect(x.grad?.shape).toEqual([1, 1, 4, 4, 4]);
    expect(conv.call(torch.randn([1, 4, 4, 4])).shape).toEqual([2, 2, 2, 2]);
    using flat = new nn.Conv2d(1, 2, 3).to({ memoryFormat: "channels_last" });
    expect(flat.call(torch.randn([1, 1, 5, 6])).isContiguous("channels_last")).toBe(true);
  });
});
