/** Whether a conversion that is there is that of a dataset. */
import { isDeepStrictEqual } from "node:util";
import type { JsonValue } from "../../../utils/config.ts";
import { TensorConversionError } from "../../../utils/exceptions.ts";
import type { TensorDescription, TensorSource } from "./description.ts";

/**
 * @param path of the description that is there, for messages.
 * @throws TensorConversionError saying what differs, and what to do.
 */
export function checkSame(
  path: string,
  there: TensorDescription,
  now: TensorDescription,
  checkTransforms: boolean,
): void {
  const differs = (what: string, before: string, after: string): never => {
    throw new TensorConversionError(
      `${path} describes tensors of other data, to which these cannot be added: ${what} ${before} there, and ${after} here. Choose another conversionName, or replace them with overwrite: true.`,
    );
  };
  compareSources("the image", there.image, now.image, differs);
  const names = (masks: TensorDescription["masks"]): string => Object.keys(masks).sort().join(", ") || "none";
  if (names(there.masks) !== names(now.masks)) differs("the masks are", names(there.masks), names(now.masks));
  for (const [name, mask] of Object.entries(there.masks)) {
    const other = now.masks[name];
    if (other !== undefined) compareSources(`the mask '${name}'`, mask, other, differs);
  }
  if (now.transforms.length === 0 && there.transforms.length === 0) return;
  if (now.transforms.length === 0 || there.transforms.length === 0)
    differs("the image transforms are", shown(there.transforms), shown(now.transforms));
  if (!checkTransforms) return;
  const own = [...there.transforms, ...now.transforms].find((transform) => !isNamed(transform));
  if (own !== undefined) {
    throw new TensorConversionError(
      `${path}: whether the image transforms are those of before cannot be seen of ${JSON.stringify(own)}, a transform of one's own. If you are sure that they are, pass checkTransforms: false.`,
    );
  }
  if (!isDeepStrictEqual(there.transforms, now.transforms))
    differs("the image transforms are", shown(there.transforms), shown(now.transforms));
}

function compareSources(
  what: string,
  before: TensorSource | string,
  after: TensorSource | string,
  differs: (what: string, before: string, after: string) => never,
): void {
  if (typeof before === "string" || typeof after === "string") {
    if (before !== after) differs(`${what} is`, sourceText(before), sourceText(after));
    return;
  }
  if (before[0] !== after[0]) differs(`${what} is of the dataset`, before[0], after[0]);
  if (!before[1].equals(after[1])) differs(`${what} is of the type`, String(before[1]), String(after[1]));
}

function sourceText(source: TensorSource | string): string {
  return typeof source === "string" ? source : `${source[1]} in ${source[0]}`;
}

function shown(transforms: readonly JsonValue[]): string {
  return transforms.length === 0 ? "none" : JSON.stringify(transforms);
}

function isNamed(transform: JsonValue): boolean {
  return typeof transform === "object" && transform !== null && "name_" in transform;
}
