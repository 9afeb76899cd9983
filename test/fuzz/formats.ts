/** The kinds of files that are changed, and what must hold of each: a value, or an error of this package that names the file. */
import * as images from "./image-files.ts";
import type { Subject } from "./mutations.ts";
import * as tensors from "./tensor-files.ts";

export const FORMATS = ["pt", "safetensors", "image"] as const;
export type Format = (typeof FORMATS)[number];

/** The files that are changed. */
export function subjects(format: Format): Subject[] {
  return format === "image" ? images.subjects() : tensors.subjects(format);
}

/** Reads the file. @returns what is wrong with what came of it, or null. */
export function problemOf(format: Format, bytes: Uint8Array): string | null {
  return format === "image" ? images.problemOf(bytes) : tensors.problemOf(format, bytes);
}
