// What Node makes of programs when it compiles them is kept, so that it is there when they are started again.
import * as node from "node:module";
import { join } from "node:path";
import { cacheRoot } from "./platform.mjs";

/** In the cache of the user, which nobody else writes to. Where there can be none, and in an older Node, programs are compiled each time. */
export function keepCompiled(env = process.env) {
  let folder;
  try {
    folder = join(cacheRoot(env), "compiled");
  } catch {
    // what needs the cache says that there is none, and what to do
    return;
  }
  node.enableCompileCache?.(folder);
}
