/** What a description says of a session's images: all but their voxels, so that it goes from one thread to another. */
import type { ParticipantRow } from "../../../io/tsv/index.ts";
import * as torch from "../../../torch/index.ts";
import { ImageError } from "../../../utils/exceptions.ts";
import { DataPoint, ScalarImage } from "../../structures/index.ts";

export interface Outline {
  readonly images: readonly {
    readonly name: string;
    /** [C, D, H, W]. */
    readonly shape: readonly number[];
    readonly affine: Float64Array;
  }[];
  /** The names of the fields. */
  readonly fields: readonly string[];
}

export function outlineOf(point: DataPoint): Outline {
  return {
    images: [...point.images].map(([name, { shape, affine }]) => ({ name, shape, affine })),
    fields: [...point.fields.keys()],
  };
}

/** A data point with these shapes and places, in the open scope: each of its images is one zero, whatever its shape. */
export function pointOf(row: ParticipantRow, { images, fields }: Outline): DataPoint {
  const blank = images.map(({ name, shape, affine }): [string, ScalarImage] => [
    name,
    new ScalarImage(torch.zeros([1]).expand([...shape]), affine),
  ]);
  const { image, ...others } = Object.fromEntries(blank);
  if (image === undefined) throw new ImageError("There is no image named 'image'.");
  return new DataPoint({
    image,
    images: others,
    fields: Object.fromEntries(fields.map((name) => [name, null])),
    participantId: row.participant_id,
    sessionId: row.session_id,
  });
}
