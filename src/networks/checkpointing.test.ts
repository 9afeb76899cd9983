import { describe, expect, it } from "vitest";
import { leavingNoTensor } from "../torch/fixtures/leaving-no-tensor.ts";
import * as torch from "../torch/index.ts";
import { checkpointBlocks } from "./checkpointing.ts";
import * as networks from "./index.ts";

const small = { spatialDims: 3, inChannels: 1 } as const;
const image = [2, 1, 16, 16, 16];
const deep = { deepSupervision: true } as const;

/** A network with each kind of block, and the shape of its input. */
const NETWORKS: Record<string, [make: () => torch.nn.AnyModule, shape: readonly number[]]> = {
  ResNet: [() => new networks.ResNet({ ...small, numOutputs: 2, nResBlocks: [1, 1], nFeatures: [8, 16] }), image],
  "ResNet of bottlenecks": [
    () =>
      new networks.ResNet({ ...small, numOutputs: 2, nResBlocks: [2, 1], nFeatures: [8, 16], blockType: "bottleneck" }),
    image,
  ],
  SEResNet: [
    () => new networks.SEResNet({ ...small, numOutputs: 2, nResBlocks: [1, 1], nFeatures: [8, 16], seReduction: 4 }),
    image,
  ],
  DenseNet: [
    () =>
      new networks.DenseNet({
        ...small,
        numOutputs: 2,
        nDenseLayers: [2, 2],
        initFeatures: 8,
        growthRate: 4,
        dropout: 0.3,
      }),
    image,
  ],
  UNet: [() => new networks.UNet({ ...small, outChannels: 2, channels: [4, 8, 16], dropout: 0.2 }), image],
  AttentionUNet: [() => new networks.AttentionUNet({ ...small, outChannels: 2, channels: [4, 8] }), image],
  ViT: [
    () =>
      new networks.ViT({
        inShape: image.slice(1),
        patchSize: [8, 8, 8],
        numOutputs: 2,
        embeddingDim: 16,
        numLayers: 2,
        numHeads: 2,
        mlpDim: 32,
        dropout: 0.1,
      }),
    image,
  ],
  SegResNet: [
    () => new networks.SegResNet({ ...small, outChannels: 2, initFilters: 8, blocksDown: [1, 1], blocksUp: [1] }),
    image,
  ],
  SwinUNETR: [() => new networks.SwinUNETR({ ...small, outChannels: 2, featureSize: 12 }), [1, 1, 32, 32, 64]],
  MedNeXt: [
    () =>
      new networks.MedNeXt({
        ...small,
        ...deep,
        outChannels: 2,
        initFilters: 4,
        encoderExpansionRatio: [2, 2],
        decoderExpansionRatio: [2, 2],
        blocksDown: [1, 1],
        blocksBottleneck: 1,
        blocksUp: [1, 1],
      }),
    image,
  ],
  ResEncUNet: [
    () => new networks.ResEncUNet({ ...small, ...deep, outChannels: 2, featuresPerStage: [4, 8, 16] }),
    image,
  ],
  ConvNeXt: [
    () =>
      new networks.ConvNeXt({ ...small, numOutputs: 2, nBlocks: [1, 1], nFeatures: [8, 16], stochasticDepthProb: 0.5 }),
    [2, 1, 32, 32, 32],
  ],
};

/** Output, gradients, buffers and the next random number of a forward and a backward pass. */
function outcome(make: () => torch.nn.AnyModule, shape: readonly number[], recomputes: boolean): number[][] {
  using _ = torch.scope();
  torch.manualSeed(4);
  using network = make() as torch.nn.Module<[torch.Tensor], torch.Tensor | readonly torch.Tensor[]>;
  using _blocks = recomputes ? checkpointBlocks(network) : null;
  const x = torch.randn(shape).requiresGrad_();
  const outputs = [network.call(x)].flat();
  outputs
    .map((output) => output.pow(2).sum())
    .reduce((sum, one) => sum.add(one))
    .backward();
  const gradients = [x, ...network.parameters()].map(({ grad }) => grad);
  const tensors = [...outputs, ...gradients, ...network.buffers(), torch.randn([2])];
  return tensors.map((tensor) => tensor?.toNumbers() ?? []);
}

describe("blocks that are computed again give the same bits", () => {
  it.each(Object.entries(NETWORKS))("%s", (_name, [make, shape]) => {
    leavingNoTensor(() => {
      const kept = outcome(make, shape, false);
      expect(kept.flat().every(Number.isFinite)).toBe(true);
      expect(outcome(make, shape, true)).toEqual(kept);
    });
  });
});

it("hold the intermediates of one block", () => {
  using _ = torch.scope();
  using network = new networks.ViT({
    inShape: image.slice(1),
    patchSize: [2, 2, 2],
    numOutputs: 2,
    embeddingDim: 32,
    numLayers: 8,
    numHeads: 2,
    mlpDim: 128,
  });
  const peak = () => {
    using _step = torch.scope();
    const x = torch.randn(image);
    torch.memory.resetPeakMemoryStats();
    const { bytes } = torch.memory.live();
    network.call(x).sum().backward();
    network.zeroGrad();
    return torch.memory.maxMemoryAllocated() - bytes;
  };
  peak();
  const kept = peak();
  using _blocks = checkpointBlocks(network);
  // of 8 blocks what goes in, and of one all: 8 widths of tokens at least in its norms, attention and MLP
  expect(peak()).toBeLessThan(kept / 2);
});

it("what recomputed already stays so, and what has no block is told", () => {
  using _ = torch.scope();
  using network = new networks.UNet({ ...small, outChannels: 2, channels: [4, 8] });
  const recomputing = () => [...network.modules()].filter(({ checkpointing }) => checkpointing).length;
  const [first] = network.children();
  if (first !== undefined) first.checkpointing = true;
  checkpointBlocks(network)[Symbol.dispose]();
  expect(recomputing()).toBe(1);
  using cnn = new networks.CNN({
    inShape: [1, 8, 8, 8],
    numOutputs: 2,
    convArgs: { channels: [4] },
  });
  expect(() => checkpointBlocks(cnn)).toThrow(/CNN has no block.*of your own/);
});
