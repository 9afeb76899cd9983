import { ClinicaDLException } from "../../utils/exceptions.ts";

/** The parent of what can go wrong with a file of tensors; it knows which file. */
export class TensorFileError extends ClinicaDLException {
  /** The file as it was given, or `<bytes>`. */
  readonly file: string;
  constructor(file: string, message: string, options?: ErrorOptions) {
    super(`${file}: ${message}`, options);
    this.file = file;
  }
}

/** The file was cut short, or its bytes are not those that were written. */
export class DamagedTensorFileError extends TensorFileError {}

/** The file is whole but of another format (not a zip, the format before PyTorch 1.6, TorchScript, …). */
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

/** A value that has no counterpart in a PyTorch file. */
export class NotSerializableError extends ClinicaDLException {}
