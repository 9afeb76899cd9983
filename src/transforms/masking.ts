import { z } from "zod";
import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError, ImageError } from "../utils/exceptions.ts";
import type { HasImages } from "./types.ts";

const LABELS = ["Left", "Right", "Posterior", "Anterior", "Inferior", "Superior"] as const;
const count = z.int().min(0);

/**
 * Which voxels the statistics are taken from: null for all; the name of a mask; `"Left"`, `"Right"`, `"Posterior"`, `"Anterior"`,
 * `"Inferior"`, `"Superior"` for that half (of an image in RAS+); or how many voxels to leave out at the borders: one number, three,
 * or six (before and after along each axis).
 */
export const maskingMethod = z.union([
  z.string().min(1),
  count,
  z.tuple([count, count, count]),
  z.tuple([count, count, count, count, count, count]),
]);
export const maskingMethodField = maskingMethod.nullable().default(null);
export type MaskingMethod = z.output<typeof maskingMethodField>;

/** The values of `tensor` (C, D, H, W) under the mask, flat; all of them without one. */
export function maskedValues(what: string, tensor: Tensor, where: HasImages, method: MaskingMethod): Tensor {
  const mask = namedMask(what, tensor, where, method);
  return mask === null ? partOf(what, tensor, where, method) : tensor.maskedSelect(mask.ne(0));
}

/**
 * The mask itself, not 0 where a voxel counts: (C, D, H, W), or of one channel; of any type.
 * @param labels which values of a mask count. Default null: all but 0.
 */
export function maskOf(
  what: string,
  tensor: Tensor,
  where: HasImages,
  method: MaskingMethod,
  labels: readonly number[] | null = null,
): Tensor {
  const mask = namedMask(what, tensor, where, method);
  if (mask !== null) return labels === null ? mask : isOneOf(mask, labels);
  const all = torch.zeros(tensor.shape, { dtype: "bool" });
  partOf(what, all, where, method).fill_(true);
  return all;
}

/** Where a tensor has one of these values, of which there is at least one. */
export function isOneOf(tensor: Tensor, values: readonly number[]): Tensor {
  return values.map((value) => tensor.eq(value)).reduce((found, own) => found.logicalOr(own));
}

/** The tensor of the mask that a method names; null where it names none. */
function namedMask(what: string, tensor: Tensor, where: HasImages, method: MaskingMethod): Tensor | null {
  const found = [...where.namedImages()].find(([name, image]) => name === method && image.kind === "label");
  if (found === undefined) return null;
  const [name, { tensor: mask }] = found;
  requireSameVoxels(what, tensor, mask, name, where);
  return mask;
}

/** The part of a tensor in which a method has its voxels, as a view. */
function partOf(what: string, tensor: Tensor, where: HasImages, method: MaskingMethod): Tensor {
  if (method === null) return tensor;
  if (typeof method === "string") {
    const half = LABELS.find((label) => label.toLowerCase() === method.toLowerCase());
    if (half !== undefined) return halfOf(tensor, half);
    const names = [...where.namedImages()].filter(([, image]) => image.kind === "label").map(([name]) => `'${name}'`);
    throw new ConfigError(
      `${what}: 'maskingMethod' got '${method}', which is no mask of ${where.participantId}, ${where.sessionId} (${names.join(", ") || "it has none"}) nor one of ${LABELS.join(", ")}.`,
    );
  }
  const bounds =
    typeof method === "number"
      ? Array<number>(6).fill(method)
      : method.length === 3
        ? method.flatMap((n) => [n, n])
        : method;
  return [0, 1, 2].reduce((part, axis) => {
    const [before = 0, after = 0] = bounds.slice(axis * 2, axis * 2 + 2);
    const size = part.shape[axis + 1] ?? 0;
    if (before + after >= size) {
      throw new ConfigError(
        `${what}: 'maskingMethod' got ${JSON.stringify(method)}, which leaves nothing of ${size} voxels along axis ${axis}.`,
      );
    }
    return part.narrow(axis + 1, before, size - before - after);
  }, tensor);
}

/** A mask has the voxels of the image, once or for each channel; libtorch would stretch one of size 1 over all. */
function requireSameVoxels(what: string, tensor: Tensor, mask: Tensor, name: string, where: HasImages): void {
  const [channels, ...size] = tensor.shape;
  const [maskChannels, ...maskSize] = mask.shape;
  if (size.join() === maskSize.join() && (maskChannels === 1 || maskChannels === channels)) return;
  throw new ImageError(
    `${what}: the mask '${name}' of ${where.participantId}, ${where.sessionId} has the shape (${mask.shape.join(", ")}), and the image (${tensor.shape.join(", ")}). A mask has the image's voxels, and one channel or as many.`,
  );
}

function halfOf(tensor: Tensor, label: (typeof LABELS)[number]): Tensor {
  const position = LABELS.indexOf(label);
  const dim = Math.floor(position / 2) + 1;
  const size = tensor.shape[dim] ?? 0;
  const half = Math.floor(size / 2);
  return position % 2 === 0 ? tensor.narrow(dim, 0, half) : tensor.narrow(dim, half, size - half);
}

/** The percentile of values (linear interpolation, as NumPy). `sorted` is flat and ascending. */
export function percentileOf(sorted: Tensor, percent: number): number {
  const n = sorted.numel();
  const position = (percent / 100) * (n - 1);
  const below = Math.floor(position);
  const at = (i: number): number => torch.tidy(() => sorted.narrow(0, Math.min(i, n - 1), 1)).item();
  const low = at(below);
  return position === below ? low : low + (at(below + 1) - low) * (position - below);
}

/**
 * As {@link percentileOf}, of values in any order, and of several percentiles at once: without sorting.
 *
 * @param values flat, at least one.
 */
export function percentilesOf(values: Tensor, percents: readonly number[]): number[] {
  const last = values.numel() - 1;
  const positions = percents.map((percent) => (percent / 100) * last);
  const ranks = positions.flatMap((position) => [Math.floor(position), Math.min(Math.floor(position) + 1, last)]);
  const found = torch.voxels.valuesAt(values, ranks);
  return positions.map((position, i) => {
    const [low = Number.NaN, high = low] = found.slice(2 * i, 2 * i + 2);
    const part = position - Math.floor(position);
    return part === 0 ? low : low + (high - low) * part;
  });
}
