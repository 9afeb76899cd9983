import { existsSync } from "node:fs";
import { ImageError } from "../../utils/exceptions.ts";

const PAIRED = /\.(hdr|img)(\.gz)?$/i;

/** A header and its voxels, in one file or in two. */
export interface ImageFiles {
  readonly header: string;
  /** Where the voxels are if the header says that they are in a file of their own; null where no name says where that is. */
  readonly voxels: string | null;
}

/**
 * The files of a `.hdr`/`.img` pair, given by either; each may be packed. Any other name is that of a single file.
 * @throws ImageError naming the header that should be beside an `.img`.
 * @example
 * ```ts
 * console.log(imageFiles("brain.nii.gz")); // → { header: 'brain.nii.gz', voxels: null }
 * ```
 */
export function imageFiles(path: string): ImageFiles {
  const [ending, kind = "", packing = ""] = PAIRED.exec(path) ?? [];
  if (ending === undefined) return { header: path, voxels: null };
  const isHeader = kind.toLowerCase() === "hdr";
  const other = isHeader ? (kind === "HDR" ? "IMG" : "img") : kind === "IMG" ? "HDR" : "hdr";
  const stem = path.slice(0, -ending.length);
  const [like, unlike] = packing === "" ? ["", ".gz"] : [packing, ""];
  const candidates = [`${stem}.${other}${like}`, `${stem}.${other}${unlike}`];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (isHeader) return { header: path, voxels: found ?? candidates[0] ?? null };
  if (found === undefined && existsSync(path)) {
    throw new ImageError(
      `${path} holds the voxels of a .hdr/.img pair, and there is no header beside it: ${candidates[0]} does not exist.`,
    );
  }
  return { header: found ?? path, voxels: path };
}
