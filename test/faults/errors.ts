/** What the errors of a run tell its reader. */

/** An error in a line; paths are those below `disk`. */
export function describe(error: unknown, disk: string): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const { path } = error as NodeJS.ErrnoException;
  const where = path === undefined || error.message.includes(path) ? "" : ` (${path})`;
  return `${error.name}: ${error.message}${where}`.replaceAll(disk, "").replaceAll("\n", " ");
}

/** Why an error does not say which file it was about, and what the system said: a sentence each. */
export function unclear(error: unknown, disk: string): string[] {
  const text = describe(error, disk);
  if (!(error instanceof Error) || /^(Type|Range|Reference|Syntax|Assertion)Error/.test(error.name)) {
    return [`this is not an error for users: ${text}`];
  }
  const { code = "", path = "" } = error as NodeJS.ErrnoException;
  const problems: string[] = [];
  if (!`${error.message} ${path}`.includes(disk)) problems.push(`the error names no file: ${text}`);
  // Node says of a folder that it could not make that it does not exist
  if (!/ENOSPC|EIO|ENOENT|no space|input\/output/i.test(`${code} ${error.message}`)) {
    problems.push(`the error does not say what happened: ${text}`);
  }
  return problems;
}
