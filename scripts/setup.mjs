#!/usr/bin/env node
// Sets up what is missing and nothing twice: npm's packages, libtorch, the addon, the generated operators, dist/.
//
//   node scripts/setup.mjs                   set up
//   node scripts/setup.mjs --run FILE ARG…   set up, then run FILE under Node 24 with the arguments
//
// Plain JavaScript for Node ≥ 20 with Node's own modules only: it runs before anything is installed. In an installed
// package (no src/) there are only libtorch and the addon to see to.
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { addonNeeded, buildAddon } from "./setup/addon.mjs";
import { findLibtorch, recordedLibtorch, writeEngine } from "./setup/engine.mjs";
import { withLock } from "./setup/lock.mjs";
import { installModules, modulesNeeded } from "./setup/node-modules.mjs";
import { closedToOthers, hasGpu, nodeOfPackage, platformName } from "./setup/platform.mjs";
import { asSetupError, SetupError, say } from "./setup/report.mjs";
import { killChildren, runAndExit } from "./setup/run.mjs";
import { buildDist, distNeeded, generateOps, opsNeeded } from "./setup/typescript.mjs";

const packageRoot = realpathSync(fileURLToPath(new URL("..", import.meta.url)));

/** What ends setup early, and the exit codes by which shells know it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Returns whether anything had to be done. Throws a SetupError that names the way out. */
export async function setup({ root = packageRoot, env = process.env } = {}) {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new SetupError(`This is Node ${process.versions.node}; setup needs Node 20 or newer (nodejs.org).`);
  }
  platformName();
  const gpu = await hasGpu(env);
  const checkout = existsSync(join(root, "src"));
  if (isSetUp(root, env, gpu, checkout)) return false;

  mkdirSync(join(root, "build"), { recursive: true });
  const onWait = (owner) =>
    say(`another setup (process ${owner?.pid} on ${owner?.host}) is at work here; waiting for it`);
  return await withLock(join(root, "build", ".setup.lock"), () => setUp(root, env, gpu, checkout), { onWait });
}

function isSetUp(root, env, gpu, checkout) {
  if (checkout && modulesNeeded(root) !== undefined) return false;
  const libtorch = recordedLibtorch(root, env, gpu);
  if (libtorch === undefined || addonNeeded(root, libtorch)) return false;
  return !checkout || !(opsNeeded(root, libtorch) || distNeeded(root));
}

async function setUp(root, env, gpu, checkout) {
  // another setup may have done it all while this one waited
  if (isSetUp(root, env, gpu, checkout)) return false;
  const start = performance.now();
  if (checkout && modulesNeeded(root) !== undefined) await installModules(root, env);

  let libtorch = recordedLibtorch(root, env, gpu);
  if (libtorch === undefined) {
    const found = await findLibtorch(env, gpu);
    libtorch = found;
    say(`libtorch ${found.version} from ${found.source}: ${found.dir}`);
    if (gpu && !found.cuda) say("this libtorch has no CUDA: the GPU of this machine will not be used");
  }
  if (addonNeeded(root, libtorch)) await buildAddon(root, libtorch, env);
  writeEngine(root, libtorch);
  // as in a Dockerfile, whose image is then run by another user
  const closed = process.getuid?.() === 0 ? closedToOthers(libtorch.dir) : undefined;
  if (closed !== undefined) {
    say(`only root may read ${closed}: for other users, set up with XDG_CACHE_HOME=<a folder that all may read>`);
  }

  if (checkout && opsNeeded(root, libtorch)) await generateOps(root, libtorch, env);
  if (checkout && distNeeded(root)) await buildDist(root, env);
  say(`ready after ${Math.round((performance.now() - start) / 1000)} s`);
  return true;
}

/** `setup()` as a command: one message and exit code 1 where it cannot be done. */
export async function main(args = process.argv.slice(2)) {
  // setup goes on to its end when who reads what it says has ended: `npx clinicadl setup 2>&1 | head`
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.once(signal, () => {
      killChildren();
      say("interrupted: nothing is left half done, run it again");
      process.exit(code);
    });
  }
  const [option, file, ...rest] = args;
  try {
    if (option !== undefined && option !== "--run") {
      throw new SetupError(
        `unknown option '${option}'. Setup takes none; it is guided by CLINICADL_LIBTORCH, XDG_CACHE_HOME and CXX.`,
      );
    }
    if (option === "--run" && file === undefined) throw new SetupError("--run needs the file to run.");
    const done = await setup();
    if (option === undefined && !done) say("nothing to do: everything is set up (npx clinicadl doctor shows what)");
  } catch (error) {
    const known = asSetupError(error, packageRoot);
    process.stderr.write(`clinicadl setup: ${known instanceof SetupError ? known.message : (known.stack ?? known)}\n`);
    process.exitCode = 1;
    return;
  }
  if (option === "--run") {
    for (const signal of Object.keys(SIGNALS)) process.removeAllListeners(signal);
    runAndExit(nodeOfPackage(packageRoot), [resolve(packageRoot, file), ...rest]);
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
