/** Files of tensors: PyTorch's own format and safetensors, both ways. */

// what can go wrong, each error naming its file
export {
  DamagedTensorFileError,
  NotSerializableError,
  RefusedGlobalError,
  TensorFileError,
  TensorFileFormatError,
} from "./errors.ts";
// torch.load
export { type LoadOptions, load } from "./load.ts";
export { PairDict } from "./pair-dict.ts";
// values that Python tells apart and JavaScript does not
export {
  Counter,
  float,
  NdArray,
  PyFloat,
  type StateDictMetadata,
  Tuple,
  tuple,
  type WithMetadata,
} from "./python-values.ts";
// safetensors
export { loadSafetensors, type SafeTensors, safetensorsChunks, saveSafetensors } from "./safetensors.ts";
// torch.save, and its bytes in chunks for those who write files themselves
export { type SerializeOptions, save, saveSummed, serialize, serializeChunks } from "./save.ts";
export { writeWhole } from "./write-whole.ts";
