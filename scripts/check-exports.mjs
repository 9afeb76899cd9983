// The package as others get it: `exports` are those of the folders of src/, and every entry exists, publint finds nothing, its types resolve (attw) and need no
// other package, and the links of its documentation lead somewhere.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkLinks, checkTypes } from "./check-package.mjs";
import { checkPublicModules, checkRooms } from "./public-modules.mjs";
import { bundledNode } from "./setup/platform.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const problems = [];

for (const [entry, target] of Object.entries(manifest.exports)) {
  for (const path of typeof target === "string" ? [target] : Object.values(target)) {
    if (!existsSync(join(root, path))) problems.push(`exports["${entry}"] names ${path}, which does not exist`);
  }
}
problems.push(...checkPublicModules(manifest.exports, join(root, "src")), ...checkRooms(join(root, "src")));
const node = bundledNode(root) ?? process.execPath;
problems.push(...checkLinks(root));
if (problems.length === 0) problems.push(...checkTypes(root, manifest.exports, node));
for (const problem of problems) process.stderr.write(`${problem}\n`);

function tool(name, bin, args) {
  const script = join(root, "node_modules", name, bin);
  const { status } = spawnSync(node, [script, ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) problems.push(`${name} found something`);
}
if (problems.length === 0) {
  tool("publint", "src/cli.js", ["--strict", "--pack", "npm"]);
  tool("@arethetypeswrong/cli", "dist/index.js", [
    "--pack",
    ".",
    "--profile",
    "esm-only",
    "--format",
    "ascii",
    "--no-emoji",
  ]);
}
process.stdout.write(problems.length === 0 ? "exports: all resolve\n" : `exports: ${problems.length} problem(s)\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
