/** Kernels of our own give the same bits in one thread, in several, and beside a training: `npm test` gives each file one, since files share the cores. */
import { afterEach, expect, it } from "vitest";
import type { Tensor } from "./index.ts";
import * as torch from "./index.ts";
import { nn } from "./index.ts";

const before = torch.getNumThreads();
afterEach(() => torch.setNumThreads(before));

const image = (): Tensor => torch.randn([2, 40, 41, 39]);
const objects = (): Tensor => image().gt(0.3).to({ dtype: "float32" });

function backward(net: nn.Layer, x: Tensor): Tensor[] {
  torch.noGrad(() => {
    for (const parameter of net.parameters()) parameter.uniform_(-0.5, 1);
  });
  const y = net.call(x);
  torch.manualSeed(3);
  y.backward(torch.randn([...y.shape]));
  const leaves = [...(x.requiresGrad ? [x] : []), ...net.parameters()];
  const found = [y.detach(), ...leaves.map((leaf) => leaf.grad as Tensor), ...net.buffers()].map((t) => t.clone());
  net.dispose();
  return found;
}
const net = (channels: number): nn.Sequential =>
  new nn.Sequential(
    new nn.Conv3d(channels, 8, 3, { padding: 1 }),
    new nn.BatchNorm3d(8),
    new nn.ReLU(),
    new nn.MaxPool3d(2),
  );

const kernels: Record<string, () => readonly Tensor[]> = {
  "a first convolution, normalisation, activation and pooling": () => backward(net(1), torch.randn([3, 1, 20, 21, 22])),
  "normalisation, activation and pooling": () =>
    backward(
      new nn.Sequential(new nn.GroupNorm(2, 6), new nn.ReLU(), new nn.MaxPool3d(2)),
      torch.randn([3, 6, 20, 21, 22]).requiresGrad_(),
    ),
  "normalisation and activation": () =>
    backward(
      new nn.Sequential(new nn.InstanceNorm3d(6), new nn.LeakyReLU(0.1)),
      torch.randn([3, 6, 9, 21, 22]).requiresGrad_(),
    ),
  "a depthwise convolution": () =>
    backward(
      new nn.Conv3d(6, 6, 3, { padding: 1, groups: 6, bias: false }),
      torch.randn([3, 6, 9, 21, 22]).requiresGrad_(),
    ),
  resampleVoxels: () => {
    const map = [0.9, 0.1, 0, 1, -0.1, 0.9, 0, 2, 0, 0, 1.1, -1, 0, 0, 0, 1];
    const options = { shape: [38, 40, 42] as const, map, displacement: null, outside: null };
    return ["linear", "nearest"].map((interpolation) => torch.resampleVoxels(image(), { ...options, interpolation }));
  },
  symmetricFilter: () => [torch.voxels.symmetricFilter(image(), [[0.5, 0.25], [0.6, 0.2], [1]])],
  rescale: () => [torch.voxels.rescale(image(), { low: -1, high: 1 })],
  extent: () => [torch.tensor([...torch.voxels.extent(image())])],
  addNoise: () => [torch.voxels.addNoise(image(), { seed: 4 })],
  signedPower: () => [torch.voxels.signedPower(image(), [1.3, 0.7])],
  place: () => [torch.voxels.place(image(), [-2, 3, 1], [44, 40, 30], 7)],
  oneHot: () => [torch.voxels.oneHot(objects(), 2)],
  fillWhere: () => [torch.voxels.fillWhere(image(), objects(), { labels: [1], value: 3 })],
  connectedComponents: () => Object.values(torch.morphology.connectedComponents(objects())),
  distanceTransform: () =>
    (["euclidean", "taxicab", "chessboard"] as const).map((metric) => {
      return torch.morphology.distanceTransform(objects(), { metric });
    }),
  fillHoles: () => [torch.morphology.fillHoles(objects(), [1])],
};

it.each(Object.entries(kernels))("%s", (_, run) => {
  const live = torch.memory.live().tensors;
  {
    using _ = torch.scope();
    const [one, three] = [1, 3].map((threads) => {
      torch.setNumThreads(threads);
      torch.manualSeed(1);
      return run();
    }) as [Tensor[], Tensor[]];
    expect(one.length).toBeGreaterThan(0);
    for (const [i, t] of one.entries()) expect([i, torch.equal(t, three[i] as Tensor)]).toEqual([i, true]);
  }
  expect(torch.memory.live().tensors).toBe(live);
});
