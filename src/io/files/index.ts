/** Files that are written whole or not at all, and what keeps one from being read. */

export { readJson, writeJson } from "../json/file.ts";
export { FileExistsError, temporaryName, writeFileAtomic } from "./atomic.ts";
export { contentProblem } from "./content.ts";
export { linkOrCopy } from "./copy.ts";
export { ensureFolder, makeFolder, removeFile, sync, syncFolder } from "./folders.ts";
export { NotRegularFileError, openRegular, readRegular } from "./regular.ts";
export { sha256Of } from "./sha256.ts";
