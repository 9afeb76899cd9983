import { ClinicaDLException } from "../../utils/exceptions.ts";
import { isNotThere } from "../../utils/file-errors.ts";

/** What is read of a MAPS may be missing, or half written while a training goes on: a part says what it is, or why it is not there. */
export type Part<T> =
  | { readonly found: true; readonly value: T }
  | {
      readonly found: false;
      /** One line, for people. */
      readonly reason: string;
    };

/**
 * Reads a part. What keeps a file from being read is a reason; a mistake in this program stays an error.
 *
 * ```ts
 * const table = partOf(() => readTsv(path));
 * if (!table.found) console.log(table.reason);
 * ```
 */
export function partOf<T>(read: () => T): Part<T> {
  try {
    return { found: true, value: read() };
  } catch (error) {
    return { found: false, reason: reasonOf(error) };
  }
}

/** The value of a part, or what stands for it. */
export function valueOr<T, U>(part: Part<T>, otherwise: U): T | U {
  return part.found ? part.value : otherwise;
}

function reasonOf(error: unknown): string {
  if (error instanceof ClinicaDLException) return error.message;
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    const path = "path" in error && typeof error.path === "string" ? error.path : "a file";
    return isNotThere(error) ? `There is no ${path}.` : error.message;
  }
  throw error;
}
