import { ClinicaDLException } from "../../utils/exceptions.ts";

/** There is a MAPS where one was to be made; another process may have made it just now. `path` says where. */
export class MapsExistsError extends ClinicaDLException {
  readonly path: string;
  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** In place of a MAPS, or of its part, there is another one than the one that was opened. */
export class MapsReplacedError extends ClinicaDLException {}

/** A MAPS has, under a name that counts, a link, a pipe or the like: nothing is read or written behind it. */
export class UnsafeMapsError extends ClinicaDLException {}

/** What was to be deleted holds what neither this program nor ClinicaDL made. */
export class ForeignEntryError extends ClinicaDLException {}
