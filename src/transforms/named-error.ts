import { ClinicaDLException } from "../utils/exceptions.ts";

/** What a transform threw that is no error of this package, with the name of the transform before it; `cause` is that. */
export class TransformError extends ClinicaDLException {}

/** What `apply` gives. An error that does not name the transform gets its name; one of this package's stays of its class. */
export function naming<T>(name: string, apply: () => T): T {
  try {
    return apply();
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (!(error instanceof ClinicaDLException)) throw new TransformError(`${name}: ${said}`, { cause: error });
    if (!said.includes(name)) error.message = `${name}: ${said}`;
    throw error;
  }
}
