/**
 * The checks of a device: `node suite.ts --device cuda|cpu [GROUP…]`. Prints a table and ends with `N passed, N failed`; exit code 1 where one failed, or
 * the device is not there. What could not be made on this machine is listed with its reason, and counted as neither.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import * as torch from "../../src/torch/index.ts";
import type { Outcome } from "./check.ts";
import { GROUPS } from "./groups/all.ts";

type Device = "cuda" | "cpu";

/** What a line of the process says: a check begins, or has ended. */
type Line = Outcome | { readonly begins: string };

function runGroup(group: string, device: Device): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), "clinicadl-gpu-"));
  const program = join(import.meta.dirname, "group.ts");
  const child = spawn(process.execPath, [program, group, device, folder], { stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (data) => {
    output += data;
  });
  child.stderr.on("data", (data) => {
    errors += data;
  });
  return new Promise((done) =>
    child.once("close", (code, signal) => {
      rmSync(folder, { recursive: true, force: true });
      const lines = output.split("\n").flatMap((text): Line[] => (text.startsWith("{") ? [JSON.parse(text)] : []));
      const outcomes = lines.filter((line): line is Outcome => "ok" in line);
      if (code !== 0) {
        const last = lines.at(-1);
        const name = last !== undefined && "begins" in last ? last.begins : "the process of the group";
        outcomes.push({ name, ok: false, error: `its process ended with ${signal ?? code}: ${errors.slice(-2000)}` });
      }
      done(outcomes);
    }),
  );
}

const word = ({ ok, leftOut }: Outcome): string => (leftOut !== undefined ? "left out" : ok ? "passed" : "FAILED");

async function main(device: Device, groups: readonly string[]): Promise<number> {
  if (device === "cuda" && !torch.cuda.isAvailable()) {
    process.stdout.write(`no GPU: ${torch.cuda.whyUnavailable()}\n`);
    return 1;
  }
  const all: Outcome[] = [];
  for (const group of groups) {
    const begin = performance.now();
    const outcomes = await runGroup(group, device);
    all.push(...outcomes);
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    const count = (which: string) => outcomes.filter((outcome) => word(outcome) === which).length;
    process.stdout.write(
      `\n${group} on ${device}: ${count("passed")} passed, ${count("FAILED")} failed, ${count("left out")} left out, ${seconds} s\n`,
    );
    for (const outcome of outcomes) {
      // of hundreds of golden cases, those that have something to say
      const said = outcome.error ?? outcome.leftOut ?? outcome.figure;
      if (said === undefined && outcomes.length > 20) continue;
      process.stdout.write(`  ${word(outcome).padEnd(9)} ${outcome.name}${said === undefined ? "" : `: ${said}`}\n`);
    }
  }
  const failed = all.filter(({ ok }) => !ok).length;
  const left = all.filter(({ leftOut }) => leftOut !== undefined).length;
  process.stdout.write(`\n${all.length - failed - left} passed, ${failed} failed\n`);
  return failed === 0 && all.length > left ? 0 : 1;
}

const { values, positionals } = parseArgs({
  options: { device: { type: "string", default: "cuda" } },
  allowPositionals: true,
});
const unknown = positionals.filter((group) => !GROUPS.has(group));
if ((values.device !== "cuda" && values.device !== "cpu") || unknown.length > 0) {
  process.stderr.write(`usage: suite.ts [--device cuda|cpu] [${[...GROUPS.keys()].join(" | ")}]…\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await main(values.device, positionals.length > 0 ? positionals : [...GROUPS.keys()]);
}
