import { z } from "zod";
import { configClass, type JsonObject, type JsonValue } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import {
  type HeldTransform,
  readTransforms,
  transformField,
  transformOf,
  transformsField,
  transformToJson,
} from "../like.ts";
import type { HasImages, Rng, Transform, TransformConfig } from "../types.ts";
import { composed } from "./composed.ts";

const WHAT = "OneOf: 'transforms'";
const none = z.null("OneOf has no images of its own: give this to its transforms").default(null);
const schema = z.strictObject({
  /** Of the transforms themselves: null. */
  include: none,

  /** Of the transforms themselves: null. */
  exclude: none,

  /** Whether the data point that was given stays as it is, and a copy is changed; default false. */
  copy: z.boolean().default(false),

  /** Of which one is applied; a list among them is applied as a whole, in order. */
  transforms: z.array(z.union([transformField(WHAT), transformsField(WHAT)])).min(1),

  /** With which share each is chosen, ≥ 0; they need not sum to 1. Default null: all alike. */
  probabilities: z.array(z.number().min(0)).nullable().default(null),

  /** How likely one is applied at all, from 0 to 1; default 1. */
  p: z.number().min(0).max(1).default(1),
});

/**
 * Applies one of `transforms`, or, for a list among them, all of that list, in order. Each is chosen with its share of `probabilities`, which need not
 * sum to 1 (default: equal). With a probability of 1 - `p`, nothing is done (default 1). As TorchIO's `OneOf`.
 *
 * @example
 * ```ts
 * const transforms = [new RandomBlurConfig(), new RandomNoiseConfig()];
 * using sample = await sampleWith({ augmentations: [new OneOfConfig({ transforms, probabilities: [0.25, 0.75] })] });
 * console.log(sample.shape); // → [ 1, 17, 20, 16 ]
 * ```
 */
export class OneOfConfig
  extends configClass("OneOf", schema, {
    ours: { p: 1 },
    readers: { transforms: readChoices },
    finish({ probabilities, ...fields }, what) {
      const shares = probabilities ?? fields.transforms.map(() => 1 / fields.transforms.length);
      if (shares.length !== fields.transforms.length) {
        throw new ConfigError(
          `${what}: 'probabilities' has ${shares.length} numbers, and 'transforms' ${fields.transforms.length}. Give one for each.`,
        );
      }
      if (!shares.some((share) => share > 0)) {
        throw new ConfigError(`${what}: 'probabilities' got ${JSON.stringify(shares)}. At least one must be above 0.`);
      }
      return { ...fields, probabilities: shares };
    },
  })
  implements TransformConfig
{
  override toDict(): JsonObject {
    const transforms = this.transforms.map((choice) =>
      isList(choice) ? choice.map(transformToJson) : transformToJson(choice),
    );
    return Object.assign(super.toDict(), { transforms });
  }

  getObject(): Transform {
    const { name_, probabilities, copy, p } = this;
    const choices = this.transforms.map((choice) =>
      isList(choice) ? composed(name_, choice.map(transformOf)) : transformOf(choice),
    );
    const ends = probabilities.map((_, i) => probabilities.slice(0, i + 1).reduce((sum, share) => sum + share, 0));
    const total = ends.at(-1);
    const last = probabilities.findLastIndex((share) => share > 0);
    return {
      name: name_,
      random: true,
      keepsHistory: true,
      apply<T extends HasImages>(dataPoint: T, rng: Rng): T {
        if (p < 1 && rng.uniform() >= p) return dataPoint;
        const at = rng.uniform(0, total);
        // the sum may round to the last end itself
        const chosen = ends.findIndex((end, i) => at < end || (i === last && at >= end));
        const target = copy ? dataPoint.copy() : dataPoint;
        return choices[chosen]?.apply(target, rng) ?? target;
      },
    };
  }
}

function isList(choice: HeldTransform | HeldTransform[]): choice is HeldTransform[] {
  return Array.isArray(choice);
}

function readChoices(json: JsonValue | undefined): unknown {
  if (!Array.isArray(json)) return json;
  return json.map((choice) => {
    if (Array.isArray(choice)) return readTransforms("OneOf", "transforms", choice);
    return readTransforms("OneOf", "transforms", [choice])[0];
  });
}
