/** Convolutions that take in the normalisation behind them, beside the same layers one by one, which a hook on each keeps apart. */

import { describe, expect, it, vi } from "vitest";
import { leavingNoTensor } from "../fixtures/leaving-no-tensor.ts";
import type { Tensor } from "../index.ts";
import * as torch from "../index.ts";
import { nn } from "../index.ts";

/** The same weights and statistics in both, none of them 1 or 0; the second is run layer by layer. */
function twins(make: () => nn.Sequential): [folded: nn.Sequential, inTurn: nn.Sequential] {
  const nets: [nn.Sequential, nn.Sequential] = [make(), make()];
  for (const net of nets) {
    torch.manualSeed(5);
    torch.noGrad(() => {
      for (const parameter of net.parameters()) parameter.uniform_(-0.6, 1);
      for (const buffer of net.buffers()) if (buffer.isFloatingPoint()) buffer.uniform_(0.3, 2);
    });
    net.eval();
  }
  for (const module of nets[1].modules()) module.registerForwardHook(() => undefined);
  return nets;
}

function expectAlike(got: Tensor, expected: Tensor): void {
  expect([got.shape, got.dtype]).toEqual([expected.shape, expected.dtype]);
  // sums of some hundred values in float32, whose terms may be larger than they are
  expect(got.sub(expected).abs().max().item() / expected.abs().max().item()).toBeLessThan(256 * 2 ** -23);
}

const drawn = (shape: readonly number[]) => torch.randn([...shape]);
const cases: [string, () => nn.Sequential, readonly number[]][] = [
  ["1D", () => new nn.Sequential(new nn.Conv1d(3, 5, 3), new nn.BatchNorm1d(5)), [2, 3, 40]],
  [
    "2D with ReLU",
    () => new nn.Sequential(new nn.Conv2d(3, 6, 3, { bias: false }), new nn.BatchNorm2d(6), new nn.ReLU()),
    [2, 3, 20, 21],
  ],
  [
    "2D, groups, stride, LeakyReLU",
    () =>
      new nn.Sequential(
        new nn.Conv2d(4, 6, 3, { groups: 2, stride: 2, padding: 1 }),
        new nn.BatchNorm2d(6),
        new nn.LeakyReLU(0.1),
      ),
    [2, 4, 30, 31],
  ],
  [
    "3D, reflected, PReLU",
    () =>
      new nn.Sequential(
        new nn.Conv3d(5, 6, 3, { padding: 1, paddingMode: "reflect" }),
        new nn.BatchNorm3d(6),
        new nn.PReLU(),
      ),
    [1, 5, 9, 10, 11],
  ],
  [
    "3D without weights of the normalisation",
    () =>
      new nn.Sequential(
        new nn.Conv3d(8, 6, 3, { padding: 1 }),
        new nn.BatchNorm3d(6, { affine: false }),
        new nn.ReLU(),
      ),
    [2, 8, 9, 10, 11],
  ],
];

describe.each(cases)("%s", (_, make, shape) => {
  it("gives what the layers give in turn, and changes none of them", () =>
    leavingNoTensor(() => {
      const [folded, inTurn] = twins(make);
      const x = drawn(shape);
      const before = [...folded.parameters(), ...folded.buffers()].map((t) => t.clone());
      torch.noGrad(() => {
        expectAlike(folded.call(x), inTurn.call(x));
        // with other weights and statistics, those are taken
        for (const net of [folded, inTurn]) for (const t of net.parameters()) t.mul_(0.5);
        expectAlike(folded.call(x), inTurn.call(x));
        for (const net of [folded, inTurn]) for (const t of net.parameters()) t.mul_(2);
      });
      const after = [...folded.parameters(), ...folded.buffers()];
      for (const [i, t] of before.entries()) expect(torch.equal(t, after[i] as Tensor)).toBe(true);
      for (const net of [folded, inTurn]) net.dispose();
    }));

  it("is left where there are gradients, and where the statistics are the batch's", () =>
    leavingNoTensor(() => {
      const [folded, inTurn] = twins(make);
      const x = drawn(shape);
      const [one, two] = [folded, inTurn].map((net) => {
        net.call(x).sum().backward();
        return [...net.parameters()].map((t) => (t.grad as Tensor).clone());
      }) as [Tensor[], Tensor[]];
      const size = Math.max(...two.map((t) => t.abs().max().item()));
      for (const [i, t] of two.entries())
        expect((one[i] as Tensor).sub(t).abs().max().item() / size).toBeLessThan(256 * 2 ** -23);
      torch.noGrad(() => {
        for (const net of [folded, inTurn]) net.train();
        expectAlike(folded.call(x), inTurn.call(x));
        for (const [i, t] of [...inTurn.buffers()].entries()) {
          const own = [...folded.buffers()][i] as Tensor;
          if (t.isFloatingPoint()) expectAlike(own, t);
          else expect(own.item()).toBe(t.item());
        }
      });
      for (const net of [folded, inTurn]) net.dispose();
    }));
});

it.each([2, 3])("the end of a residual block of %s dimensions", (dims) =>
  leavingNoTensor(() => {
    const [Conv, Norm] = dims === 2 ? ([nn.Conv2d, nn.BatchNorm2d] as const) : ([nn.Conv3d, nn.BatchNorm3d] as const);
    const make = () =>
      new nn.Sequential(
        new Conv(6, 6, 3, { padding: 1 }),
        new Norm(6),
        new nn.ReLU(),
        new Conv(6, 6, 3, { padding: 1 }),
        new Norm(6),
      );
    const [folded, inTurn] = twins(make);
    const act = new nn.ReLU();
    const [x, skip] = [1, 2].map(() => drawn([2, 6, 12, 13, 14].slice(0, dims + 2))) as [Tensor, Tensor];
    torch.noGrad(() => {
      const expected = act.call(inTurn.call(x).add(skip));
      expectAlike(folded.residual(x, skip, act), expected);
      // the image itself is what is added, and stays as it was
      const kept = x.clone();
      expectAlike(folded.residual(x, x, act), act.call(inTurn.call(x).add(x)));
      expect(torch.equal(x, kept)).toBe(true);
      // statistics of the batch are updated once
      for (const net of [folded, inTurn]) net.train();
      expectAlike(folded.residual(x, skip, act), act.call(inTurn.call(x).add(skip)));
      const counts = [folded, inTurn].map((net) => (net.at(4) as nn.BatchNorm3d).numBatchesTracked?.item());
      expect(counts[0]).toBe(counts[1]);
    });
    for (const net of [folded, inTurn, act]) net.dispose();
  }),
);

it("does not run the normalisation", () =>
  leavingNoTensor(() => {
    const ran = vi.spyOn(nn.BatchNorm2d.prototype, "forward");
    const nets = twins(() => new nn.Sequential(new nn.Conv2d(4, 8, 3), new nn.BatchNorm2d(8)));
    const x = drawn([1, 4, 16, 16]);
    const counts = nets.map((net) => {
      torch.noGrad(() => net.call(x));
      return ran.mock.calls.length;
    });
    expect(counts).toEqual([0, 1]);
    for (const net of nets) net.dispose();
    ran.mockRestore();
  }));
