import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { child } from "./child.ts";
import { conv, type SpatialDims } from "./layers.ts";
import { BasicLayer, type StageOptions, type SwinOptions } from "./swin.ts";
import { UnetrBasicBlock } from "./unetr.ts";

export interface SwinTransformerOptions extends SwinOptions {
  readonly spatialDims: SpatialDims;
  readonly inChannels: number;
  readonly featureSize: number;
  readonly depths: readonly number[];
  readonly numHeads: readonly number[];
  readonly dropoutPathRate: number;
  readonly useV2: boolean;
}

/** A convolution that makes a vector of each patch of 2 voxels each way. */
class PatchEmbed extends nn.Module {
  readonly #proj: nn.Layer;

  constructor({ spatialDims, inChannels, featureSize }: SwinTransformerOptions) {
    super();
    this.#proj = child(this, "proj", new (conv(spatialDims))(inChannels, featureSize, 2, { stride: 2 }));
  }

  override forward(x: Tensor): Tensor {
    return this.#proj.call(x);
  }
}

/** Normalises over channels, without weights: (N, C, …). */
function normalized(x: Tensor): Tensor {
  using scope = torch.scope();
  return scope.keep(
    torch
      .layerNorm(x.movedim(1, -1), [x.size(1)])
      .movedim(-1, 1)
      .contiguous(),
  );
}

/** `patch_embed`, `layers{i}`, and with `useV2` a residual block before each, `layers{i}c` (Liu et al., 2021). */
export class SwinTransformer extends nn.Module<[Tensor], Tensor[]> {
  readonly #begin: nn.Sequential;
  readonly #stages: readonly nn.Sequential[];

  constructor(options: SwinTransformerOptions) {
    super();
    const { spatialDims, featureSize, depths, numHeads, dropoutPathRate, useV2 } = options;
    const embed = child(this, "patch_embed", new PatchEmbed(options));
    this.#begin = new nn.Sequential(embed, child(this, "pos_drop", new nn.Dropout(options.dropRate)));
    const lists = depths.map((_, i) => child(this, `layers${i + 1}`, new nn.ModuleList()));
    const before = useV2 ? depths.map((_, i) => child(this, `layers${i + 1}c`, new nn.ModuleList())) : [];
    const total = depths.reduce((sum, depth) => sum + depth, 0);
    let done = 0;
    this.#stages = depths.map((depth, i) => {
      const channels = featureSize * 2 ** i;
      const dropPaths = linspace(dropoutPathRate, total).slice(done, done + depth);
      done += depth;
      const stage: StageOptions = { channels, heads: numHeads[i] ?? 1, dropPaths };
      const layer = new BasicLayer(options, stage);
      lists[i]?.append(layer);
      const list = before[i];
      if (list === undefined) return new nn.Sequential(layer);
      const block = new UnetrBasicBlock({ spatialDims, norm: "instance" }, channels, channels);
      list.append(block);
      return new nn.Sequential(block, layer);
    });
  }

  /** The images after the patches and after each stage, the largest first, each normalised. */
  override forward(x: Tensor): Tensor[] {
    let current = this.#begin.call(x);
    const outputs = [normalized(current)];
    for (const stage of this.#stages) {
      using before = current;
      current = stage.call(before);
      outputs.push(normalized(current));
    }
    current.dispose();
    return outputs;
  }
}

/** From 0 to `end` in `count` float32 numbers, as PyTorch rounds them. */
function linspace(end: number, count: number): number[] {
  using values = torch.linspace(0, end, count, { dtype: "float32" });
  return [...values.toTypedArray()].map(Number);
}
