import { realpathSync } from "node:fs";
import { sep } from "node:path";
import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * Where a file really is, links resolved, which must be in one of some folders: a link in a dataset does not open the rest of the machine.
 * @throws ClinicaDLException where it is elsewhere; Node's own error where there is none.
 */
export function inside(path: string, folders: readonly string[]): string {
  const real = realpathSync(path);
  const isIn = folders.some((folder) => {
    const root = realpathSync(folder);
    return real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
  });
  if (!isIn) throw new ClinicaDLException(`${path} is outside the MAPS and its dataset, and is not shown.`);
  return real;
}
