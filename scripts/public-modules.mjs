// The public modules of the package, from the folders of src/: what `exports` of package.json and its checks are made of.
//
// A folder with an index.ts is public under its own path, but for those of INTERNAL. `npm run generate` writes package.json.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { filesUnder } from "./setup/stamp.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Folders that serve others of this package only; those in them, too. */
const INTERNAL = [
  "cli",
  "io/files",
  "io/json",
  "io/tsv",
  "io/weights",
  "optim/optimizers",
  "run",
  "sweep",
  "torch/",
  "transforms/extraction",
  "utils/",
  "view/server",
];

/** Single files that are public. */
const FILES = ["utils/seed", "utils/exceptions"];

/** ClinicaDL's own module paths, each with the folder that holds what is imported from there. */
const ALIASES = {
  "utils/json": "io/json",
  "networks/config": "networks",
  "networks/nn": "networks",
  "losses/config": "losses",
  "metrics/config": "metrics",
  "optim/optimizers/config": "optim",
  "optim/lr_schedulers/config": "optim",
  "transforms/config": "transforms",
  "transforms/extraction": "transforms",
  "transforms/handlers": "transforms",
};

const isInternal = (/** @type {string} */ folder) =>
  INTERNAL.some((name) => folder === name || folder.startsWith(name.endsWith("/") ? name : `${name}/`));

/**
 * The `exports` of package.json.
 * @param {string} src the folder of the sources
 * @returns {Record<string, string | { types: string, default: string }>}
 */
export function publicModules(src) {
  /** @type {string[]} */
  const files = filesUnder(src, (/** @type {string} */ path) => path.endsWith(`${sep}index.ts`));
  const folders = files
    .map((path) => relative(src, dirname(path)).split(sep).join("/"))
    .filter((folder) => !isInternal(folder))
    .sort();
  const entry = (/** @type {string} */ path) => ({ types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` });
  return {
    ...Object.fromEntries(folders.map((folder) => [`./${folder}`, entry(`${folder}/index`)])),
    ...Object.fromEntries(FILES.map((file) => [`./${file}`, entry(file)])),
    ...Object.fromEntries(Object.entries(ALIASES).map(([name, folder]) => [`./${name}`, entry(`${folder}/index`)])),
    "./package.json": "./package.json",
  };
}

/**
 * What is wrong with the `exports` that package.json has; nothing when they are those of the folders.
 * @param {unknown} exports
 * @param {string} src
 * @returns {string[]}
 */
export function checkPublicModules(exports, src) {
  if (JSON.stringify(exports) === JSON.stringify(publicModules(src))) return [];
  return ["the exports of package.json are not those of the folders of src/: run npm run generate"];
}

/**
 * Folders of src/ whose index.ts does not open with what the room is for.
 * @param {string} src
 * @returns {string[]}
 */
export function checkRooms(src) {
  /** @type {string[]} */
  const files = filesUnder(src, (/** @type {string} */ path) => path.endsWith(`${sep}index.ts`));
  return files
    .filter((path) => !/^\/\*\*\s/.test(readFileSync(path, "utf8")))
    .map((path) => `${relative(dirname(src), path)} does not open with a comment on what its folder is for`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const path = join(root, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  manifest.exports = publicModules(join(root, "src"));
  for (const target of Object.values(ALIASES)) {
    if (!existsSync(join(root, "src", target, "index.ts"))) throw new Error(`there is no src/${target}/index.ts`);
  }
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}
