// Puts the files of each room of dist/ into one, dist/rooms/<room>.js: a program opens some twenty files where it would open eight
// hundred, which takes longer than what is in them. What is imported by its name or started by its path stays where it is, and
// leads there. Run by the setup, between tsc and the rest.
//
//   node scripts/bundle.mjs FOLDER    FOLDER holds what tsc has made of src/
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { Visitor } from "rolldown/utils";
import { LAYERS, roomOf } from "./check-layers.mjs";
import { filesUnder } from "./setup/stamp.mjs";

/** Rooms that few programs need as a whole: their files are put together by who imports them. */
const BY_IMPORTER = ["sweep", "view", "cli"];
/** Shows its help, and completes names in a shell, with the little that it imports: no room is loaded for that. */
const COMMANDS = "cli/index.js";
/** `new Worker(new URL("./worker.js", import.meta.url))` and the like: a program, which no other file may contain. */
const PROGRAM = /"(\.\/[\w-]+\.js)", import\.meta\.url\)/g;
/** Stands for the path of a file that asks where it is, until it is known in which file its text comes to lie. */
const PLACE = /clinicadl-place:([\w/.-]+)/g;

/**
 * Puts the files of a folder together, in place of them.
 * @param {string} given
 * @param {readonly string[]} entries the files that others import, below the folder
 */
export async function bundle(given, entries) {
  const folder = realpathSync(given);
  const nameOf = (/** @type {string} */ id) => relative(folder, id).split(sep).join("/");
  /** @type {Set<string>} */
  const programs = new Set();
  /** @type {Map<string, readonly string[]>} */
  const imports = new Map();
  const build = await rolldown({
    cwd: folder,
    input: Object.fromEntries(entries.map((entry) => [entry.replace(/\.js$/, ""), join(folder, entry)])),
    external: (id) => !id.startsWith(".") && !id.startsWith(folder),
    platform: "node",
    // what a file does when it is imported is meant
    treeshake: false,
    // a command loads what it needs only when it is called, which others may have loaded already
    checks: { ineffectiveDynamicImport: false },
    onLog(level, log) {
      if (level === "warn") throw new Error(log.message);
    },
    plugins: [
      {
        name: "where a file is",
        transform(code, id) {
          if (!code.includes("import.meta.")) return null;
          for (const [, path = ""] of code.matchAll(PROGRAM)) {
            const program = resolve(dirname(id), path);
            if (!programs.has(program)) this.emitFile({ type: "chunk", id: program, fileName: nameOf(program) });
            programs.add(program);
          }
          const here = `new URL("clinicadl-place:${nameOf(id)}", import.meta.url).href`;
          return placesIn(this.parse(code)).reduceRight(
            (text, { start, end }) => text.slice(0, start) + here + text.slice(end),
            code,
          );
        },
        moduleParsed({ id, importedIds }) {
          imports.set(id, importedIds);
        },
        renderChunk: (code, { fileName }) =>
          code.replace(PLACE, (_, name) => {
            const path = posix.relative(posix.dirname(fileName), name);
            return path.startsWith(".") ? path : `./${path}`;
          }),
      },
    ],
  });
  /** @type {Set<string> | undefined} */
  let first;
  const start = {
    name: "start",
    priority: LAYERS.flat().length + 1,
    test(/** @type {string} */ id) {
      first ??= importedBy(join(folder, COMMANDS), imports);
      return first.has(id) && roomOf(nameOf(id)) !== "cli";
    },
  };
  const groups = LAYERS.flat()
    .filter((room) => !BY_IMPORTER.includes(room))
    .map((room, i) => ({
      name: room,
      // a group takes what its files import along: the lower rooms come first, and are taken by then
      priority: LAYERS.flat().length - i,
      test: (/** @type {string} */ id) => roomOf(nameOf(id)) === room && !programs.has(id),
    }));
  const { output } = await build.generate({
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "rooms/[name].js",
    keepNames: true,
    minifyInternalExports: false,
    codeSplitting: { groups: [start, ...groups] },
  });
  await build.close();
  for (const file of filesUnder(folder, (path) => path.endsWith(".js"))) rmSync(file);
  for (const chunk of output) {
    if (chunk.type !== "chunk") throw new Error(`${chunk.fileName} is no program.`);
    mkdirSync(dirname(join(folder, chunk.fileName)), { recursive: true });
    writeFileSync(join(folder, chunk.fileName), chunk.code);
  }
}

/**
 * A file's own imports, and theirs.
 * @param {string} file
 * @param {ReadonlyMap<string, readonly string[]>} imports
 */
function importedBy(file, imports) {
  const found = new Set(imports.get(file));
  for (const id of found) for (const other of imports.get(id) ?? []) found.add(other);
  return found;
}

/**
 * Where `import.meta.url` stands in a program, and not in a text of it.
 * @param {import("rolldown/utils").ESTree.Program} program
 */
function placesIn(program) {
  /** @type {{ start: number, end: number }[]} */
  const found = [];
  new Visitor({
    MemberExpression({ object, property, start, end }) {
      if (object.type !== "MetaProperty" || object.meta.name !== "import" || property.type !== "Identifier") return;
      if (property.name === "url") found.push({ start, end });
      else if (property.name !== "resolve") throw new Error(`import.meta.${property.name}: write import.meta.url.`);
    },
  }).visit(program);
  return found;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const modules = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [] : [target.default.replace("./dist/", "")],
  );
  // several names lead to one file
  await bundle(resolve(process.argv[2] ?? ""), [...new Set([...modules, COMMANDS])]);
}
