// What both benches share: one side's process, and the figures in a row.
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a process to its end; what its last line says, and the seconds it took. Null where it takes more than `most` seconds. */
export function run(command, args, { env = process.env, most = Number.POSITIVE_INFINITY } = {}) {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], cwd: root, env });
    let out = "";
    let err = "";
    let late = false;
    const stop = () => {
      late = true;
      child.kill("SIGKILL");
    };
    const limit = Number.isFinite(most) ? setTimeout(stop, most * 1000) : undefined;
    child.stdout.on("data", (data) => (out += data));
    child.stderr.on("data", (data) => (err += data));
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(limit);
      if (late) resolve(null);
      else if (code !== 0) reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${err.slice(-3000)}`));
      else resolve({ ...JSON.parse(out.trim().split("\n").at(-1) ?? ""), total: (performance.now() - begin) / 1000 });
    });
  });
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

export const row = (name, unit, { reference, ours, ratio }) =>
  `${name.padEnd(22)}${reference.toFixed(unit === "MB" ? 0 : 3).padStart(12)}${ours.toFixed(unit === "MB" ? 0 : 3).padStart(12)}${ratio.toFixed(2).padStart(9)}  ${unit}`;

export const heading = (name, reference) =>
  `\n${name.padEnd(22)}${reference.padStart(12)}${"this".padStart(12)}${"ratio".padStart(9)}`;

/** The same script in Python and here, in turn: medians of the rounds. */
export async function sideBySide(python, script, settings, { rounds, say, name }) {
  /** @type {Record<"reference" | "ours", any[]>} */
  const sides = { reference: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    say(`${name}, round ${round + 1} of ${rounds} …`);
    sides.reference.push(await run(python, [`bench/${script}.py`, JSON.stringify(settings)]));
    sides.ours.push(await run(process.execPath, [`bench/${script}.ts`, JSON.stringify(settings)]));
  }
  const pair = (pick) => {
    const [reference, ours] = [median(sides.reference.map(pick)), median(sides.ours.map(pick))];
    return { reference, ours, ratio: reference / ours };
  };
  return {
    [`${name}, median`]: pair((r) => median(r.steps.slice(1))),
    [`${name}, fastest`]: pair((r) => Math.min(...r.steps)),
    "peak MB": pair((r) => r.peakMB),
  };
}
