/** Files that are written whole or not at all. */

export { readJson, writeJson } from "../json/file.ts";
export { FileExistsError, syncFolder, temporaryName, type WriteOptions, writeFileAtomic } from "./atomic.ts";
