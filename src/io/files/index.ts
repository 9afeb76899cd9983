/** Files that are written whole or not at all. */
export { FileExistsError, syncFolder, temporaryName, type WriteOptions, writeFileAtomic } from "./atomic.ts";
