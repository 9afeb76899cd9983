import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { mednextKernel, mednextShape } from "../blocks/mednext-options.ts";
import { MedNeXtStack } from "../blocks/mednext-stack.ts";
import type { NetworkConfig } from "../network-config.ts";
import { MedNeXtConfig } from "./mednext.ts";

const schema = z.strictObject({
  ...mednextShape,

  /** The kernel of the convolutions of single channels: 3 (default) or 5 in the paper. */
  kernelSize: mednextKernel.default(3),
});
export type NamedMedNeXtOptions = Input<typeof schema>;

interface Layers {
  /** How many times more channels there are inside blocks: on the way down, and at the smallest size. */
  readonly ratios: readonly number[];
  readonly bottleneck: number;
  readonly blocks: readonly number[];
  readonly blocksBottleneck: number;
}

/** What the networks of this file share: they are alike on the way down and up. */
abstract class NamedMedNeXt extends MedNeXtStack {
  constructor(config: z.output<typeof schema>, { ratios, bottleneck, blocks, blocksBottleneck }: Layers) {
    const { spatialDims, inChannels, outChannels, kernelSize, deepSupervision } = config;
    super(
      new MedNeXtConfig({
        spatialDims,
        inChannels,
        outChannels,
        kernelSize,
        deepSupervision,
        encoderExpansionRatio: ratios,
        decoderExpansionRatio: ratios.toReversed(),
        bottleneckExpansionRatio: bottleneck,
        useResidualConnection: true,
        blocksDown: blocks,
        blocksBottleneck,
        blocksUp: blocks.toReversed(),
      }),
    );
  }
}

/**
 * Config of {@link MedNeXtS}.
 * @example
 * ```ts
 * const config = new MedNeXtSConfig({ outChannels: 4, deepSupervision: true });
 * console.log(config.inChannels, config.toDict().out_channels); // → 1 4
 * ```
 */
export class MedNeXtSConfig extends configClass("MedNeXtS", schema) implements NetworkConfig<MedNeXtS> {
  getObject(): MedNeXtS {
    return new MedNeXtS(this);
  }
}
/**
 * The small MedNeXt of the paper (Roy et al., 2023), as MONAI has it: {@link MedNeXt} with residual connections, of 32 channels and 4 halvings.
 * Options: `spatialDims` (3), `inChannels` (1), `outChannels` (2), `kernelSize` (3), `deepSupervision` (false).
 * @example
 * ```ts
 * using network = new MedNeXtS({ inChannels: 1, outChannels: 4 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 5550980
 * ```
 */
export class MedNeXtS extends NamedMedNeXt {
  readonly config: MedNeXtSConfig;

  constructor(options: NamedMedNeXtOptions = {}) {
    const config = MedNeXtSConfig.of(options);
    super(config, { ratios: [2, 2, 2, 2], bottleneck: 2, blocks: [2, 2, 2, 2], blocksBottleneck: 2 });
    this.config = config;
  }
}

/**
 * Config of {@link MedNeXtB}.
 * @example
 * ```ts
 * const config = new MedNeXtBConfig({ outChannels: 4, deepSupervision: true });
 * console.log(config.inChannels, config.toDict().out_channels); // → 1 4
 * ```
 */
export class MedNeXtBConfig extends configClass("MedNeXtB", schema) implements NetworkConfig<MedNeXtB> {
  getObject(): MedNeXtB {
    return new MedNeXtB(this);
  }
}
/**
 * As {@link MedNeXtS}: the base one.
 * @example
 * ```ts
 * using network = new MedNeXtB({ inChannels: 1, outChannels: 4 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 10510916
 * ```
 */
export class MedNeXtB extends NamedMedNeXt {
  readonly config: MedNeXtBConfig;

  constructor(options: NamedMedNeXtOptions = {}) {
    const config = MedNeXtBConfig.of(options);
    super(config, { ratios: [2, 3, 4, 4], bottleneck: 4, blocks: [2, 2, 2, 2], blocksBottleneck: 2 });
    this.config = config;
  }
}

/**
 * Config of {@link MedNeXtM}.
 * @example
 * ```ts
 * const config = new MedNeXtMConfig({ outChannels: 4, deepSupervision: true });
 * console.log(config.inChannels, config.toDict().out_channels); // → 1 4
 * ```
 */
export class MedNeXtMConfig extends configClass("MedNeXtM", schema) implements NetworkConfig<MedNeXtM> {
  getObject(): MedNeXtM {
    return new MedNeXtM(this);
  }
}
/**
 * As {@link MedNeXtS}: the medium one.
 * @example
 * ```ts
 * using network = new MedNeXtM({ inChannels: 1, outChannels: 4 });
 * // weights
 * console.log([...network.parameters()].reduce((sum, weights) => sum + weights.numel(), 0)); // → 17533572
 * ```
 */
export class MedNeXtM extends NamedMedNeXt {
  readonly config: MedNeXtMConfig;

  constructor(options: NamedMedNeXtOptions = {}) {
    const config = MedNeXtMConfig.of(options);
    super(config, { ratios: [2, 3, 4, 4], bottleneck: 4, blocks: [3, 4, 4, 4], blocksBottleneck: 4 });
    this.config = config;
  }
}

/**
 * Config of {@link MedNeXtL}.
 * @example
 * ```ts
 * const config = new MedNeXtLConfig({ outChannels: 4, deepSupervision: true });
 * console.log(config.inChannels, config.toDict().out_channels); // → 1 4
 * ```
 */
export class MedNeXtLConfig extends configClass("MedNeXtL", schema) implements NetworkConfig<MedNeXtL> {
  getObject(): MedNeXtL {
    return new MedNeXtL(this);
  }
}
/** As {@link MedNeXtS}: the large one. */
export class MedNeXtL extends NamedMedNeXt {
  readonly config: MedNeXtLConfig;

  constructor(options: NamedMedNeXtOptions = {}) {
    const config = MedNeXtLConfig.of(options);
    super(config, { ratios: [3, 4, 8, 8], bottleneck: 8, blocks: [3, 4, 8, 8], blocksBottleneck: 8 });
    this.config = config;
  }
}
