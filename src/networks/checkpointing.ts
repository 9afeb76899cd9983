import type { nn } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { CNBlock } from "./blocks/convnext.ts";
import { _DenseBlock } from "./blocks/densenet.ts";
import { MedNeXtBlock } from "./blocks/mednext.ts";
import { BasicBlockD, StackedConvBlocks } from "./blocks/res-enc.ts";
import { ResidualBlock } from "./blocks/resnet.ts";
import { ResBlock } from "./blocks/segresnet.ts";
import { SwinTransformerBlock } from "./blocks/swin.ts";
import { ConvBlock, DownBlock, UpBlock } from "./blocks/unet.ts";
import { UnetrBasicBlock, UnetrUpBlock } from "./blocks/unetr.ts";
import { EncoderBlock } from "./blocks/vit.ts";

/** Those that hold most of what a backward pass needs, and give one tensor. */
const BLOCKS = [
  BasicBlockD,
  CNBlock,
  ConvBlock,
  DownBlock,
  EncoderBlock,
  MedNeXtBlock,
  ResBlock,
  ResidualBlock,
  StackedConvBlocks,
  SwinTransformerBlock,
  UnetrBasicBlock,
  UnetrUpBlock,
  UpBlock,
  _DenseBlock,
];

/**
 * Sets `checkpointing` of the blocks of a network: each is computed again in the backward pass, which holds the intermediates of one instead of all. Results
 * and gradients stay what they are, to the last bit. Those of one's own are set by oneself.
 *
 * @returns what ends it. Blocks that recompute already stay so.
 * @throws ConfigError for a network without such blocks: those of `ResNet`, `SEResNet`, `DenseNet`, `UNet`, `AttentionUNet`, `ViT`, `SegResNet`, `SwinUNETR`,
 * `MedNeXt`, `ResEncUNet` and `ConvNeXt` have them; of chains of convolutions, as `CNN` has, little is held that they would free.
 * @example
 * ```ts
 * using network = new ResNet({ spatialDims: 3, inChannels: 1, numOutputs: 2, nResBlocks: [1, 1], nFeatures: [8, 16] });
 * using _ = checkpointBlocks(network);
 * network.call(torch.rand([2, 1, 16, 16, 16])).sum().backward();
 * ```
 */
export function checkpointBlocks(network: nn.AnyModule): Disposable {
  const changed: nn.AnyModule[] = [];
  const found = mark(network, changed);
  if (!found) {
    throw new ConfigError(
      `checkpointing: ${network.constructor.name} has no block that is known here. Set 'checkpointing' of the blocks of your own, ` +
        "or leave the option out: of a chain of convolutions, as in CNN, little is held that it would free.",
    );
  }
  return {
    [Symbol.dispose]() {
      for (const block of changed) block.checkpointing = false;
    },
  };
}

/** Marks the outermost blocks. @returns whether there is one that recomputes. */
function mark(module: nn.AnyModule, changed: nn.AnyModule[]): boolean {
  if (module.checkpointing) return true;
  if (BLOCKS.some((Block) => module instanceof Block)) {
    module.checkpointing = true;
    changed.push(module);
    return true;
  }
  return [...module.children()].map((child) => mark(child, changed)).includes(true);
}
