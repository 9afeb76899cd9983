import { basename } from "node:path";
import { BidsFileType } from "../../../io/bids/index.ts";
import type { MaskSource } from "../sources.ts";

const ALPHANUMERIC = /^[\p{L}\p{N}]+$/u;

/** Of which type the files of a conversion are: with what the names of its images and masks have in common. */
export function tensorTypeOf(
  conversionName: string,
  image: BidsFileType,
  masks: Iterable<MaskSource>,
  transformed: boolean,
): BidsFileType {
  const entities: Record<string, string> = {};
  if (!transformed) {
    const others = [...masks].map((mask) =>
      mask.kind === "common" ? entitiesIn(mask.path) : mask.fileType.withEntities,
    );
    for (const [key, value] of Object.entries(image.withEntities ?? {})) {
      if (ALPHANUMERIC.test(value) && others.every((other) => other?.[key] === value)) entities[key] = value;
    }
  }
  if (ALPHANUMERIC.test(image.suffix)) entities.src = image.suffix;
  entities.conv = conversionName;
  return new BidsFileType({
    dataType: "tensors",
    suffix: "tensors",
    extension: ".pt",
    withEntities: entities,
    description: "Images as tensors.",
  });
}

/** What the name of a file says: `space-MNI_mask.nii.gz` has the space MNI. */
function entitiesIn(path: string): Readonly<Record<string, string>> {
  const [stem = ""] = basename(path).split(".");
  return Object.fromEntries(
    stem.split("_").flatMap((part) => {
      const dash = part.indexOf("-");
      return dash > 0 ? [[part.slice(0, dash), part.slice(dash + 1)]] : [];
    }),
  );
}
