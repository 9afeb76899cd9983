// Imports go one way, and this holds them to it: a folder of src/ may import what stands to its left, and itself.
//
//   utils ← native ← torch ← io ← data, transforms, split ← networks, losses, metrics, optim ← models, infer ← run ← callbacks ← train ← cli
//
// Within a group the folders may import each other (split uses datasets), but not in a circle of folders.
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
  ["cli"],
];

/** Files that stand elsewhere than their folder: seeding lives under `utils` for its public name, and sets libtorch's generators. */
const EXCEPTIONS = new Map([["utils/seed.ts", "torch"]]);

const rank = new Map(LAYERS.flatMap((folders, index) => folders.map((folder) => [folder, index])));

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
    const folder =
      EXCEPTIONS.get(name.replace(".test.ts", ".ts")) ?? (name.includes("/") ? name.split("/")[0] : undefined);
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
      else if (rank.get(other) > rank.get(folder)) {
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

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const problems = checkLayers(join(dirname(fileURLToPath(import.meta.url)), "..", "src"));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(
    problems.length === 0 ? "layers: all imports go the right way\n" : `layers: ${problems.length} wrong\n`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}
