import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { Tensor } from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { sameAffine } from "../affine.ts";
import { ImagePlace, transformConfig, wholeTransform } from "../base.ts";
import type { HasImages, ImageLike, Transform, TransformConfig } from "../types.ts";

/**
 * Puts the images and fields `keys` together, as `outputKey`: images one after the other, as channels of one image (a mask where all are masks); tensors as one
 * tensor with a new first dimension; lists as one list; anything else as the list of what there is. ClinicaDL's own.
 *
 * @throws ImageError, naming the participant, when images do not lie on each other, or tensors have other shapes.
 * @example
 * ```ts
 * using batch = batchOf([[0.25]], [[1]]);
 * const [sample] = batch.samples;
 * const merge = new MergeFieldsConfig({ keys: ["output", "label"], outputKey: "both" }).getObject();
 * if (sample !== undefined) merge.apply(sample, new Rng(0));
 * console.log(batch.getField("both").shape); // → [ 1, 2, 1 ]
 * ```
 */
export class MergeFieldsConfig
  extends transformConfig("MergeFields", {
    /** The images and fields to put together, in this order. */
    keys: z.array(z.string().min(1)).min(1),
    /** The name of what they become. */
    outputKey: z.string().min(1),
  })
  implements TransformConfig
{
  getObject(): Transform {
    return wholeTransform(this, (point) => {
      const images = new Map(point.namedImages());
      const values = this.keys.map((key) => images.get(key) ?? fieldOf(this.name_, point, key));
      const place = (i: number): ImagePlace => new ImagePlace(this.name_, this.keys[i] ?? "", point);
      const merged = values.filter(isOf(images));
      if (merged.length === values.length) point.setImage(this.outputKey, joined(merged, place));
      else point.setField(this.outputKey, mergedFields(values, place));
    });
  }
}

function fieldOf(what: string, point: HasImages, key: string): unknown {
  if (point.hasField(key)) return point.getField(key);
  const there = [...new Map(point.namedImages()).keys(), ...point.fieldNames()].map((name) => `'${name}'`).join(", ");
  throw new ConfigError(
    `${what}: 'keys' names '${key}', which does not exist in ${point.participantId}, ${point.sessionId}. It has ${there}.`,
  );
}

/** Whether a value is one of these images. */
function isOf(images: ReadonlyMap<string, ImageLike>): (value: unknown) => value is ImageLike {
  const all = new Set<unknown>(images.values());
  return (value): value is ImageLike => all.has(value);
}

function joined(images: readonly ImageLike[], place: (i: number) => ImagePlace): ImageLike {
  const [first] = images;
  if (first === undefined) throw new RangeError("MergeFields: there is nothing to merge.");
  images.forEach(({ tensor, affine }, i) => {
    if (tensor.shape.slice(1).join() !== first.tensor.shape.slice(1).join()) {
      throw place(i).error(
        `has ${tensor.shape.slice(1).join("×")} voxels, and '${place(0).name}' ${first.tensor.shape.slice(1).join("×")}. Bring them to one size first.`,
      );
    }
    if (!sameAffine(affine, first.affine)) {
      throw place(i).error(
        `lies elsewhere than '${place(0).name}': their affines differ. Resample one to the other first.`,
      );
    }
  });
  const kind = images.every((image) => image.kind === "label") ? "label" : "scalar";
  return { kind, tensor: torch.cat(images.map(({ tensor }) => tensor)), affine: Float64Array.from(first.affine) };
}

function mergedFields(values: readonly unknown[], place: (i: number) => ImagePlace): unknown {
  const tensors = values.filter((value) => value instanceof Tensor);
  if (tensors.length === values.length) {
    const shape = tensors[0]?.shape.join();
    const other = tensors.findIndex((tensor) => tensor.shape.join() !== shape);
    if (other < 0) return torch.stack(tensors);
    throw place(other).error(
      `has the shape (${tensors[other]?.shape.join(", ")}), and '${place(0).name}' (${tensors[0]?.shape.join(", ")}). Tensors that are merged have one shape.`,
    );
  }
  return values.every((value) => Array.isArray(value)) ? values.flat(1) : [...values];
}
