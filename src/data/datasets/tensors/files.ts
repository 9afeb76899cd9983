/** A file with the images of a participant's session as tensors, in the layout of ClinicaDL. */
import { dirname } from "node:path";
import { makeFolder, removeFile, writeJson } from "../../../io/files/index.ts";
import * as torch from "../../../torch/index.ts";
import { NdArray, Tensor } from "../../../torch/index.ts";
import type { JsonObject } from "../../../utils/config.ts";
import { ImageError } from "../../../utils/exceptions.ts";
import { type AnyImage, type DataPoint, LabelMap, ScalarImage } from "../../structures/index.ts";
import { type SourceState, STATES, sidecarOf } from "./states.ts";

export interface TensorContent {
  readonly images: Readonly<Record<string, AnyImage>>;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** From which files tensors came. */
export interface TensorFiles {
  /** The images and masks. */
  readonly sources: readonly string[];
  /** These, and what transforms read, as they were before they were read. */
  readonly states: readonly SourceState[];
}

/**
 * Writes the images, masks and fields of a data point, and beside them from which files they came. The tensors come last and
 * whole: a file that is there is finished, and made of what stands beside it.
 */
export function writeTensors(path: string, point: DataPoint, { sources, states }: TensorFiles): void {
  const held = (kind: AnyImage["kind"]): Map<string, torch.Tuple> =>
    new Map(
      [...point.images]
        .filter(([, image]) => image.kind === kind)
        .map(([name, { tensor, affine }]) => [name, torch.tuple([tensor.contiguous(), new NdArray(affine, [4, 4])])]),
    );
  makeFolder(dirname(path));
  // tensors of before are not of the files that are said to be theirs from now on
  removeFile(path);
  const said = {
    Sources: sources.map((source) => `file://${source}`),
    [STATES]: states.map((state): JsonObject => ({ ...state })),
  };
  writeJson(sidecarOf(path), said, { overwrite: true });
  torch.save({ images: held("scalar"), masks: held("label"), additional_data: new Map(point.fields) }, path);
}

/**
 * Reads what {@link writeTensors}, or ClinicaDL in Python, wrote; nothing in the file is run. The tensors are the open scope's.
 * @param wanted the names that are read, besides "image". Default null: all.
 * @throws ImageError, and the errors of `torch.load`, naming the file.
 */
export function readTensors(path: string, wanted: readonly string[] | null = null): TensorContent {
  const content = entriesOf(path, torch.load(path), "");
  const part = (name: string): [string, unknown][] =>
    [...entriesOf(path, content.get(name), ` in '${name}'`)].filter(
      ([key]) => key === "image" || wanted === null || wanted.includes(key),
    );
  const images: Record<string, AnyImage> = {};
  for (const [name, value] of part("images")) images[name] = new ScalarImage(...imageOf(path, name, value));
  for (const [name, value] of part("masks")) images[name] = new LabelMap(...imageOf(path, name, value));
  if (images.image?.kind !== "scalar") throw new ImageError(`${path} holds no image named 'image'.`);
  return { images, fields: Object.fromEntries(part("additional_data")) };
}

function imageOf(path: string, name: string, value: unknown): [tensor: Tensor, affine: ArrayLike<number>] {
  const [tensor, affine]: readonly unknown[] = Array.isArray(value) ? value : [];
  const numbers =
    affine instanceof NdArray && !isBig(affine.data)
      ? affine.data
      : affine instanceof Tensor
        ? Array.from(affine.toTypedArray(), Number)
        : null;
  if (tensor instanceof Tensor && tensor.ndim === 4 && numbers?.length === 16) return [tensor, numbers];
  throw new ImageError(
    `${path}: '${name}' is no image: a tensor (C, D, H, W) with an affine of 4×4 numbers is needed.`,
  );
}

function isBig(data: NdArray["data"]): data is BigInt64Array | BigUint64Array {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

function entriesOf(path: string, value: unknown, where: string): ReadonlyMap<string, unknown> {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [String(key), item]));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return new Map(Object.entries(value));
  throw new ImageError(`${path} is no file of tensors of BidsDataset.toTensors: there is no dict${where}.`);
}
