import { Tensor } from "../../torch/index.ts";
import type { ToDict } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ImagePlace, type Selection, wholeTransform } from "../base.ts";
import type { ImageLike, Transform } from "../types.ts";

/**
 * A transform that changes the named fields and images alike; without `include`, every image. `change` is told whose value it is, for messages, and
 * which image it belongs to, if any.
 */
export function perValue(
  config: ToDict & Selection & { readonly name_: string },
  change: (x: Tensor, place: ImagePlace, image: ImageLike | null) => Tensor,
): Transform {
  const { name_, include, exclude } = config;
  return wholeTransform(config, (target) => {
    const images = new Map(target.namedImages());
    const chosen = include ?? [...images.keys()].filter((key) => !exclude?.includes(key));
    for (const key of chosen) {
      const image = images.get(key);
      const place = new ImagePlace(name_, key, target);
      if (image !== undefined) {
        image.tensor = change(image.tensor, place, image);
        continue;
      }
      const value = target.hasField(key) ? target.getField(key) : undefined;
      if (!(value instanceof Tensor)) {
        const there = [...images.keys(), ...target.fieldNames()].map((k) => `'${k}'`).join(", ");
        throw new ConfigError(
          `${name_}: 'include' names '${key}', which ${value === undefined ? "does not exist" : "is not a tensor"} in ${target.participantId}, ${target.sessionId}. It has ${there}.`,
        );
      }
      target.setField(key, change(value, place, null));
    }
  });
}

/** Of several ways to do it, one must be chosen. @throws ConfigError */
export function exactlyOne(what: string, choices: Readonly<Record<string, boolean>>): void {
  const chosen = Object.keys(choices).filter((key) => choices[key]);
  if (chosen.length === 1) return;
  const list = (names: readonly string[], between: string): string => names.map((key) => `'${key}'`).join(between);
  const got = chosen.length === 0 ? "none" : list(chosen, " and ");
  throw new ConfigError(`${what}: choose exactly one of ${list(Object.keys(choices), ", ")}; got ${got}.`, {
    fieldNames: Object.keys(choices),
  });
}
