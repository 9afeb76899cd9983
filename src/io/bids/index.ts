/** BIDS datasets on disk, and which of their files are meant. */
export { Bids, type PathOptions } from "./bids.ts";
/** Outputs of Clinica. */
export {
  type DtiOptions,
  DwiDti,
  FlairLinear,
  type LinearOptions,
  PetLinear,
  type PetOptions,
  T1Linear,
} from "./clinica.ts";
export { DatasetDescription } from "./description.ts";
export { BidsError } from "./errors.ts";
export { BidsFileType } from "./file-type.ts";
export { type FileKind, fileKinds } from "./kinds.ts";
export { type TensorSources, TensorType, type TensorTypeOptions } from "./tensor-type.ts";
