import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";
import { child } from "./child.ts";

export interface EncoderOptions {
  readonly embeddingDim: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly mlpDim: number;
  /** Of values, and of the weights of attention. */
  readonly dropout: number;
  /** What is added to each patch, by its place (1, patches, embeddingDim); null: it is learnt. */
  readonly posEmbedding: Tensor | null;
  /** How many vectors an image is, the one that stands for all of it included. */
  readonly length: number;
}

const layerNorm = (features: number) => new nn.LayerNorm([features], { eps: 1e-6 });

/** Two linear layers, named as in torchvision. */
class MLPBlock extends nn.Sequential {
  constructor({ embeddingDim, mlpDim, dropout }: EncoderOptions) {
    super(
      new nn.Linear(embeddingDim, mlpDim),
      new nn.GELU(),
      new nn.Dropout(dropout),
      new nn.Linear(mlpDim, embeddingDim),
      new nn.Dropout(dropout),
    );
    this.resetParameters();
  }

  /** Draws what its layers, which have drawn theirs, draw in another way here. */
  resetParameters(): void {
    for (const layer of this) {
      if (!(layer instanceof nn.Linear)) continue;
      nn.init.xavierUniform_(layer.weight);
      if (layer.bias !== null) nn.init.normal_(layer.bias, 0, 1e-6);
    }
  }
}

/** Attention between the vectors, then an MLP on each of them; what each makes is added to what it got. */
export class EncoderBlock extends nn.Module {
  readonly #norm1: nn.LayerNorm;
  readonly #attention: nn.MultiheadAttention;
  readonly #dropout: nn.Dropout;
  readonly #norm2: nn.LayerNorm;
  readonly #mlp: MLPBlock;

  constructor(options: EncoderOptions) {
    super();
    const { embeddingDim, numHeads, dropout } = options;
    this.#norm1 = child(this, "norm1", layerNorm(embeddingDim));
    const attention = new nn.MultiheadAttention(embeddingDim, numHeads, { dropout, batchFirst: true });
    this.#attention = child(this, "self_attention", attention);
    this.#dropout = child(this, "dropout", new nn.Dropout(dropout));
    this.#norm2 = child(this, "norm2", layerNorm(embeddingDim));
    this.#mlp = child(this, "mlp", new MLPBlock(options));
  }

  override forward(x: Tensor): Tensor {
    using sum = this.#attend(x);
    using normed = this.#norm2.call(sum);
    using changed = this.#mlp.call(normed);
    return sum.add(changed);
  }

  #attend(x: Tensor): Tensor {
    using normed = this.#norm1.call(x);
    const [attended] = this.#attention.call(normed, normed, normed, { needWeights: false });
    using made = attended;
    // in evaluation it is what it got, and disposing that twice is no harm
    using kept = this.#dropout.call(made);
    return kept.add(x);
  }
}

/** Adds to each vector what its place is, then passes them through the blocks: `pos_embedding`, `layers.{i}`, `norm`. */
export class Encoder extends nn.Module {
  readonly posEmbedding: nn.Parameter;
  readonly #isLearnt: boolean;
  readonly #dropout: nn.Dropout;
  readonly #layers: nn.ModuleList;
  readonly #norm: nn.LayerNorm;

  constructor(options: EncoderOptions) {
    super();
    const { embeddingDim, numLayers, dropout, posEmbedding, length } = options;
    this.#isLearnt = posEmbedding === null;
    this.posEmbedding = new nn.Parameter(posEmbedding ?? torch.empty([1, length, embeddingDim]), this.#isLearnt);
    this.resetParameters();
    this.#dropout = child(this, "dropout", new nn.Dropout(dropout));
    this.#layers = child(this, "layers", new nn.ModuleList());
    for (let i = 0; i < numLayers; i++) this.#layers.append(new EncoderBlock(options));
    this.#norm = child(this, "norm", layerNorm(embeddingDim));
  }

  /** Draws what is learnt of places. */
  resetParameters(): void {
    if (this.#isLearnt) nn.init.normal_(this.posEmbedding, 0, 0.02);
  }

  override forward(x: Tensor): Tensor {
    const placed = x.add(this.posEmbedding);
    let current = this.#dropout.call(placed);
    if (current !== placed) placed.dispose();
    for (const layer of this.#layers) {
      using before = current;
      current = layer.call(before);
    }
    using last = current;
    return this.#norm.call(last);
  }
}

/**
 * Sines and cosines of the place of each patch along each dimension, in `embeddingDim / (2 · dimensions)` frequencies each
 * (Vaswani et al., 2017), in the order of MONAI. (1, patches, embeddingDim).
 *
 * @param grid how many patches there are along each dimension: 2 or 3 of them.
 */
export function sincosEmbedding(grid: readonly number[], embeddingDim: number): Tensor {
  using _scope = torch.scope();
  const count = embeddingDim / (2 * grid.length);
  const exponents = torch.arange(count, { dtype: "float32" }).div(count);
  const frequencies = torch.pow(10000, exponents).reciprocal();
  const along = grid.map((length, axis) => {
    const places = torch.arange(length, { dtype: "float32" });
    const shaped = places.reshape(grid.map((_, i) => (i === axis ? -1 : 1)));
    return shaped
      .expand([...grid])
      .reshape([-1, 1])
      .mul(frequencies);
  });
  // the first two dimensions come in the other order
  const [first, second, ...rest] = along;
  const ordered = [second, first, ...rest].filter((each) => each !== undefined);
  return torch
    .cat(
      ordered.flatMap((each) => [each.sin(), each.cos()]),
      1,
    )
    .unsqueeze(0)
    .keep();
}
