import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { child } from "./child.ts";
import { DropPath } from "./drop-path.ts";
import { partition, relativePositions, reverse, type Windows, windowMask, windowsOf } from "./windows.ts";

export interface SwinOptions {
  readonly windowSize: readonly number[];
  readonly qkvBias: boolean;
  readonly mlpRatio: number;
  readonly dropRate: number;
  readonly attnDropRate: number;
  readonly downsample: "merging" | "mergingv2";
}

/** Attention between the places of each window, which counts how far they are from each other; named as in MONAI. */
class WindowAttention extends nn.Module<[Tensor, Tensor | null], Tensor> {
  readonly #heads: number;
  readonly #table: nn.Parameter;
  readonly #index: Tensor;
  readonly #qkv: nn.Linear;
  readonly #attnDrop: nn.Dropout;
  readonly #proj: nn.Linear;
  readonly #projDrop: nn.Dropout;

  constructor({ windowSize, qkvBias, dropRate, attnDropRate }: SwinOptions, channels: number, heads: number) {
    super();
    this.#heads = heads;
    const distances = windowSize.reduce((product, length) => product * (2 * length - 1), 1);
    this.#table = new nn.Parameter(torch.zeros([distances, heads]));
    this.registerParameter("relative_position_bias_table", this.#table);
    this.#index = relativePositions(windowSize);
    this.registerBuffer("relative_position_index", this.#index);
    this.#qkv = child(this, "qkv", new nn.Linear(channels, channels * 3, { bias: qkvBias }));
    this.#attnDrop = child(this, "attn_drop", new nn.Dropout(attnDropRate));
    this.#proj = child(this, "proj", new nn.Linear(channels, channels));
    this.#projDrop = child(this, "proj_drop", new nn.Dropout(dropRate));
    this.resetParameters();
  }

  /** Draws what distances count. */
  resetParameters(): void {
    nn.init.truncNormal_(this.#table, { std: 0.02 });
  }

  /** @param mask (windows, places, places), added to the attention; null: none. */
  override forward(x: Tensor, mask: Tensor | null): Tensor {
    using scope = torch.scope();
    const [windows = 1, places = 1, channels = 1] = x.shape;
    const heads = this.#heads;
    const shape = [windows, places, 3, heads, channels / heads];
    const [q, k, v] = this.#qkv.call(x).reshape(shape).permute([2, 0, 3, 1, 4]).unbind(0);
    if (q === undefined || k === undefined || v === undefined) throw new RangeError("there are three");
    const scores = q
      .mul((channels / heads) ** -0.5)
      .matmul(k.transpose(-2, -1))
      .add(this.#bias(places));
    const attention = this.#attnDrop.call(masked(scores, mask).softmax(-1)).to({ dtype: v.dtype });
    const mixed = attention.matmul(v).transpose(1, 2).reshape([windows, places, channels]);
    return scope.keep(this.#projDrop.call(this.#proj.call(mixed)));
  }

  /** By head: (1, heads, places, places). A smaller window has the first rows of the index, as in MONAI. */
  #bias(places: number): Tensor {
    const index = this.#index.narrow(0, 0, places).narrow(1, 0, places).reshape([-1]);
    const bias = this.#table.indexSelect(0, index).reshape([places, places, -1]);
    return bias.permute([2, 0, 1]).unsqueeze(0);
  }
}

/** Attention (N · windows, heads, places, places) with what its windows' mask adds. */
function masked(scores: Tensor, mask: Tensor | null): Tensor {
  if (mask === null) return scores;
  const [windows = 1, heads = 1, places = 1] = scores.shape;
  const perImage = mask.size(0);
  const added = scores.reshape([windows / perImage, perImage, heads, places, places]).add(mask.unsqueeze(1));
  return added.reshape([windows, heads, places, places]);
}

/** Two linear layers, named as in MONAI. */
class MLPBlock extends nn.Module {
  readonly #layers: nn.Sequential;

  constructor(channels: number, inner: number, dropRate: number) {
    super();
    const linear1 = child(this, "linear1", new nn.Linear(channels, inner));
    const linear2 = child(this, "linear2", new nn.Linear(inner, channels));
    const act = child(this, "fn", new nn.GELU());
    const drop = child(this, "drop1", new nn.Dropout(dropRate));
    child(this, "drop2", drop);
    this.#layers = new nn.Sequential(linear1, act, drop, linear2, drop);
  }

  override forward(x: Tensor): Tensor {
    return this.#layers.call(x);
  }
}

/** Attention in windows, then an MLP on each place; what each makes is added to what it got: (N, ...size, C). */
export class SwinTransformerBlock extends nn.Module<[Tensor, Tensor | null], Tensor> {
  readonly #windowSize: readonly number[];
  readonly #shifted: boolean;
  readonly #norm1: nn.LayerNorm;
  readonly #attn: WindowAttention;
  readonly #dropPath: nn.Layer;
  readonly #norm2: nn.LayerNorm;
  readonly #mlp: MLPBlock;

  constructor(
    options: SwinOptions,
    { channels, heads, dropPath, shifted }: { channels: number; heads: number; dropPath: number; shifted: boolean },
  ) {
    super();
    this.#windowSize = options.windowSize;
    this.#shifted = shifted;
    this.#norm1 = child(this, "norm1", new nn.LayerNorm([channels]));
    this.#attn = child(this, "attn", new WindowAttention(options, channels, heads));
    this.#dropPath = child(this, "drop_path", dropPath > 0 ? new DropPath(dropPath) : new nn.Identity());
    this.#norm2 = child(this, "norm2", new nn.LayerNorm([channels]));
    this.#mlp = child(this, "mlp", new MLPBlock(channels, Math.floor(channels * options.mlpRatio), options.dropRate));
  }

  override forward(x: Tensor, mask: Tensor | null): Tensor {
    using scope = torch.scope();
    const attended = x.add(this.#dropPath.call(this.#attend(x, mask)));
    return scope.keep(attended.add(this.#dropPath.call(this.#mlp.call(this.#norm2.call(attended)))));
  }

  #attend(x: Tensor, mask: Tensor | null): Tensor {
    const size = x.shape.slice(1, -1);
    const { window, shift, padded } = windowsOf(size, this.#windowSize, this.#shifted);
    const axes = size.map((_, i) => i + 1);
    const moves = shift.some((by) => by > 0);
    const missing = padded.map((length, i) => length - (size[i] ?? length));
    const pads = [0, 0, ...missing.toReversed().flatMap((length) => [0, length])];
    const normed = torch.constantPadNd(this.#norm1.call(x), pads);
    const moved = moves
      ? normed.roll(
          shift.map((by) => -by),
          axes,
        )
      : normed;
    const attended = this.#attn.call(partition(moved, window), moves ? mask : null);
    let image = reverse(attended, window, padded);
    if (moves) image = image.roll(shift, axes);
    for (const [i, length] of size.entries()) image = image.narrow(i + 1, 0, length);
    return image;
  }
}

/** Halves the size, and puts the places that become one beside each other, in the order of MONAI; then halves the channels' number. */
class PatchMerging extends nn.Module {
  readonly #corners: readonly (readonly number[])[];
  readonly #reduction: nn.Linear;
  readonly #norm: nn.LayerNorm;

  constructor({ downsample, windowSize }: SwinOptions, channels: number) {
    super();
    this.#corners = corners(windowSize.length, downsample);
    const all = channels * this.#corners.length;
    this.#reduction = child(this, "reduction", new nn.Linear(all, channels * 2, { bias: false }));
    this.#norm = child(this, "norm", new nn.LayerNorm([all]));
  }

  override forward(x: Tensor): Tensor {
    using scope = torch.scope();
    const size = x.shape.slice(1, -1);
    const even = torch.constantPadNd(x, [0, 0, ...size.toReversed().flatMap((length) => [0, length % 2])]);
    const parts = this.#corners.map((corner) =>
      corner.reduce((part, start, i) => part.slice(i + 1, start, null, 2), even),
    );
    return scope.keep(this.#reduction.call(this.#norm.call(torch.cat(parts, -1))));
  }
}

/** "merging" has another order in 3 dimensions: that of MONAI 0.9, with which its weights were trained. */
function corners(dims: number, downsample: "merging" | "mergingv2"): readonly (readonly number[])[] {
  const bits = [0, 1];
  if (dims === 2) return bits.flatMap((i) => bits.map((j) => [j, i]));
  if (downsample === "mergingv2") return bits.flatMap((i) => bits.flatMap((j) => bits.map((k) => [i, j, k])));
  return ["000", "100", "010", "001", "110", "101", "011", "111"].map((corner) => [...corner].map(Number));
}

export interface StageOptions {
  readonly channels: number;
  readonly heads: number;
  /** The probability with which each block drops what it makes. */
  readonly dropPaths: readonly number[];
}

/** Blocks of which every second one moves its windows, then a halving: (N, C, …) → (N, 2C, …). */
export class BasicLayer extends nn.Module {
  readonly #windowSize: readonly number[];
  readonly #blocks: nn.ModuleList<SwinTransformerBlock>;
  readonly #downsample: PatchMerging;

  constructor(options: SwinOptions, { channels, heads, dropPaths }: StageOptions) {
    super();
    this.#windowSize = options.windowSize;
    const blocks = dropPaths.map(
      (dropPath, i) => new SwinTransformerBlock(options, { channels, heads, dropPath, shifted: i % 2 === 1 }),
    );
    this.#blocks = child(this, "blocks", new nn.ModuleList(blocks));
    this.#downsample = child(this, "downsample", new PatchMerging(options, channels));
  }

  override forward(x: Tensor): Tensor {
    using scope = torch.scope();
    const windows: Windows = windowsOf(x.shape.slice(2), this.#windowSize, true);
    const mask = windows.shift.some((by) => by > 0) ? windowMask(windows, x.device) : null;
    let image = x.movedim(1, -1);
    for (const block of this.#blocks) {
      using before = image;
      image = block.call(before, mask);
    }
    return scope.keep(this.#downsample.call(image).movedim(-1, 1).contiguous());
  }
}
