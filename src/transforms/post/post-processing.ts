import { z } from "zod";
import type { DType } from "../../torch/index.ts";
import { dtypes, Tensor } from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { checkSelection, replaceKey, type Selection, selectionFields } from "../selection.ts";
import type { HasImages, Rng, Transform, TransformConfig } from "../types.ts";

const activationsSchema = z.strictObject({
  ...selectionFields,
  sigmoid: z.boolean().default(false),
  softmax: z.boolean().default(false),
  other: z
    .custom<((x: Tensor) => Tensor) | null>(
      (v) => v === null || typeof v === "function",
      "Expected a function of a tensor",
    )
    .default(null),
  dim: z.int().default(0),
});

/**
 * Applies one of `sigmoid`, `softmax` (along `dim`, default 0: the channels) and `other` (a function of a tensor) to the fields and images in
 * `include`; without it, to all images. As MONAI's `Activations`.
 */
export class ActivationsConfig extends configClass("Activations", activationsSchema) implements TransformConfig {
  constructor(fields?: Input<typeof activationsSchema>) {
    super(fields);
    checkSelection("ActivationsConfig", this);
    exactlyOne("ActivationsConfig", { sigmoid: this.sigmoid, softmax: this.softmax, other: this.other !== null });
  }

  getObject(): Transform {
    const { other, dim } = this;
    if (other !== null) return perValue(this.name_, this, other);
    return perValue(this.name_, this, this.sigmoid ? (x) => x.sigmoid() : (x) => x.softmax(dim));
  }
}

const asDiscreteSchema = z.strictObject({
  ...selectionFields,
  argmax: z.boolean().default(false),
  toOnehot: z.int().min(1).nullable().default(null),
  threshold: z.number().nullable().default(null),
  rounding: z.literal("torchrounding").nullable().default(null),
  dtype: z.enum(dtypes).default("float32"),
  dim: z.int().default(0),
});

/**
 * Makes values discrete, in one of four ways: `argmax` along `dim` (default 0: the channels; the dimension stays, with size 1), `toOnehot` (how many
 * classes; `dim` must have size 1), `threshold` (1 where the value is at least that, else 0), `rounding` ("torchrounding": to
 * the nearest whole number, halves to even). The result has `dtype` (float32). As MONAI's `AsDiscrete`.
 */
export class AsDiscreteConfig extends configClass("AsDiscrete", asDiscreteSchema) implements TransformConfig {
  constructor(fields?: Input<typeof asDiscreteSchema>) {
    super(fields);
    checkSelection("AsDiscreteConfig", this);
    const { argmax, toOnehot, threshold, rounding } = this;
    exactlyOne("AsDiscreteConfig", {
      argmax,
      toOnehot: toOnehot !== null,
      threshold: threshold !== null,
      rounding: rounding !== null,
    });
  }

  override toDict(): JsonObject {
    return Object.assign(super.toDict(), { dtype: `torch.${this.dtype}` });
  }

  static override fromDict<T>(this: new (fields?: Input<typeof asDiscreteSchema>) => T, dict: JsonObject): T {
    const plain = replaceKey(dict, "dtype", (v) => (typeof v === "string" ? v.replace(/^torch\./, "") : v));
    return readAsDiscrete.call(this, plain) as T;
  }

  getObject(): Transform {
    const { dim, toOnehot, threshold } = this;
    const dtype: DType = this.dtype;
    return perValue(this.name_, this, (x) => {
      if (this.argmax) return x.argmax(dim, true).to({ dtype });
      if (toOnehot !== null) return oneHot(x, toOnehot, dim).to({ dtype });
      if (threshold !== null) return x.ge(threshold).to({ dtype });
      return x.round().to({ dtype });
    });
  }
}
const readAsDiscrete = (Object.getPrototypeOf(AsDiscreteConfig) as { fromDict: (dict: JsonObject) => unknown })
  .fromDict;

function oneHot(x: Tensor, classes: number, dim: number): Tensor {
  const at = dim < 0 ? dim + x.ndim : dim;
  if (x.shape[at] !== 1) {
    throw new ConfigError(
      `AsDiscrete: 'toOnehot' needs size 1 along dimension ${dim}, got a tensor of shape [${x.shape.join(", ")}]. Take the argmax first.`,
    );
  }
  const shape = x.shape.map((n, i) => (i === at ? classes : n));
  return x.newZeros(shape, { dtype: "float32" }).scatter(at, x.to({ dtype: "int64" }), 1);
}

function exactlyOne(what: string, choices: Readonly<Record<string, boolean>>): void {
  const chosen = Object.keys(choices).filter((key) => choices[key]);
  if (chosen.length !== 1) {
    const got = chosen.length === 0 ? "none" : chosen.map((key) => `'${key}'`).join(" and ");
    throw new ConfigError(
      `${what}: choose exactly one of ${Object.keys(choices)
        .map((key) => `'${key}'`)
        .join(", ")}; got ${got}.`,
    );
  }
}

/** Changes the named fields and images; without `include`, every image. */
function perValue(name: string, selection: Selection, change: (x: Tensor) => Tensor): Transform {
  return {
    name,
    random: false,
    apply<T extends HasImages>(dataPoint: T, _rng: Rng): T {
      const target = selection.copy ? dataPoint.copy() : dataPoint;
      const images = new Map(target.namedImages());
      const chosen = selection.include ?? [...images.keys()].filter((key) => !selection.exclude?.includes(key));
      for (const key of chosen) {
        const image = images.get(key);
        if (image !== undefined) {
          image.tensor = change(image.tensor);
          continue;
        }
        const value = target.hasField(key) ? target.getField(key) : undefined;
        if (!(value instanceof Tensor)) {
          const there = [...images.keys(), ...target.fieldNames()].map((k) => `'${k}'`).join(", ");
          throw new ConfigError(
            `${name}: 'include' names '${key}', which ${value === undefined ? "does not exist" : "is not a tensor"} in ${target.participantId}, ${target.sessionId}. It has ${there}.`,
          );
        }
        target.setField(key, change(value));
      }
      return target;
    },
  };
}
