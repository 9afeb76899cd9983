/** The typed errors of ClinicaDL, under its names. */
import { visibleLines } from "./visible.ts";

/**
 * The parent of every error that this library raises on purpose. Control characters of a message, which come with names
 * from files, are made visible: whoever shows it, be it Node itself, shows it to a terminal.
 */
export class ClinicaDLException extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(visibleLines(message), options);
    this.name = new.target.name;
  }
}

/** An option or argument has a value that is not accepted, or is misspelt. */
export class ConfigError extends ClinicaDLException {
  /** The options in question, as far as they are known. */
  readonly fieldNames: readonly string[];
  constructor(
    message: string,
    { fieldNames = [], ...options }: ErrorOptions & { fieldNames?: readonly string[] } = {},
  ) {
    super(message, options);
    this.fieldNames = fieldNames;
  }
}
/** The same participant is in data that must be kept apart. */
export class DataLeakageError extends ClinicaDLException {}
/** A table lacks a column, has duplicates, or holds a value that cannot be used. */
export class DataFrameError extends ClinicaDLException {}
/** An image file is damaged, missing or not what it claims to be. */
export class ImageError extends ClinicaDLException {}
/** Images cannot be converted to tensors, or tensors are not those of a dataset. */
export class TensorConversionError extends ClinicaDLException {}
/** A JSON file is unreadable or does not hold an object. */
export class NotInterpretableJsonError extends ClinicaDLException {}
/** Keys are missing in a serialised object. */
export class MissingFieldsError extends ClinicaDLException {}
/** A serialised object has keys that its class does not know. */
export class WrongFieldsError extends ClinicaDLException {}
export class MissingFieldsJsonError extends ClinicaDLException {}
export class WrongFieldsJsonError extends ClinicaDLException {}
/** Some fields of a serialised object cannot be turned back into objects (a custom class, a function). */
export class CannotReadFieldError extends ClinicaDLException {
  readonly fieldNames: readonly string[];
  constructor(message: string, fieldNames: readonly string[], options?: ErrorOptions) {
    super(message, options);
    this.fieldNames = fieldNames;
  }
}
export class CannotReadJsonFieldError extends CannotReadFieldError {}
/** A JSON file of a MAPS cannot be turned back into the object that it describes. */
export class CannotReadJsonError extends ClinicaDLException {}
