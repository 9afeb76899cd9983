/** Images on disk: NIfTI, and FreeSurfer's own format to read. */
export { affineOf, spacingOf } from "./affine.ts";
export type { Window } from "./content.ts";
export type { NiftiDType } from "./datatypes.ts";
export type { NiftiHeader } from "./header.ts";
export type { LabelArray } from "./labels.ts";
export { imageFiles } from "./pair.ts";
export {
  type NiftiImage,
  type NiftiTensor,
  type ReadOptions,
  readNifti,
  readNiftiHeader,
  readNiftiLabels,
  readNiftiLabelTensor,
  readNiftiTensor,
} from "./read.ts";
export { type NiftiToWrite, writeNifti } from "./write.ts";
