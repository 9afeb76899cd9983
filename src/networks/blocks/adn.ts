import { nn } from "../../torch/index.ts";
import { type ActivationParameters, buildActivation } from "./activation.ts";
import { dropout as dropoutLayer, type SpatialDims } from "./layers.ts";
import { buildNorm, type NormParameters } from "./normalization.ts";

export interface ADNOptions {
  /** Letters among A (activation), D (dropout), N (normalisation), in the order in which they are applied. */
  readonly ordering: string;
  readonly act: ActivationParameters | null;
  readonly norm: NormParameters | null;
  /** Dimension of the normalisation: 1 for vectors. */
  readonly normDims: SpatialDims;
  /** Probability that an element is zeroed; `null`: no dropout layer. */
  readonly dropout: number | null;
  readonly channels: number;
}

/**
 * Activation, dropout and normalisation in any order, each optional: children `A`, `D`, `N`, as in MONAI.
 * Elements, not whole channels, are dropped.
 * @example
 * ```ts
 * using layers = new ADN({ ordering: "NDA", act: "relu", norm: "batch", normDims: 3, dropout: 0.1, channels: 8 });
 * console.log([...layers.namedChildren()].map(([name]) => name)); // → [ 'N', 'D', 'A' ]
 * ```
 */
export class ADN extends nn.Sequential {
  constructor({ ordering, act, norm, normDims, dropout, channels }: ADNOptions) {
    super();
    for (const letter of ordering) {
      if (letter === "N" && norm !== null) this.addModule("N", buildNorm(norm, normDims, channels));
      if (letter === "A" && act !== null) this.addModule("A", buildActivation(act));
      if (letter === "D" && dropout !== null) this.addModule("D", new (dropoutLayer(1))(dropout));
    }
  }
}
