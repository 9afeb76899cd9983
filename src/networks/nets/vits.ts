import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { pretrainedShape } from "../blocks/named-options.ts";
import { beginPretrained, putBackPretrained } from "../blocks/pretrained.ts";
import { ViTStack } from "../blocks/vit-stack.ts";
import type { NetworkConfig } from "../network-config.ts";
import { ViTConfig } from "./vit.ts";

const schema = z.strictObject(pretrainedShape);
const ours = { inChannels: 3 };
export type NamedViTOptions = Input<typeof schema>;

const BASE = { embeddingDim: 768, numLayers: 12, numHeads: 12, mlpDim: 3072 };
const LARGE = { embeddingDim: 1024, numLayers: 24, numHeads: 16, mlpDim: 4096 };

interface Layers {
  readonly size: typeof BASE;
  readonly patchSize: number;
  readonly file: string;
}

/** What the networks of this file share. */
abstract class NamedViT extends ViTStack {
  constructor(config: NetworkConfig & z.output<typeof schema>, { size, patchSize, file }: Layers) {
    const { numOutputs, outputAct, inChannels } = config;
    super(new ViTConfig({ inShape: [inChannels, 224, 224], patchSize, numOutputs, outputAct, ...size }));
    beginPretrained(this, config, {
      file,
      rename: (key) => renamed(key, numOutputs !== null),
      first: "conv_proj.weight",
      head: "fc.",
    });
  }

  /** Draws the weights anew; those that were pretrained are put back. */
  override resetParameters(): void {
    super.resetParameters();
    putBackPretrained(this);
  }
}

/** What torchvision calls otherwise; older files write `linear_1` for `0`. */
function renamed(key: string, hasToken: boolean): string | null {
  if (key.startsWith("heads.") || (key === "class_token" && !hasToken)) return null;
  return key
    .replace(/^encoder\.layers\.encoder_layer_(\d+)\./, "encoder.layers.$1.")
    .replace(/^encoder\.ln\./, "encoder.norm.")
    .replace(/\.ln_(\d)\./, ".norm$1.")
    .replace(".mlp.linear_1.", ".mlp.0.")
    .replace(".mlp.linear_2.", ".mlp.3.");
}

/**
 * Config of {@link ViTB16}.
 * @example
 * ```ts
 * const config = new ViTB16Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ViTB16Config extends configClass("ViTB16", schema, { ours }) implements NetworkConfig {
  getObject(): ViTB16 {
    return new ViTB16(this);
  }
}
/**
 * The base vision transformer with patches of 16 (Dosovitskiy et al., 2021), as torchvision has it: (N, 3, 224, 224) → (N, numOutputs). Options:
 * `numOutputs`, `outputAct` (none), `inChannels` (3), `pretrained` (false; torchvision's weights, but for the last layer: true, a path, `hf://…` or `{ url, sha256 }`. They are what
 * a reset puts back).
 * @example
 * ```ts
 * using network = new ViTB16({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 85800194
 * ```
 */
export class ViTB16 extends NamedViT {
  readonly config: ViTB16Config;

  constructor(options: NamedViTOptions) {
    const config = ViTB16Config.of(options);
    super(config, { size: BASE, patchSize: 16, file: "vit_b_16-c867db91.pth" });
    this.config = config;
  }
}

/**
 * Config of {@link ViTB32}.
 * @example
 * ```ts
 * const config = new ViTB32Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ViTB32Config extends configClass("ViTB32", schema, { ours }) implements NetworkConfig {
  getObject(): ViTB32 {
    return new ViTB32(this);
  }
}
/** As {@link ViTB16}: the base one with patches of 32. */
export class ViTB32 extends NamedViT {
  readonly config: ViTB32Config;

  constructor(options: NamedViTOptions) {
    const config = ViTB32Config.of(options);
    super(config, { size: BASE, patchSize: 32, file: "vit_b_32-d86f8d99.pth" });
    this.config = config;
  }
}

/**
 * Config of {@link ViTL16}.
 * @example
 * ```ts
 * const config = new ViTL16Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ViTL16Config extends configClass("ViTL16", schema, { ours }) implements NetworkConfig {
  getObject(): ViTL16 {
    return new ViTL16(this);
  }
}
/** As {@link ViTB16}: the large one with patches of 16. */
export class ViTL16 extends NamedViT {
  readonly config: ViTL16Config;

  constructor(options: NamedViTOptions) {
    const config = ViTL16Config.of(options);
    super(config, { size: LARGE, patchSize: 16, file: "vit_l_16-852ce7e3.pth" });
    this.config = config;
  }
}

/**
 * Config of {@link ViTL32}.
 * @example
 * ```ts
 * const config = new ViTL32Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class ViTL32Config extends configClass("ViTL32", schema, { ours }) implements NetworkConfig {
  getObject(): ViTL32 {
    return new ViTL32(this);
  }
}
/** As {@link ViTB16}: the large one with patches of 32. */
export class ViTL32 extends NamedViT {
  readonly config: ViTL32Config;

  constructor(options: NamedViTOptions) {
    const config = ViTL32Config.of(options);
    super(config, { size: LARGE, patchSize: 32, file: "vit_l_32-c7638314.pth" });
    this.config = config;
  }
}
