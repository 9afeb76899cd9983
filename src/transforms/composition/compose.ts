import { z } from "zod";
import { configClass, type JsonObject } from "../../utils/config.ts";
import { readTransforms, transformsField, transformToJson } from "../like.ts";
import type { Transform, TransformConfig } from "../types.ts";
import { composed } from "./composed.ts";

const schema = z.strictObject({
  transforms: transformsField("Compose: 'transforms'"),
  copy: z.boolean().default(false),
  p: z.number().min(0).max(1).default(1),
});

/**
 * Applies `transforms` one after the other; with a probability of 1 - `p`, none of them (default 1: always). As TorchIO's `Compose`.
 * ClinicaDL has no config for it.
 */
export class ComposeConfig
  extends configClass("Compose", schema, {
    ours: { p: 1 },
    readers: { transforms: (json) => readTransforms("Compose", "transforms", json) },
  })
  implements TransformConfig
{
  override toDict(): JsonObject {
    return Object.assign(super.toDict(), { transforms: this.transforms.map(transformToJson) });
  }

  getObject(): Transform {
    return composed(this.name_, this.transforms, this);
  }
}
