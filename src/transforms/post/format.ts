import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { Tensor } from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ImagePlace, transformConfig, wholeTransform } from "../base.ts";
import type { HasImages, Transform, TransformConfig } from "../types.ts";
import { dtypeOption } from "./dtype.ts";

const dimension = z.int().min(0);

/**
 * Changes the type or the shape of the fields and images in `include`; without it, of all images and all fields that are tensors. Numbers, booleans and
 * lists of them become tensors. ClinicaDL's own.
 *
 * - `dtype`: "float32", "int64" …. Default null: as it is.
 * - `squeeze`: true takes away all dimensions of size 1; one number or a list, these, where their size is 1. Default false.
 * - `unsqueeze`: where a dimension of size 1 is put in, after that. Default null: none is.
 *
 * @throws ImageError, naming the participant, when there is no such dimension, or an image would not have the shape (C, D, H, W) any more.
 * @example
 * ```ts
 * using batch = batchOf([[[[[0.25, 0.75]]]]], [[[[[0, 1]]]]]);
 * const [sample] = batch.samples;
 * if (sample !== undefined) new FormatConfig({ include: ["output"], dtype: "float64" }).getObject().apply(sample, new Rng(0));
 * console.log(sample?.getField("output")); // → tensor([[[[0.2500, 0.7500]]]], dtype=torch.float64)
 * ```
 */
export class FormatConfig
  extends transformConfig("Format", {
    dtype: dtypeOption.nullable().default(null),
    squeeze: z.union([z.boolean(), dimension, z.array(dimension)]).default(false),
    unsqueeze: dimension.nullable().default(null),
  })
  implements TransformConfig
{
  override toDict(): JsonObject {
    return Object.assign(super.toDict(), { dtype: this.dtype === null ? null : `torch.${this.dtype}` });
  }

  getObject(): Transform {
    return wholeTransform(this, (point) => {
      const images = new Map(point.namedImages());
      for (const key of this.include ?? this.#keys(point)) {
        const place = new ImagePlace(this.name_, key, point);
        const image = images.get(key);
        if (image === undefined) {
          point.setField(key, this.#format(tensorOf(this.name_, point, key), place));
          continue;
        }
        const tensor = this.#format(image.tensor, place);
        if (tensor.ndim !== 4) {
          throw place.error(
            `would have the shape (${tensor.shape.join(", ")}), and an image has (C, D, H, W). Leave out 'squeeze' and 'unsqueeze', or choose fields with 'include'.`,
          );
        }
        image.tensor = tensor;
      }
    });
  }

  #keys(point: HasImages): string[] {
    const tensors = [...point.fieldNames()].filter((name) => point.getField(name) instanceof Tensor);
    const all = [...new Map(point.namedImages()).keys(), ...tensors];
    return all.filter((key) => !this.exclude?.includes(key));
  }

  #format(value: Tensor, place: ImagePlace): Tensor {
    const { squeeze, unsqueeze, dtype } = this;
    let shape = [...value.shape];
    if (squeeze === true) shape = shape.filter((n) => n !== 1);
    else if (squeeze !== false) {
      const dimensions = [squeeze].flat();
      // to PyTorch a single number has one dimension
      const missing = dimensions.find((at) => at >= Math.max(shape.length, 1));
      if (missing !== undefined) throw dimensionError(place, "squeeze", missing, shape);
      shape = shape.filter((n, at) => n !== 1 || !dimensions.includes(at));
    }
    if (unsqueeze !== null) {
      if (unsqueeze > shape.length) throw dimensionError(place, "unsqueeze", unsqueeze, shape);
      shape.splice(unsqueeze, 0, 1);
    }
    const formed = value.reshape(shape);
    return dtype === null ? formed : formed.to({ dtype });
  }
}

function dimensionError(place: ImagePlace, option: string, at: number, shape: readonly number[]): Error {
  return place.error(
    `has the shape (${shape.join(", ")}), and '${option}' names dimension ${at}: they are counted from 0.`,
  );
}

const numbers = z.union([z.number(), z.boolean(), z.array(z.number()).min(1), z.array(z.boolean()).min(1)]);

/** A field, as a tensor. */
function tensorOf(what: string, point: HasImages, key: string): Tensor {
  const value = point.hasField(key) ? point.getField(key) : undefined;
  if (value instanceof Tensor) return value;
  const parsed = numbers.safeParse(value);
  if (parsed.success) return torch.tensor(parsed.data);
  const there = [...new Map(point.namedImages()).keys(), ...point.fieldNames()].map((name) => `'${name}'`).join(", ");
  throw new ConfigError(
    `${what}: 'include' names '${key}', which ${value === undefined ? "does not exist" : "holds no numbers"} in ${point.participantId}, ${point.sessionId}. It has ${there}.`,
  );
}
