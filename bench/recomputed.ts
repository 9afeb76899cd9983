/** Steps of networks of blocks, as they are and with blocks that are computed again in the backward pass. usage: recomputed.ts SETTINGS; prints JSON. */
import { checkpointBlocks } from "clinicadl/networks";
import * as nets from "clinicadl/networks/nn";
import * as torch from "clinicadl/torch";

const { short = false } = JSON.parse(process.argv[2] ?? "{}");
const small = { spatialDims: 3, inChannels: 1 } as const;
const size = short ? [16, 16, 16] : [48, 64, 48];
const cube = short ? [16, 16, 16] : [64, 64, 64];
type Network = torch.nn.Module<[torch.Tensor], torch.Tensor>;

const NETWORKS: Record<string, [make: () => Network, shape: readonly number[]]> = {
  ResNet: [() => new nets.ResNet({ ...small, numOutputs: 2 }), [2, 1, ...size]],
  DenseNet: [
    () => new nets.DenseNet({ ...small, numOutputs: 2, nDenseLayers: [3, 4, 3], initFeatures: 16, growthRate: 8 }),
    [2, 1, ...cube],
  ],
  UNet: [() => new nets.UNet({ ...small, outChannels: 2, channels: [16, 32, 64, 128] }), [2, 1, ...size]],
  SegResNet: [() => new nets.SegResNet({ ...small, outChannels: 2, initFilters: 8 }), [2, 1, ...size]],
  MedNeXt: [
    () => new nets.MedNeXt({ ...small, outChannels: 2, initFilters: 8 }) as Network,
    [1, 1, ...(short ? [32, 32, 32] : size)],
  ],
  ViT: [
    () =>
      new nets.ViT({
        inShape: [1, ...cube],
        patchSize: [8, 8, 8],
        numOutputs: 2,
        embeddingDim: 192,
        numLayers: 6,
        numHeads: 6,
        mlpDim: 768,
      }),
    [2, 1, ...cube],
  ],
};

/** The least seconds of three steps after the first, and the most bytes that one holds beside weights and images. */
function measure(network: Network, x: torch.Tensor): { seconds: number; bytes: number } {
  let [seconds, bytes] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i <= (short ? 1 : 3); i++) {
    using _step = torch.scope();
    torch.memory.resetPeakMemoryStats();
    const before = torch.memory.live().bytes;
    const begin = performance.now();
    network.call(x).square().mean().backward();
    if (i > 0) seconds = Math.min(seconds, (performance.now() - begin) / 1000);
    bytes = torch.memory.maxMemoryAllocated() - before;
    network.zeroGrad();
  }
  return { seconds, bytes };
}

const figures: Record<string, object> = {};
for (const [name, [make, shape]] of Object.entries(NETWORKS)) {
  torch.manualSeed(0);
  using network = make();
  network.to({ memoryFormat: "channels_last_3d" });
  using x = torch.randn(shape);
  const kept = measure(network, x);
  using _blocks = checkpointBlocks(network);
  figures[name] = { kept, again: measure(network, x) };
}
process.stdout.write(`${JSON.stringify(figures)}\n`);
