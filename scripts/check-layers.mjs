// Imports go one way, and this holds them to it: a folder of src/ may import what stands to its left, and itself.
//
//   utils ← native ← torch ← io ← data, transforms, split ← networks, losses, metrics, optim ← models, infer ← run ← callbacks ← train ← sweep ← view ← cli
//
// Within a group the folders may import each other (split uses datasets), but not in a circle of folders. Files import each other
// in no circle either, type-only imports included: who reads one of them would have to read them all at once.
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { filesUnder } from "./setup/stamp.mjs";

export const LAYERS = [
  ["utils"],
  ["torch"],
  ["io"],
  ["data", "transforms", "split"],
  ["networks", "losses", "metrics", "optim"],
  ["models", "infer"],
  ["run"],
  ["callbacks"],
  ["train"],
  ["sweep"],
  ["view"],
  ["cli"],
];

/** Files that stand elsewhere than their folder: seeding lives under `utils` for its public name, and sets libtorch's generators. */
const EXCEPTIONS = new Map([["utils/seed.ts", "torch"]]);

const rank = new Map(LAYERS.flatMap((folders, index) => folders.map((folder) => [folder, index])));

/**
 * The folder of src/ in whose layer a file is; undefined for one that is in none.
 * @param {string} name its path below src/, or below dist/
 */
export function roomOf(name) {
  const source = name.replace(/(\.test)?\.[jt]s$/, ".ts");
  return EXCEPTIONS.get(source) ?? (name.includes("/") ? name.split("/")[0] : undefined);
}

/** The relative imports of a file, type imports, re-exports and dynamic ones included. */
export function importsOf(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const pattern =
    /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)["'](\.{1,2}\/[^"']+)["']|new URL\(\s*["'](\.{1,2}\/[^"']+\.ts)["']/g;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2]);
}

/** One message per import that goes the wrong way, leaves src/, or belongs to no layer. */
export function checkLayers(src) {
  const problems = [];
  const edges = new Map();
  for (const file of filesUnder(src, (path) => path.endsWith(".ts"))) {
    const name = relative(src, file).split(sep).join("/");
    const folder = roomOf(name);
    if (folder === undefined || !rank.has(folder)) {
      problems.push(`${name}: its folder is in no layer; add it to scripts/check-layers.mjs`);
      continue;
    }
    for (const specifier of importsOf(readFileSync(file, "utf8"))) {
      const target = relative(src, resolve(dirname(file), specifier))
        .split(sep)
        .join("/");
      const other = EXCEPTIONS.get(target) ?? target.split("/")[0];
      if (target.startsWith("../")) {
        // the program reads its manifest and setup's scripts; nothing else reaches out of src/
        if (folder !== "cli") problems.push(`${name}: imports ${specifier}, which is outside src/`);
        continue;
      }
      if (other === folder) continue;
      if (!rank.has(other)) problems.push(`${name}: imports ${specifier}, which is in no layer`);
      else if ((rank.get(other) ?? 0) > (rank.get(folder) ?? 0)) {
        problems.push(`${name}: ${folder} may not import ${other} (${specifier}); the arrow goes the other way`);
      } else if (!name.endsWith(".test.ts")) {
        edges.set(`${folder} ${other}`, `${name} (${specifier})`);
      }
    }
  }
  for (const [edge, where] of edges) {
    const [from, to] = edge.split(" ");
    const back = edges.get(`${to} ${from}`);
    if (from < to && back !== undefined) problems.push(`${from} and ${to} import each other: ${where}, ${back}`);
  }
  return problems;
}

/**
 * One message per group of files that import each other in a circle, with the shortest circle through its first file.
 * @param {string} src
 * @returns {string[]}
 */
export function checkCircles(src) {
  /** @type {Map<string, string[]>} */
  const imports = new Map();
  for (const file of filesUnder(src, (path) => path.endsWith(".ts"))) {
    const name = relative(src, file).split(sep).join("/");
    const targets = importsOf(readFileSync(file, "utf8")).map((specifier) =>
      relative(src, resolve(dirname(file), specifier))
        .split(sep)
        .join("/"),
    );
    imports.set(name, [...new Set(targets)]);
  }
  /** @type {Set<string>} */
  const reported = new Set();
  const problems = [];
  for (const name of imports.keys()) {
    if (reported.has(name)) continue;
    const circle = shortestCircle(name, imports);
    if (circle === undefined) continue;
    for (const file of circle) reported.add(file);
    problems.push(`files import each other in a circle: ${circle.join(" → ")}`);
  }
  return problems;
}

/**
 * The shortest way along imports from a file back to itself, breadth first.
 * @param {string} start
 * @param {ReadonlyMap<string, readonly string[]>} imports
 */
function shortestCircle(start, imports) {
  /** @type {Map<string, string>} */
  const cameFrom = new Map();
  const queue = [start];
  for (const file of queue) {
    for (const target of imports.get(file) ?? []) {
      if (target === start) {
        const way = [start];
        for (let at = file; at !== start; at = cameFrom.get(at) ?? start) way.unshift(at);
        return [start, ...way];
      }
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, file);
      queue.push(target);
    }
  }
  return undefined;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const src = join(dirname(fileURLToPath(import.meta.url)), "..", "src");
  const problems = [...checkLayers(src), ...checkCircles(src)];
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(
    problems.length === 0
      ? "layers: all imports go the right way, and none in a circle\n"
      : `layers: ${problems.length} wrong\n`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
