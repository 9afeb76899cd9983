/** The step of the bench, here and in PyTorch, eager and compiled: times are said, and losses have to be alike. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import type { Check, Place, Said } from "../check.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

interface Measured {
  readonly steps: readonly number[];
  readonly losses: readonly number[];
}

/** Runs a program of the bench; null with the reason where it fails. */
function run(command: string, args: readonly string[]): Promise<Measured | { readonly failed: string }> {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (data) => {
      output += data;
    });
    child.stderr.on("data", (data) => {
      errors += data;
    });
    child.once("error", (error) => done({ failed: error.message }));
    child.once("close", (code) =>
      done(code === 0 ? (JSON.parse(output) as Measured) : { failed: errors.trim().split("\n").slice(-3).join(" ") }),
    );
  });
}

const fastest = ({ steps }: Measured): number => 1000 * Math.min(...steps.slice(2));

function settingsFor({ device }: Place, more: object): string {
  const small = { channels: [4, 8], batch: 2, shape: [24, 28, 24], steps: 4 };
  const usual = { channels: [8, 16, 32, 64], batch: 4, shape: [96, 112, 96], steps: 20 };
  return JSON.stringify({ ...(device === "cuda" ? usual : small), device, ...more });
}

/** CLINICADL_TEST_PYTHON: the interpreter whose PyTorch is compared; test/gpu/there.mjs sets it. */
const python = (): string => process.env.CLINICADL_TEST_PYTHON ?? "";

async function here(place: Place, more: object): Promise<Measured> {
  const measured = await run(process.execPath, ["bench/step.ts", settingsFor(place, more)]);
  if ("failed" in measured) throw new Error(measured.failed);
  assert.ok(measured.losses.every(Number.isFinite), measured.losses.join());
  return measured;
}

async function compare(place: Place, more: object, peer: object, bound: number): Promise<Said> {
  if (python() === "") return { leftOut: "no Python here has PyTorch" };
  const own = await here(place, more);
  const theirs = await run(python(), ["bench/step.py", settingsFor(place, { ...more, ...peer })]);
  if ("failed" in theirs) {
    // a compiler that the machine lacks is no fault of this package; eager PyTorch has to run
    if ("compile" in peer) return { leftOut: `torch.compile does not run here: ${theirs.failed.slice(0, 160)}` };
    throw new Error(theirs.failed);
  }
  const [loss, wanted] = [own.losses[0] ?? Number.NaN, theirs.losses[0] ?? Number.NaN];
  assert.ok(Math.abs(loss - wanted) <= bound, `the first loss is ${loss}, PyTorch's ${wanted}`);
  const ms = [fastest(own), fastest(theirs)] as const;
  return { figure: `${ms[0].toFixed(2)} ms, PyTorch ${ms[1].toFixed(2)} ms (${(ms[1] / ms[0]).toFixed(2)} times)` };
}

export const step: readonly Check[] = [
  { name: "a step in float32, and PyTorch's eager", run: (place) => compare(place, {}, {}, 1e-3) },
  { name: "a step in mixed precision, and PyTorch's eager", run: (place) => compare(place, { amp: true }, {}, 5e-2) },
  {
    name: "a step in float32, and torch.compile's",
    run: (place) => compare(place, {}, { compile: true }, 1e-3),
  },
  {
    name: "a step in mixed precision, and torch.compile's",
    run: (place) => compare(place, { amp: true }, { compile: true }, 5e-2),
  },
];
