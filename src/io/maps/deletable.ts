import { lstatSync, realpathSync } from "node:fs";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { MapsExistsError } from "./errors.ts";
import { checkOurs } from "./inside.ts";
import { MAPS } from "./layout.ts";
import { FileLock } from "./lock.ts";
import { checkContent, type Descriptions } from "./origin.ts";

/** What must be known of a MAPS that is to be replaced or deleted. */
export interface Deletable extends Descriptions {
  readonly inUseLock: string;
  readonly training: Descriptions["training"] & {
    readonly splitsList: readonly number[];
    lockSplit(split: number): Disposable;
  };
  looksLikeMaps(): boolean;
}

/**
 * The lock of who may delete a MAPS, which is one, and which nobody uses.
 * @param remedy what to do where deleting it was not `asked` for.
 * @throws ClinicaDLException where something else is there, MapsExistsError where it was not asked for, ForeignEntryError
 * listing what is someone else's, LockedError where it is in use.
 */
export function lockIfDeletable(maps: Deletable, asked: boolean, remedy: string): FileLock {
  const { path } = maps;
  if (!lstatSync(realpathSync(path)).isDirectory()) {
    throw new ClinicaDLException(`${path} is a file. Choose another path for the MAPS.`);
  }
  if (!asked) throw new MapsExistsError(path, `${path} exists already, and is not empty. ${remedy}.`);
  checkDeletable(maps);
  // none of its splits may be in training; the name of a split says more than that of the MAPS
  for (const split of maps.training.splitsList) maps.training.lockSplit(split)[Symbol.dispose]();
  const lock = FileLock.acquire(maps.inUseLock, `The MAPS ${path}`, { makeFolder: false });
  try {
    // what has come meanwhile
    checkDeletable(maps);
    return lock;
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

function checkDeletable(maps: Deletable): void {
  const { path } = maps;
  if (!maps.looksLikeMaps()) {
    throw new ClinicaDLException(
      `${path} is not a MAPS (it has no training/ and summary.log), so it is not deleted. Choose another path, or delete it yourself.`,
    );
  }
  checkOurs(realpathSync(path), MAPS);
  checkContent(maps);
}
