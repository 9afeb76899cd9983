/** Files that are written whole or not at all. */

export { readJson, writeJson } from "../json/file.ts";
export { FileExistsError, temporaryName, type WriteOptions, writeFileAtomic } from "./atomic.ts";
export { copyFileAtomic, linkOrCopy } from "./copy.ts";
export { makeFolder, removeFile, sync, syncFolder } from "./folders.ts";
