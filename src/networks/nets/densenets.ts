import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { DenseNetStack } from "../blocks/densenet.ts";
import { pretrainedShape } from "../blocks/named-options.ts";
import { beginPretrained, putBackPretrained } from "../blocks/pretrained.ts";
import type { NetworkConfig } from "../network-config.ts";
import { DenseNetConfig } from "./densenet.ts";

const schema = z.strictObject(pretrainedShape);
const ours = { inChannels: 3 };
export type NamedDenseNetOptions = Input<typeof schema>;

interface Layers {
  readonly nDenseLayers: readonly number[];
  readonly growthRate: number;
  readonly initFeatures: number;
  readonly file: string;
}

/** What the networks of this file share. */
abstract class NamedDenseNet extends DenseNetStack {
  constructor(config: NetworkConfig & z.output<typeof schema>, { file, ...layers }: Layers) {
    const { numOutputs, outputAct, inChannels } = config;
    super(new DenseNetConfig({ spatialDims: 2, inChannels, numOutputs, outputAct, ...layers }));
    beginPretrained(this, config, { file, rename: renamed, first: "features.conv0.weight", head: "fc." });
  }

  /** Draws the weights anew; those that were pretrained are put back. */
  override resetParameters(): void {
    super.resetParameters();
    putBackPretrained(this);
  }
}

/** What torchvision calls otherwise; older files write `norm.1` for `norm1`. */
function renamed(key: string): string | null {
  if (key.startsWith("classifier.")) return null;
  return key.replace(/(\.denselayer\d+)\.(norm|conv)\.?(\d)\./, "$1.layers.$2$3.");
}

/**
 * Config of {@link DenseNet121}.
 * @example
 * ```ts
 * const config = new DenseNet121Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class DenseNet121Config extends configClass("DenseNet121", schema, { ours }) implements NetworkConfig {
  getObject(): DenseNet121 {
    return new DenseNet121(this);
  }
}
/**
 * A DenseNet of 121 layers (Huang et al., 2017), as torchvision has it: (N, 3, H, W) → (N, numOutputs). Options: `numOutputs`, `outputAct`
 * (none), `inChannels` (3), `pretrained` (false; torchvision's weights, but for the last layer: true, a path, `hf://…` or `{ url, sha256 }`. They are what a reset puts back).
 * @example
 * ```ts
 * using network = new DenseNet121({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 6955906
 * ```
 */
export class DenseNet121 extends NamedDenseNet {
  readonly config: DenseNet121Config;

  constructor(options: NamedDenseNetOptions) {
    const config = DenseNet121Config.of(options);
    super(config, {
      nDenseLayers: [6, 12, 24, 16],
      growthRate: 32,
      initFeatures: 64,
      file: "densenet121-a639ec97.pth",
    });
    this.config = config;
  }
}

/**
 * Config of {@link DenseNet161}.
 * @example
 * ```ts
 * const config = new DenseNet161Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class DenseNet161Config extends configClass("DenseNet161", schema, { ours }) implements NetworkConfig {
  getObject(): DenseNet161 {
    return new DenseNet161(this);
  }
}
/**
 * As {@link DenseNet121}, of 161 layers.
 * @example
 * ```ts
 * using network = new DenseNet161({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 26476418
 * ```
 */
export class DenseNet161 extends NamedDenseNet {
  readonly config: DenseNet161Config;

  constructor(options: NamedDenseNetOptions) {
    const config = DenseNet161Config.of(options);
    super(config, {
      nDenseLayers: [6, 12, 36, 24],
      growthRate: 48,
      initFeatures: 96,
      file: "densenet161-8d451a50.pth",
    });
    this.config = config;
  }
}

/**
 * Config of {@link DenseNet169}.
 * @example
 * ```ts
 * const config = new DenseNet169Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class DenseNet169Config extends configClass("DenseNet169", schema, { ours }) implements NetworkConfig {
  getObject(): DenseNet169 {
    return new DenseNet169(this);
  }
}
/**
 * As {@link DenseNet121}, of 169 layers.
 * @example
 * ```ts
 * using network = new DenseNet169({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 12487810
 * ```
 */
export class DenseNet169 extends NamedDenseNet {
  readonly config: DenseNet169Config;

  constructor(options: NamedDenseNetOptions) {
    const config = DenseNet169Config.of(options);
    super(config, {
      nDenseLayers: [6, 12, 32, 32],
      growthRate: 32,
      initFeatures: 64,
      file: "densenet169-b2777c0a.pth",
    });
    this.config = config;
  }
}

/**
 * Config of {@link DenseNet201}.
 * @example
 * ```ts
 * const config = new DenseNet201Config({ numOutputs: 2, outputAct: "softmax" });
 * console.log(config.inChannels, config.toDict().num_outputs); // → 3 2
 * ```
 */
export class DenseNet201Config extends configClass("DenseNet201", schema, { ours }) implements NetworkConfig {
  getObject(): DenseNet201 {
    return new DenseNet201(this);
  }
}
/**
 * As {@link DenseNet121}, of 201 layers.
 * @example
 * ```ts
 * using network = new DenseNet201({ numOutputs: 2 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 18096770
 * ```
 */
export class DenseNet201 extends NamedDenseNet {
  readonly config: DenseNet201Config;

  constructor(options: NamedDenseNetOptions) {
    const config = DenseNet201Config.of(options);
    super(config, {
      nDenseLayers: [6, 12, 48, 32],
      growthRate: 32,
      initFeatures: 64,
      file: "densenet201-c1103571.pth",
    });
    this.config = config;
  }
}
