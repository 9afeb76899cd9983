import { z } from "zod";
import { configClass, type Input } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { checkSelection, perImage, selectionFields } from "../selection.ts";
import type { Transform, TransformConfig } from "../types.ts";

const schema = z.strictObject({
  ...selectionFields,
  outMin: z.number().nullable().default(null),
  outMax: z.number().nullable().default(null),
});

/** Cuts intensities below `outMin` and above `outMax` (at least one of them). Masks are left alone. As TorchIO's `Clamp`. */
export class ClampConfig extends configClass("Clamp", schema) implements TransformConfig {
  constructor(fields?: Input<typeof schema>) {
    super(fields);
    checkSelection("ClampConfig", this);
    const { outMin, outMax } = this;
    if (outMin === null && outMax === null)
      throw new ConfigError("ClampConfig: neither 'outMin' nor 'outMax' is given. Give one of them.");
    if (outMin !== null && outMax !== null && outMin > outMax) {
      throw new ConfigError(`ClampConfig: 'outMin' got ${outMin}, which is above 'outMax' (${outMax}).`);
    }
  }

  getObject(): Transform {
    return perImage(this.name_, this, { scalarOnly: true }, (image) => {
      image.tensor = image.tensor.clamp(this.outMin, this.outMax);
    });
  }
}
