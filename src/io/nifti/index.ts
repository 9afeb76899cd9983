/** NIfTI images on disk. */
export { affineOf, spacingOf } from "./affine.ts";
export type { NiftiDType } from "./datatypes.ts";
export type { NiftiHeader } from "./header.ts";
export type { LabelArray } from "./labels.ts";
export { type NiftiImage, readNifti, readNiftiHeader, readNiftiLabels } from "./read.ts";
export { type NiftiToWrite, writeNifti } from "./write.ts";
