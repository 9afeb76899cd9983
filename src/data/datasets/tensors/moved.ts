/** A data set that was moved, with the tensors that were made of it. */
import { existsSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { warn } from "../../../utils/warnings.ts";
import type { TensorDescription, TensorSource } from "./description.ts";

/**
 * What a description says, with the paths of now where the data set is not any more where it was: its masks were at the same place
 * relative to it. Which files were converted is still seen of their size and date.
 * @param folder where the tensors are now.
 */
export function afterMove(there: TensorDescription, now: TensorDescription, folder: string): TensorDescription {
  const [before, fileType] = there.image;
  const [after] = now.image;
  if (before === after || existsSync(before) || !travels(before, after, folder)) return there;
  warn(
    `${before}, of whose images the tensors in ${folder} are, does not exist; it is taken for ${after}, moved with them.`,
  );
  const moved = (path: string): string => (existsSync(path) ? path : resolve(after, relative(before, path)));
  const masks = Object.entries(there.masks).map(([name, mask]): [string, TensorSource | string] => [
    name,
    typeof mask === "string" ? moved(mask) : [moved(mask[0]), mask[1]],
  ]);
  return { ...there, image: [after, fileType], masks: Object.fromEntries(masks) };
}

/** Tensors are inside of a raw data set; beside a derivative, where those of others are, too. */
function travels(before: string, after: string, folder: string): boolean {
  return !relative(after, folder).startsWith("..") || basename(before) === basename(after);
}
