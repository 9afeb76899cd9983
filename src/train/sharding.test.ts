import { expect, it } from "vitest";
import { CallbacksHandler } from "../callbacks/index.ts";
import { CrossEntropyLossConfig, DiceLossConfig } from "../losses/index.ts";
import { SegmentationModel } from "../models/index.ts";
import { UNetConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import { ComputationalConfig } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { checkSharding } from "./sharding.ts";

it("refuses a loss for which a network of segmentation runs once more, where there is more than one process", () => {
  const live = torch.memory.live().tensors;
  const callbacks = new CallbacksHandler();
  const config = new ComputationalConfig({ gpu: false, fullyShardedDataParallel: true });
  for (const loss of [new DiceLossConfig({ softmax: true }), new CrossEntropyLossConfig()]) {
    using model = new SegmentationModel({
      network: new UNetConfig({ spatialDims: 3, inChannels: 1, outChannels: 2, channels: [4, 8] }),
      loss,
      optimizer: new AdamConfig(),
    });
    const check = (size: number) => () => checkSharding(config, { model, callbacks, world: { size } });
    expect(check(1)).not.toThrow();
    if (loss instanceof DiceLossConfig) expect(check(2)).not.toThrow();
    else
      expect(check(2)).toThrow(/'fullyShardedDataParallel' is true, but the loss is a mean over voxels.*such as Dice/);
  }
  expect(torch.memory.live().tensors).toBe(live);
});

it("refuses blocks that are computed again, which would not find their weights", () => {
  using model = new SegmentationModel({
    network: new UNetConfig({ spatialDims: 3, inChannels: 1, outChannels: 2, channels: [4, 8] }),
    loss: new DiceLossConfig({ softmax: true }),
    optimizer: new AdamConfig(),
  });
  const config = new ComputationalConfig({ gpu: false, fullyShardedDataParallel: true, checkpointing: true });
  expect(() => checkSharding(config, { model, callbacks: new CallbacksHandler(), world: { size: 2 } })).toThrow(
    /'checkpointing' is, too/,
  );
});
