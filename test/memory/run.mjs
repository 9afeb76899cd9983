// `npm run test:memory`: tests of the engine with an addon under AddressSanitizer. Any read or write outside of what was
// allocated, or of what was freed, ends the process that did it, and is printed at the end.
//
//   node test/memory/run.mjs            every test whose numbers come from the engine
//   node test/memory/run.mjs --short    those of src/torch and src/io/nifti
//   node test/memory/run.mjs PATH…      tests of these paths
//
// libtorch and Node are as they come: of them only calls that AddressSanitizer stands in for are watched (memcpy, free).
// That it does watch is tried first, with faults made on purpose (faults.mjs).
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { addonNeeded, addonPath, buildAddon, findTools } from "../../scripts/setup/addon.mjs";
import { recordedLibtorch } from "../../scripts/setup/engine.mjs";
import { packageFolder } from "../../scripts/setup/platform.mjs";
import { tryFaults } from "./faults.mjs";

const root = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));
const folder = join(root, "build", "asan");

const SHORT = ["src/torch/", "src/io/nifti/"];
const ALL = [...SHORT, "src/networks/", "src/losses/", "src/metrics/", "src/optim/", "src/transforms/", "src/data/"];

/** The library that must be in the process before all others; it comes with g++. */
function sanitizerLibrary(compiler) {
  const { stdout } = spawnSync(compiler, ["-print-file-name=libasan.so"], { encoding: "utf8" });
  const library = String(stdout).trim();
  if (existsSync(library)) return realpathSync(library);
  throw new Error(`${compiler} has no libasan.so: install g++ (with CXX=g++ where another compiler is the default).`);
}

async function prepare() {
  if (process.platform !== "linux") throw new Error("test:memory needs LD_PRELOAD: run it on Linux.");
  const { compiler } = await findTools(process.env);
  const libtorch = recordedLibtorch(root, process.env, false);
  if (libtorch === undefined) throw new Error("libtorch is not set up: run node scripts/setup.mjs");
  const library = sanitizerLibrary(compiler);
  const sanitized = {
    // Node takes leave with much allocated, which is no leak; what was freed is kept for a while, to be recognised
    ASAN_OPTIONS: `detect_leaks=0:quarantine_size_mb=64:log_path=${join(folder, "reports", "report")}`,
    LD_PRELOAD: library,
  };
  const variant = {
    folder: "asan",
    stamp: "addon-asan",
    options: ["-DCLINICADL_SANITIZE=ON", `-DCMAKE_CXX_COMPILER=${compiler}`],
    loadedWith: sanitized,
  };
  if (addonNeeded(root, libtorch, variant)) await buildAddon(root, libtorch, process.env, variant);
  const env = {
    ...process.env,
    ...sanitized,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --require=${join(root, "test/memory/preload.cjs")}`,
    CLINICADL_SANITIZED_ADDON: addonPath(root, variant),
    CLINICADL_SANITIZED_LOADS: join(folder, "reports", "loads"),
  };
  return { compiler, env };
}

/** What AddressSanitizer has written: one text per process that it ended. */
function takeReports() {
  const reports = join(folder, "reports");
  const names = existsSync(reports) ? readdirSync(reports).filter((name) => name.startsWith("report.")) : [];
  const texts = names.map((name) => readFileSync(join(reports, name), "utf8"));
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  return texts;
}

async function main(paths) {
  const { compiler, env } = await prepare();
  takeReports();
  const headers = join(packageFolder(root, "node-api-headers") ?? "", "include");
  const blind = tryFaults({ root, folder, compiler, headers, env, takeReports });
  for (const fault of blind) process.stderr.write(`not seen: ${fault}\n`);
  if (blind.length > 0) return 1;

  takeReports();
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", ...paths], { cwd: root, env, stdio: "inherit" });
  const loads = env.CLINICADL_SANITIZED_LOADS;
  const loaded = existsSync(loads) ? readFileSync(loads, "utf8").length : 0;
  const reports = takeReports();
  for (const report of reports) process.stderr.write(`${report}\n`);
  process.stdout.write(
    `AddressSanitizer: ${loaded} processes and threads loaded the addon, ${reports.length} reports\n`,
  );
  return status === 0 && reports.length === 0 && loaded > 0 ? 0 : 1;
}

const args = process.argv.slice(2);
const paths = args.filter((arg) => arg !== "--short");
if (paths.some((path) => path.startsWith("-"))) {
  process.stderr.write("usage: npm run test:memory [-- [--short] [PATH…]]\n");
  process.exitCode = 2;
} else {
  const chosen = paths.length > 0 ? paths : args.includes("--short") ? SHORT : ALL;
  try {
    process.exitCode = await main(chosen);
  } catch (error) {
    process.stderr.write(`test:memory: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
