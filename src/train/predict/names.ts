/** What the files of a prediction are called. */
import { basename } from "node:path";
import { type DataPoint, Sample } from "../../data/structures/index.ts";
import { type BidsName, parseBidsName } from "../../io/bids/filename.ts";
import { NO_SESSION } from "../../io/tsv/index.ts";

/** A name without extension: what is before the number of a copy, and what is behind it. */
export interface PredictionName {
  readonly before: string;
  readonly after: string;
}

/** @param copy 2, 3 … for further samples of the same place: a name of their own. */
export function fullName({ before, after }: PredictionName, copy = 1): string {
  return [before, ...(copy === 1 ? [] : [`copy-${copy}`]), after].join("_");
}

/**
 * The name, without extension, of the file of one output of one sample.
 *
 * Where the image that it comes from has a BIDS name, that name, with the entity `desc` naming the output, `mask` as the
 * suffix of labels, and the first voxel of a patch or the index of a slice:
 *
 *     sub-001_ses-M000_space-MNI152_T1w.nii.gz  →  sub-001_ses-M000_space-MNI152_desc-output_T1w
 *                                                  sub-001_ses-M000_space-MNI152_patch-0x32x64_desc-output_mask
 *
 * Else `<participant>_<session>_<output>`, with `patch-…` or `slice-…` before the output.
 */
export function predictionName(sample: DataPoint, output: string, labels: boolean): PredictionName {
  const more = placeOf(sample);
  const own = [sample.participantId, ...(sample.sessionId === NO_SESSION ? [] : [sample.sessionId])];
  const input = inputName(sample);
  if (input === null) {
    const safe = (text: string) => text.replace(/[^\p{L}\p{N}_.-]/gu, "-");
    return { before: safe([...own, ...more].join("_")), after: safe(output) };
  }
  const others = [...input.entities].filter(([key]) => key !== "sub" && key !== "ses" && key !== "desc");
  const entities = others.map(([key, value]) => `${key}-${value}`);
  return {
    before: [...own, ...entities, ...more].join("_"),
    after: `desc-${bidsLabel(output)}_${labels ? "mask" : input.suffix}`,
  };
}

/** BIDS labels are letters and digits: `my_output` → `myOutput`. */
export function bidsLabel(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+(.?)/gu, (_, next: string) => next.toUpperCase());
}

function placeOf(sample: DataPoint): string[] {
  if (!(sample instanceof Sample)) return [];
  const { place } = sample;
  switch (place.sampleType) {
    case "image":
      return [];
    case "patch":
      return [`patch-${place.samplePosition.join("x")}`];
    case "slice":
      return [`slice-${place.samplePosition}`];
  }
}

/** The name of the image of a sample; null where it is no BIDS name, another session's, or one of several. */
function inputName(sample: DataPoint): BidsName | null {
  if (!(sample instanceof Sample)) return null;
  const [path = "", ...others] = sample.imagePath;
  const name = parseBidsName(basename(path));
  if (name === null || others.some((other) => other !== path)) return null;
  const ids = { sub: sample.participantId, ses: sample.sessionId };
  const differs = Object.entries(ids).some(([key, id]) => `${key}-${name.entities.get(key) ?? id.slice(4)}` !== id);
  return differs ? null : name;
}
