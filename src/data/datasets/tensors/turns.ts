/** Several processes that convert to tensors in one folder: each conversion is one's at a time, and so is what all of them write. */
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { FileLock } from "../../../io/maps/index.ts";
import { warn } from "../../../utils/warnings.ts";

/** @param conversion as `entitiesOf` names it. */
export function lockOf(folder: string, conversion: string): string {
  return join(folder, `.${conversion}.lock`);
}

/** Waits until nobody else converts or deletes it, however long that takes. */
export async function turnOf(folder: string, conversion: string): Promise<FileLock> {
  const path = lockOf(folder, conversion);
  for (let told = false; ; told = true) {
    const lock = FileLock.tryAcquire(path);
    if (lock !== null) return lock;
    if (!told)
      warn(`The tensors ${conversion} in ${folder} are being converted already; this waits. ${path} says by whom.`);
    await setTimeout(100);
  }
}

/** Reads and writes again what all conversions of a folder share. */
export function writeInTurn(folder: string, write: () => void): void {
  FileLock.hold(join(folder, ".conversions.lock"), write);
}
