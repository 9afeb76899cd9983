import type { ParticipantRow } from "../../../io/tsv/index.ts";
import * as torch from "../../../torch/index.ts";
import { ToCanonicalConfig, type TransformsHandler } from "../../../transforms/index.ts";
import { transformToJson } from "../../../transforms/like.ts";
import { Rng } from "../../../transforms/types.ts";
import { ImageError } from "../../../utils/exceptions.ts";
import { DataPoint, ScalarImage } from "../../structures/index.ts";
import type { RowContent } from "../images-dataset.ts";
import { named } from "../named-error.ts";
import { filesNamedIn } from "../named-files.ts";
import { readRow } from "../read-row.ts";
import type { RowFiles } from "../sources.ts";
import { writeTensors } from "./files.ts";
import { type Outline, outlineOf } from "./outline.ts";
import { statesOf } from "./states.ts";

/** One session that is to be converted. */
export interface RowToConvert {
  readonly row: ParticipantRow;
  /** Its number in the dataset, from which its transforms draw. */
  readonly index: number;
  readonly files: RowFiles;
  /** Where its tensors go. */
  readonly path: string;
}

/** How all of them are converted. */
export interface ConversionMaking {
  readonly seed: number;
  readonly resampleMasks: boolean;
  /** Of which the image transforms are applied; null: none are. */
  readonly transforms: TransformsHandler | null;
}

/** Reads a session, brings it to RAS+ orientation, transforms it, and writes its tensors. @throws what goes wrong, naming the session. */
export function convertRow({ row, index, files, path }: RowToConvert, how: ConversionMaking): Outline {
  try {
    using _scope = torch.scope();
    const rng = new Rng(how.seed, 0, index);
    const sources = sourcesOf(files);
    const states = statesOf([...sources, ...filesNamedIn(how.transforms?.imageTransforms.map(transformToJson) ?? [])]);
    const read = toPoint(row, readRow(files, { resample: how.resampleMasks }));
    let point = new ToCanonicalConfig().getObject().apply(read, rng);
    if (how.transforms !== null) point = how.transforms.applyImageTransforms(point, rng);
    writeTensors(path, point, { sources, states });
    return outlineOf(point);
  } catch (error) {
    throw named(row, error);
  }
}

export function toPoint(row: ParticipantRow, { images: { image, ...images }, fields }: RowContent): DataPoint {
  if (!(image instanceof ScalarImage)) throw new ImageError("There is no image named 'image'.");
  return new DataPoint({ image, images, fields, participantId: row.participant_id, sessionId: row.session_id });
}

export function sourcesOf(files: RowFiles): string[] {
  return [...Object.values(files.masks), files.image];
}
