/** JSON as Python reads and writes it. */
// what describes itself, in a file
export { loadConfig, saveConfig } from "./config-file.ts";
export { readJson, writeJson } from "./file.ts";
export { hasFloats, markFloats, pythonFloat, pythonNumber } from "./floats.ts";
export { formatJson } from "./format.ts";
export { parseJson } from "./parse.ts";
