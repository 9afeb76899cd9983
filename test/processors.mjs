// `npm run test:processors`: the numeric tests as other processors would run them. Sums round otherwise with each set of
// instructions, and libtorch and oneDNN can be held to smaller ones, so this machine shows what those with less would find.
//
//   node test/processors.mjs            every setting that this machine can show
//   node test/processors.mjs --short    without what `npm test` runs already, and without the tests that take long
//   node test/processors.mjs PATH…      only tests of these paths
//
// Ends with a line per setting, those that were left out included; exit code 1 when any test failed. The results are in
// build/test-processors/<setting>.json.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where what is tested comes out of libtorch's arithmetic. A folder whose results do belongs here. */
const NUMERIC = [
  "src/utils/seed.test.ts",
  "src/torch/",
  "src/transforms/",
  "src/data/",
  "src/networks/",
  "src/losses/",
  "src/metrics/",
  "src/optim/",
  "src/models/",
  "src/infer/",
  "src/run/",
  "src/callbacks/",
  "src/train/",
];
/** Those among them that are about processes and files. */
const NOT_NUMERIC = ["src/train/{signals,locks,permissions,growth}.test.ts"];
/** Those that take long, and are about files, processes and what is said, or about equal bits within one process, which no setting has changed yet. */
const LONG = [
  "src/train/{resume-matrix,extend,launched,loaded-weights,moved-data,closed-output,data-checks,own-dataset,independent-splits}.test.ts",
  "src/train/{checkpoints,run-events,open,callback-state,restored-data,other-processor,events,sharded,start}.test.ts",
  "src/data/dataloader/{auto-workers,open-files}.test.ts",
  "src/torch/distributed/meeting.test.ts",
  "src/torch/sharing.test.ts",
  "src/torch/engine.test.ts",
];

/**
 * What each setting needs of the processor, and what it takes away: where a processor has none of that, the setting is what
 * `npm test` runs there. By libtorch's names.
 */
const SETTINGS = [
  { name: "plain", env: {}, needs: [], takes: [] },
  { name: "default", env: { ATEN_CPU_CAPABILITY: "default" }, needs: ["avx2"], takes: ["avx2"] },
  {
    name: "avx2",
    env: { ATEN_CPU_CAPABILITY: "avx2", ONEDNN_MAX_CPU_ISA: "AVX2" },
    needs: ["avx2"],
    takes: ["avx512_f", "avx_vnni"],
  },
  {
    name: "avx512",
    env: { ONEDNN_MAX_CPU_ISA: "AVX512_CORE" },
    needs: ["avx512_f", "avx512_bw", "avx512_vl", "avx512_dq"],
    takes: ["avx512_bf16", "avx512_vnni", "avx512_fp16", "amx_bf16", "amx_tile"],
  },
];

/** The instruction sets of this machine. */
function featuresHere() {
  const { addon } = JSON.parse(readFileSync(join(root, "build", "engine.json"), "utf8"));
  return new Set(createRequire(import.meta.url)(addon).processor().features);
}

/** Runs vitest: how many tests passed and failed. A file that cannot even be loaded counts as one that failed. */
function runTests({ name, env }, paths, excluded, folder) {
  const results = join(folder, `${name}.json`);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const excludes = excluded.flatMap((pattern) => ["--exclude", pattern]);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`];
  const { status } = spawnSync(process.execPath, [vitest, "run", ...paths, ...excludes, ...reporters], {
    cwd: root,
    // a limit that is set outside would make two settings the same
    env: { ...without(process.env, "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"), ...env },
    stdio: "inherit",
  });
  if (!existsSync(results)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(results, "utf8"));
  const unloaded = testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  );
  const failed = numFailedTests + unloaded.length;
  return { passed: numPassedTests, failed: status !== 0 && failed === 0 ? 1 : failed };
}

function without(env, ...names) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}

const describe = ({ name, env }) => {
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return variables.length === 0 ? name : `${name} (${variables.join(" ")})`;
};

/** Each setting in turn; a summary at the end, whatever came before. Returns the exit code. */
function main(short, paths) {
  const folder = join(root, "build", "test-processors");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const here = featuresHere();
  const excluded = short ? [...NOT_NUMERIC, ...LONG] : NOT_NUMERIC;
  const summary = [];
  let failures = 0;
  for (const setting of SETTINGS) {
    const missing = setting.needs.filter((feature) => !here.has(feature));
    if (missing.length > 0) {
      summary.push(`${describe(setting)}: left out, this processor has no ${missing.join(", ")}`);
    } else if (short && !setting.takes.some((feature) => here.has(feature))) {
      summary.push(`${describe(setting)}: left out, npm test runs it`);
    } else {
      process.stdout.write(`== as ${describe(setting)}\n`);
      const { passed, failed } = runTests(setting, paths, excluded, folder);
      failures += failed;
      summary.push(`${describe(setting)}: ${passed} passed, ${failed} failed`);
    }
  }
  process.stdout.write(`\n${summary.join("\n")}\nresults in ${relative(process.cwd(), folder)}/\n`);
  return failures === 0 ? 0 : 1;
}

const args = process.argv.slice(2);
const paths = args.filter((arg) => arg !== "--short");
if (paths.some((path) => path.startsWith("-"))) {
  process.stderr.write("usage: npm run test:processors [-- [--short] [PATH…]]\n");
  process.exitCode = 2;
} else {
  process.exitCode = main(args.includes("--short"), paths.length > 0 ? paths : NUMERIC);
}
