// On the machine with the GPU, without a network: builds the addon against the PyTorch that is there, and runs the checks.
import { spawnSync } from "node:child_process";
import { mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { addonNeeded, addonPath, buildAddon } from "../../scripts/setup/addon.mjs";
import { writeEngine } from "../../scripts/setup/engine.mjs";
import { fromEnvironment, inspect, pythons } from "../../scripts/setup/libtorch.mjs";
import { isKnownTorch, TORCH_RANGE } from "../../scripts/setup/platform.mjs";
import { asSetupError, SetupError, say } from "../../scripts/setup/report.mjs";
import { which } from "../../scripts/setup/run.mjs";
import { generateOps, opsNeeded } from "../../scripts/setup/typescript.mjs";
import { buildPlainly } from "./plain-build.mjs";

const root = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));

/** The folder of torch that an interpreter imports; undefined where it has none. */
function torchOf(python) {
  const script =
    "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')";
  const { status, stdout } = spawnSync(python, ["-c", script], { encoding: "utf8" });
  const path = (stdout ?? "").trim();
  return status === 0 && path !== "" ? path : undefined;
}

/** A libtorch, and the interpreter that has it as PyTorch, or undefined. */
function find(env) {
  const named = fromEnvironment(env);
  const candidates = env.CLINICADL_TEST_PYTHON ? [env.CLINICADL_TEST_PYTHON] : pythons(env);
  const seen = [];
  for (const python of candidates) {
    const torch = torchOf(python);
    if (torch === undefined) continue;
    const found = inspect(dirname(torch));
    if (named !== undefined) {
      // of another version it is compared all the same
      return { libtorch: named, python };
    }
    if (found.problem === undefined && isKnownTorch(found.version)) {
      return { libtorch: { ...found, source: `the Python environment of ${python}` }, python };
    }
    seen.push(`${python}: ${found.problem ?? `PyTorch ${found.version}`}`);
  }
  if (named !== undefined) return { libtorch: named, python: undefined };
  throw new SetupError(
    `No PyTorch ${TORCH_RANGE} was found (${seen.join("; ") || "no python3 on the PATH has any"}).\n` +
      "Set CLINICADL_LIBTORCH to the torch folder of one, or CLINICADL_TEST_PYTHON to an interpreter that has one.",
  );
}

/** As setup does it; with the compiler alone where there is no CMake. */
async function build(libtorch) {
  const compiler = [process.env.CXX, "g++", "c++"].find((name) => name && which(name));
  if (which("cmake") !== undefined || compiler === undefined) {
    if (addonNeeded(root, libtorch)) await buildAddon(root, libtorch, process.env);
  } else {
    await buildPlainly(root, libtorch, compiler, addonPath(root));
  }
}

try {
  const { libtorch, python } = find(process.env);
  say(`libtorch ${libtorch.version}${libtorch.build === "" ? "" : `+${libtorch.build}`} from ${libtorch.source}`);
  mkdirSync(join(root, "build"), { recursive: true });
  await build(libtorch);
  writeEngine(root, libtorch);
  if (opsNeeded(root, libtorch)) await generateOps(root, libtorch, process.env);
  const suite = join(root, "test", "gpu", "suite.ts");
  const env = { ...process.env, ...(python === undefined ? {} : { CLINICADL_TEST_PYTHON: python }) };
  const { status, signal } = spawnSync(process.execPath, [suite, ...process.argv.slice(2)], { stdio: "inherit", env });
  if (signal !== null) process.stderr.write(`the checks ended with ${signal}\n`);
  process.exitCode = status ?? 1;
} catch (error) {
  const known = asSetupError(error, root);
  process.stderr.write(`${known instanceof SetupError ? known.message : (known.stack ?? known)}\n`);
  process.stdout.write("0 passed, 1 failed\n");
  process.exitCode = 1;
}
