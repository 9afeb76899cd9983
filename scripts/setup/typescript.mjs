// The steps that only a checkout needs: the typed operators are generated, what comments say of options is collected, and src/
// becomes dist/.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { addonStamp } from "./addon.mjs";
import { nodeOfPackage } from "./platform.mjs";
import { diskFull, isDiskFull, progress, SetupError } from "./report.mjs";
import { run } from "./run.mjs";
import { clearStamp, filesUnder, hashOf, readStamp, writeStamp } from "./stamp.mjs";

const stampPath = (root, name) => join(root, "build", "stamps", name);
const generated = (root) => join(root, "src", "torch", "generated");
const descriptions = (root) => join(root, "src", "cli", "experiment", "json-schema", "generated", "descriptions.json");

export function opsStamp(root, libtorch) {
  const inputs = ["scripts/generate-ops.mjs", "scripts/op-notes.mjs", "src/torch/schema.ts", "src/utils/names.ts"].map(
    (path) => join(root, path),
  );
  return hashOf(root, inputs, [addonStamp(root, libtorch)]);
}

export function opsNeeded(root, libtorch) {
  return filesUnder(generated(root)).length === 0 || readStamp(stampPath(root, "ops")) !== opsStamp(root, libtorch);
}

export async function generateOps(root, libtorch, env) {
  const stamp = opsStamp(root, libtorch);
  const bar = progress("generating the operators");
  bar.update("from libtorch's schemas");
  clearStamp(stampPath(root, "ops"));
  await node(root, env, [join(root, "scripts", "generate-ops.mjs")], bar, "The operators could not be generated.");
  writeStamp(stampPath(root, "ops"), stamp);
}

const isTest = (path) => /\.test\.ts$/.test(path);
// read by tests only
const isTestFolder = (path) => /(^|\/)(golden|fixtures|__snapshots__)\//.test(path.split(sep).join("/"));

export function distStamp(root) {
  const sources = filesUnder(join(root, "src"), (path) => !isTest(path) && !isTestFolder(path));
  const names = [
    "tsconfig.json",
    "tsconfig.build.json",
    "tsconfig.page.json",
    "scripts/generate-descriptions.mjs",
    "scripts/bundle.mjs",
    "scripts/check-layers.mjs",
  ];
  const settings = names.map((name) => join(root, name));
  const versions = ["typescript", "rolldown"].map((tool) => {
    const manifest = join(root, "node_modules", tool, "package.json");
    return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : "";
  });
  return hashOf(root, [...sources, ...settings], versions);
}

export function distNeeded(root) {
  return (
    !existsSync(join(root, "dist")) ||
    !existsSync(descriptions(root)) ||
    readStamp(stampPath(root, "dist")) !== distStamp(root)
  );
}

/**
 * Compiles the live page for browsers. Its types come from the rest of src/, which is not compiled again: they are checked by
 * `tsc -p tsconfig.page.json`.
 */
export function pageArguments(root, folder) {
  const options = ["--noEmit", "false", "--noCheck", "--noResolve", "--rootDir", join(root, "src", "view", "page")];
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  return [compiler, "-p", join(root, "tsconfig.page.json"), ...options, "--outDir", folder];
}

/** Compiles beside dist/ and swaps, so that dist/ never holds half a build or what src/ no longer has. */
export async function buildDist(root, env) {
  clearStamp(stampPath(root, "dist"));
  const collecting = progress("collecting what comments say of options");
  collecting.update("tsc");
  const generator = [join(root, "scripts", "generate-descriptions.mjs"), descriptions(root)];
  await node(root, env, generator, collecting, "What comments say of options could not be collected.");
  const stamp = distStamp(root);
  const bar = progress("compiling the TypeScript");
  bar.update("tsc");
  const build = join(root, "build");
  for (const name of existsSync(build) ? readdirSync(build) : []) {
    if (/^dist-(new|old)-/.test(name)) rmSync(join(build, name), { recursive: true, force: true });
  }
  const fresh = join(build, `dist-new-${process.pid}`);
  const old = join(build, `dist-old-${process.pid}`);
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const tsc = [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", fresh];
  try {
    await node(root, env, tsc, bar, "The TypeScript in src/ does not compile.");
    const bundler = [join(root, "scripts", "bundle.mjs"), fresh];
    await node(root, env, bundler, bar, "What was compiled cannot be put together.");
    await node(root, env, pageArguments(root, join(fresh, "view", "page")), bar, "The live page does not compile.");
    copyAssets(join(root, "src"), fresh);
    if (existsSync(join(root, "dist"))) renameSync(join(root, "dist"), old);
    renameSync(fresh, join(root, "dist"));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
  writeStamp(stampPath(root, "dist"), stamp);
}

/** What src/ reads at run time and tsc does not carry over: pages, tables, JSON. */
function copyAssets(src, dist) {
  for (const file of filesUnder(src, (path) => !/\.[cm]?ts$/.test(path) && !isTestFolder(path))) {
    const target = join(dist, relative(src, file));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target);
  }
}

async function node(root, env, args, bar, failure) {
  const { code, tail } = await run(nodeOfPackage(root), args, { cwd: root, env });
  bar.done(code === 0 ? "done" : "failed");
  if (code === 0) return;
  if (isDiskFull(tail)) throw diskFull("the build", root);
  throw new SetupError(`${failure}\n${tail.split("\n").slice(0, 20).join("\n")}`);
}
