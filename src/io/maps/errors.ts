import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * There is a MAPS where one was to be made; another process may have made it just now. `path` says where.
 * @example
 * ```ts
 * import { basename } from "node:path";
 *
 * try {
 *   new Trainer({ maps: "maps", model });
 * } catch (error) {
 *   if (error instanceof MapsExistsError) console.log(basename(error.path)); // → maps
 * }
 * ```
 */
export class MapsExistsError extends ClinicaDLException {
  readonly path: string;
  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/**
 * In place of a MAPS, or of its part, there is another one than the one that was opened.
 * @example
 * ```ts
 * const trainer = await Trainer.fromMaps("maps");
 * new Trainer({ maps: "maps", model, overwrite: true });
 * await trainer.train(split).catch((error: unknown) => console.log(error instanceof MapsReplacedError)); // → true
 * ```
 */
export class MapsReplacedError extends ClinicaDLException {}

/**
 * A MAPS has, under a name that counts, a link, a pipe or the like: nothing is read or written behind it.
 * @example
 * ```ts
 * import { renameSync, symlinkSync } from "node:fs";
 *
 * renameSync("maps/model.json", "model.json");
 * symlinkSync("../model.json", "maps/model.json");
 * await Trainer.fromMaps("maps").catch((error: unknown) => console.log(error instanceof UnsafeMapsError)); // → true
 * ```
 */
export class UnsafeMapsError extends ClinicaDLException {}

/**
 * What was to be deleted holds what neither this program nor ClinicaDL made.
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 *
 * writeFileSync("maps/notes.txt", "mine");
 * try {
 *   new Trainer({ maps: "maps", model, overwrite: true });
 * } catch (error) {
 *   console.log(error instanceof ForeignEntryError); // → true
 * }
 * ```
 */
export class ForeignEntryError extends ClinicaDLException {}
