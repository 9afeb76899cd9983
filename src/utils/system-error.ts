import { getSystemErrorMessage, getSystemErrorName } from "node:util";

/** What a call refused, where it was asked for, and of which files. */
export interface Refused {
  readonly syscall: string;
  readonly path: string;
  readonly dest?: string;
}

/** What the system refused to the addon, as Node says it: `ENOSPC: no space left on device, write 'model.pt'`. */
export function systemError(errno: number, refused: Refused): Error {
  const { syscall, path, dest } = refused;
  const code = getSystemErrorName(-errno);
  const files = dest === undefined ? `'${path}'` : `'${path}' -> '${dest}'`;
  const error = new Error(`${code}: ${getSystemErrorMessage(-errno)}, ${syscall} ${files}`);
  return Object.assign(error, { code, errno: -errno, ...refused });
}
