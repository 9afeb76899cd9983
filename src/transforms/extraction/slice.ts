import { resolve } from "node:path";
import { z } from "zod";
import { readTsv } from "../../io/tsv/index.ts";
import { configClass, type Input } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { shiftOrigin } from "../affine.ts";
import type { Extraction, HasImages, ImageOutline, Region, SamplePlace } from "../types.ts";
import { commonShape } from "./outline.ts";

const number = z.int().min(0);
const border = z.int().min(1);
const schema = z.strictObject({
  /** The numbers of the slices to take; default null: all. */
  slices: z.array(number).min(1).nullable().default(null),

  /** A TSV of the slices to take, with participant_id, session_id and slice_idx; default null. */
  tsvPath: z
    .string()
    .transform((path) => resolve(path))
    .nullable()
    .default(null),

  /** The numbers of slices to leave out; default null: none. */
  discardedSlices: z.array(number).nullable().default(null),

  /** How many slices to leave out at each end, or at the beginning and at the end; default null: none. */
  borders: z
    .union([border.transform((n): [number, number] => [n, n]), z.tuple([border, border])])
    .nullable()
    .default(null),

  /** The voxel axis that slices are cut across: 0 (default), 1 or 2. */
  sliceDirection: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(0),

  /** Whether a sample's image is 2D; default true. */
  squeeze: z.boolean().default(true),
});

/**
 * Slices across `sliceDirection` (0: sagittal in RAS+, 1: coronal, 2: axial): all of them, or those numbered in `slices`, or, by image,
 * in `tsvPath` (columns participant_id, session_id, slice_idx), or all but `discardedSlices` and `borders` (how many at each end). With `squeeze` (true),
 * the sample's image is 2D.
 *
 * @example
 * ```ts
 * using sample = await sampleWith({ extraction: new Slice({ sliceDirection: 2, slices: [8] }) });
 * console.log(sample.shape); // → [ 1, 17, 20, 1 ]
 * ```
 */
export class Slice extends configClass("Slice", schema) implements Extraction {
  readonly #byImage: ReadonlyMap<string, readonly number[]> | null;

  constructor(fields?: Input<typeof schema>) {
    super(fields);
    const given = (["slices", "tsvPath"] as const).filter((key) => this[key] !== null);
    const others = (["discardedSlices", "borders"] as const).filter((key) => this[key] !== null);
    const clash = given.length === 2 ? given : given.length === 1 && others.length > 0 ? [...given, ...others] : [];
    if (clash.length > 0)
      throw new ConfigError(`Slice: ${clash.map((key) => `'${key}'`).join(" and ")} exclude each other. Give one.`);
    this.#byImage = this.tsvPath === null ? null : readSliceTable(this.tsvPath);
  }

  get sampleType(): "slice" {
    return "slice";
  }

  numSamplesPerImage(outline: ImageOutline): number {
    return this.positions(outline).length;
  }

  /** The numbers of the slices of an image, ascending. */
  positions({ spatialShape, participantId, sessionId }: ImageOutline): number[] {
    const n = spatialShape[this.sliceDirection];
    const check = (what: string, wanted: readonly number[]): ReadonlySet<number> => {
      const beyond = wanted.filter((i) => i >= n);
      if (beyond.length > 0) {
        throw new RangeError(
          `Slice: '${what}' has ${beyond.join(", ")}, but ${participantId}, ${sessionId} has slices 0 to ${n - 1} along axis ${this.sliceDirection}.`,
        );
      }
      return new Set(wanted);
    };
    const all = Array.from({ length: n }, (_, i) => i);
    if (this.#byImage !== null) {
      const wanted = this.#byImage.get(`${participantId}\t${sessionId}`);
      if (wanted === undefined)
        throw new DataFrameError(`Slice: ${this.tsvPath} has no slices for ${participantId}, ${sessionId}.`);
      const kept = check("tsvPath", wanted);
      return all.filter((i) => kept.has(i));
    }
    if (this.slices !== null) {
      const kept = check("slices", this.slices);
      return all.filter((i) => kept.has(i));
    }
    const dropped = check("discardedSlices", this.discardedSlices ?? []);
    const [before, after] = this.borders ?? [0, 0];
    return all.filter((i) => !dropped.has(i) && i >= before && i < n - after);
  }

  /** The voxels of the slice. */
  regionOf(outline: ImageOutline, index: number): Region {
    const start: [number, number, number] = [0, 0, 0];
    const size: [number, number, number] = [...outline.spatialShape];
    start[this.sliceDirection] = this.#positionOf(outline, index);
    size[this.sliceDirection] = 1;
    return { start, size };
  }

  /** Where slice number `index` of an image is. */
  #positionOf(outline: ImageOutline, index: number): number {
    const positions = this.positions(outline);
    const position = positions[index];
    if (position !== undefined) return position;
    const { participantId, sessionId } = outline;
    throw new RangeError(`Slice: there is no slice ${index}; ${participantId}, ${sessionId} has ${positions.length}.`);
  }

  extract(dataPoint: HasImages, index: number, whole: ImageOutline["spatialShape"] | null = null): SamplePlace {
    const { participantId, sessionId } = dataPoint;
    const spatialShape = whole ?? commonShape("Slice", dataPoint);
    const position = this.#positionOf({ participantId, sessionId, spatialShape }, index);
    for (const [, image] of dataPoint.namedImages()) {
      const at = whole === null ? position : 0;
      image.tensor = image.tensor.narrow(this.sliceDirection + 1, at, 1).contiguous();
      const start = [0, 0, 0];
      start[this.sliceDirection] = position;
      image.affine = shiftOrigin(image.affine, start);
    }
    return {
      sampleType: "slice",
      samplePosition: position,
      sliceDirection: this.sliceDirection,
      squeeze: this.squeeze,
    };
  }
}

function readSliceTable(path: string): Map<string, number[]> {
  const byImage = new Map<string, number[]>();
  readTsv(path).forEach((row, i) => {
    const { participant_id, session_id, slice_idx } = row;
    if (
      typeof participant_id !== "string" ||
      typeof session_id !== "string" ||
      !Number.isInteger(slice_idx) ||
      Number(slice_idx) < 0
    ) {
      throw new DataFrameError(
        `Slice: row ${i + 1} of ${path} got ${JSON.stringify(row)}. Each row needs participant_id, session_id and slice_idx (an integer from 0).`,
      );
    }
    const key = `${participant_id}\t${session_id}`;
    const known = byImage.get(key);
    if (known === undefined) byImage.set(key, [Number(slice_idx)]);
    else known.push(Number(slice_idx));
  });
  return byImage;
}
