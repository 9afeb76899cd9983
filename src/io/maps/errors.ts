import { ClinicaDLException } from "../../utils/exceptions.ts";

/** There is a MAPS where one was to be made; another process may have made it just now. `path` says where. */
export class MapsExistsError extends ClinicaDLException {
  readonly path: string;
  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}
