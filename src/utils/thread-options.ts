import process from "node:process";

/** Worker threads take over the options of Node; with `--input-type`, which is of a program without a file, they would not start. */
export function threadOptions(): { readonly execArgv?: string[] } {
  return process.execArgv.some((option) => option.startsWith("--input-type")) ? { execArgv: [] } : {};
}
