/** The files that tensors were made of, as they were then: a file may be replaced by another that is as old. */
import { existsSync, statSync } from "node:fs";
import { basename, join, parse, resolve } from "node:path";
import { z } from "zod";
import { readJson } from "../../../io/files/index.ts";
import { imageFiles } from "../../../io/nifti/index.ts";
import { TensorConversionError } from "../../../utils/exceptions.ts";

const statesSchema = z.array(z.strictObject({ Path: z.string(), Bytes: z.int(), Modified: z.string() }));
/** A file as it was; `Modified` in UTC, to a millisecond. */
export type SourceState = z.output<typeof statesSchema>[number];

export const STATES = "SourceFiles";

/** The files as they are now, those of a pair both. */
export function statesOf(paths: readonly string[]): SourceState[] {
  return filesOf(paths).map((path) => {
    const { size, mtime } = statSync(path);
    return { Path: path, Bytes: size, Modified: mtime.toISOString() };
  });
}

/**
 * The first of the files of which tensors were made that is another now, by its size or date; null where none is. Tensors that do not
 * say what their files were, as those of ClinicaDL in Python, are made again of what is younger than they are.
 */
export function changedSource(tensors: string, paths: readonly string[]): string | null {
  const before = recordedStates(tensors);
  if (before === null) {
    const made = statSync(tensors).mtimeMs;
    return filesOf(paths).find((path) => statSync(path).mtimeMs > made) ?? null;
  }
  const changed = statesOf(paths).find(({ Path, Bytes, Modified }) => {
    const then = before.find((state) => state.Path === Path) ?? before.find((state) => wasMoved(state.Path, Path));
    return then?.Bytes !== Bytes || then.Modified !== Modified;
  });
  return changed?.Path ?? null;
}

/** Whether a file may be one that was elsewhere: its name says which participant and session it is of. */
function wasMoved(before: string, now: string): boolean {
  return basename(before) === basename(now) && !existsSync(before);
}

/** Where it says from which files tensors came. */
export function sidecarOf(tensors: string): string {
  const { dir, name } = parse(tensors);
  return join(dir, `${name}.json`);
}

function recordedStates(tensors: string): readonly SourceState[] | null {
  const sidecar = sidecarOf(tensors);
  const said = existsSync(sidecar) ? readJson(sidecar)[STATES] : undefined;
  if (said === undefined) return null;
  const parsed = statesSchema.safeParse(said);
  if (parsed.success) return parsed.data;
  throw new TensorConversionError(
    `${sidecar}: '${STATES}' is not what BidsDataset.toTensors writes. Convert the images again with overwrite: true.`,
  );
}

function filesOf(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const { header, voxels } = imageFiles(resolve(path));
    return voxels === null || voxels === header ? [header] : [header, voxels];
  });
}
