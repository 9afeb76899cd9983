/** Tensors made outside of scopes that nobody has kept or disposed yet: a loop without a scope makes thousands of them. */
import { fileURLToPath } from "node:url";
import { warnOnce } from "../utils/warnings.ts";

/** More than a program holds by itself: parameters and states of optimizers are kept, and do not count. */
const HARMLESS = 5000;

let count = 0;

export function madeOutside(): void {
  count++;
  if (count <= HARMLESS) return;
  warnOnce(
    "torch.scope",
    `More than ${HARMLESS} tensors were made outside of any scope and not disposed: their memory is given back late, or ` +
      "not at all. Write 'using scope = torch.scope();' at the beginning of the body of the loop; what is to live longer " +
      `is kept with t.keep().${whereFrom()}`,
  );
}

/** One of them was kept, disposed or given to another thread. */
export function takenCareOf(): void {
  count--;
}

/** The line of the user's that made the last one. */
function whereFrom(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = limit;
  const here = new URL("..", import.meta.url).href;
  const own = [here, fileURLToPath(here)];
  const frame = stack
    .split("\n")
    .slice(1)
    .find(
      (line) =>
        !own.some((folder) => line.includes(folder)) &&
        !line.includes("node:") &&
        !/\((?:native|<anonymous>)\)$/.test(line),
    );
  return frame === undefined ? "" : ` The last was made ${frame.trim()}.`;
}
