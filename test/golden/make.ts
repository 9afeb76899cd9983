/**
 * `npm run golden`: what ClinicaDL 2.0.0, PyTorch, pandas, nibabel, Captum, nnU-Net and Optuna compute, written as JSON beside the tests that compare with it.
 *
 *     npm run golden                      every file
 *     npm run golden -- networks metrics  those of `networks_golden.py` and `metrics_golden.py`
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  captumPython,
  nnunetPython,
  optunaPython,
  peersPython,
  referencePython,
} from "../../scripts/python-environment.mjs";

const SUFFIX = "_golden.py";
const makers = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();

const named = process.argv.slice(2);
const unknown = named.filter((name) => !makers.includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no maker of golden files named ${unknown.join(", ")}. There are: ${makers.join(", ")}.\n`,
  );
  process.exit(2);
}
/** Those that are compared with another library than the original's. */
const PYTHONS: Readonly<Record<string, () => string>> = {
  saliency: captumPython,
  // the fully_shard of PyTorch 2.6 does not run on CPUs
  sharded: peersPython,
  supervision: nnunetPython,
  sweep: optunaPython,
};
const failed: string[] = [];
for (const name of named.length > 0 ? named : makers) {
  process.stdout.write(`${name} …\n`);
  const python = (PYTHONS[name] ?? referencePython)();
  const { status } = spawnSync(python, [join(import.meta.dirname, name + SUFFIX)], { stdio: ["ignore", 2, 2] });
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) process.stderr.write(`Not made: ${failed.join(", ")}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
