import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { imageFiles } from "../../../io/nifti/index.ts";
import type { Cell } from "../../../io/tsv/index.ts";
import * as torch from "../../../torch/index.ts";
import type { JsonValue } from "../../../utils/config.ts";
import { packageVersion } from "../../../utils/environment.ts";
import { filesNamedIn } from "../named-files.ts";
import type { RowFiles } from "../sources.ts";
import { MAGIC } from "./entry.ts";

/** All that decides how an image comes out. */
export interface KeyParts {
  readonly files: RowFiles;
  /** How the dataset reads its files: its class, and those of its options that count. */
  readonly reading: JsonValue;
  /** The transforms that are in the cached image. */
  readonly transforms: JsonValue;
  /** The columns that samples carry: transforms may read them. */
  readonly columns: readonly (readonly [name: string, value: Cell])[];
}

/**
 * The name of the entry of an image: another one as soon as a file (its path, size, time of change), the transforms, the columns or
 * this package's version is another.
 */
export function entryKey({ files, reading, transforms, columns }: KeyParts): string {
  const images = [["image", files.image], ...Object.entries(files.masks)].map(([name = "", path = ""]) => {
    const { header, voxels } = imageFiles(resolve(path));
    return [name, stateOf(header), voxels === null ? null : stateOf(voxels)];
  });
  const given = {
    format: MAGIC,
    // a machine that shares the folder may lack what this one unpacks with
    packer: torch.decoding.chunkPackers()[0] ?? null,
    version: packageVersion(),
    reading,
    transforms,
    columns,
    images,
    // what transforms read beside the image: a template, a reference
    named: filesNamedIn(transforms).map(stateOf),
  };
  return createHash("sha256").update(JSON.stringify(given)).digest("hex").slice(0, 40);
}

/** A file as it is now. */
function stateOf(path: string): JsonValue {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return [path, null];
  return [path, String(stats.size), String(stats.mtimeNs), String(stats.ctimeNs), String(stats.ino)];
}
