import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * The parent of what can go wrong with a file of tensors; it knows which file.
 * @example
 * ```ts
 * try {
 *   torch.load("missing.pt");
 * } catch (error) {
 *   console.log(error instanceof torch.TensorFileError && error.file); // → missing.pt
 * }
 * ```
 */
export class TensorFileError extends ClinicaDLException {
  /** The file as it was given, or `<bytes>`. */
  readonly file: string;
  constructor(file: string, message: string, options?: ErrorOptions) {
    super(`${file}: ${message}`, options);
    this.file = file;
  }
}

/**
 * The file was cut short, or its bytes are not those that were written.
 * @example
 * ```ts
 * const bytes = torch.save({ epoch: 3 });
 * try {
 *   torch.load(bytes.subarray(0, bytes.length - 100));
 * } catch (error) {
 *   console.log(error instanceof torch.DamagedTensorFileError); // → true
 * }
 * ```
 */
export class DamagedTensorFileError extends TensorFileError {}

/**
 * The file is whole but of another format (not a zip, the format before PyTorch 1.6, TorchScript, …).
 * @example
 * ```ts
 * try {
 *   torch.load(new TextEncoder().encode("these are not weights"));
 * } catch (error) {
 *   console.log(error instanceof torch.TensorFileFormatError); // → true
 * }
 * ```
 */
export class TensorFileFormatError extends TensorFileError {}

/** The file asks for a Python class or function that is not on the closed list; nothing of it is ever run. */
export class RefusedGlobalError extends TensorFileError {
  /** Its full name in Python, e.g. `os.system`. */
  readonly global: string;
  constructor(file: string, global: string) {
    super(
      file,
      `the file refers to '${global}', which is not loaded: only tensors, numbers, text and plain containers are. ` +
        "If you trust the file, open it in Python and save its tensors as a state dict.",
    );
    this.global = global;
  }
}

/**
 * A value that has no counterpart in a PyTorch file.
 * @example
 * ```ts
 * try {
 *   torch.save({ now: () => 0 });
 * } catch (error) {
 *   console.log(error instanceof torch.NotSerializableError); // → true
 * }
 * ```
 */
export class NotSerializableError extends ClinicaDLException {}
