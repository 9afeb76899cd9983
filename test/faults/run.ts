/**
 * `npm run test:faults`: a small training is killed at every call by which it changes the disk, and resumed; then every
 * such call fails; then the power fails there, and the disk loses what was not synced (power-cut.ts). Prints how many
 * points were tried and survived, and what became of those that were not.
 *   --most N        at most N points of each fault in each scenario, spread over the calls
 *   --only TEXT     of these points only: part of "scenario, fault, number call path"
 *   --lanes N       processes at the same time; by default as many as there are cores
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { FAULTS, type FaultName, type Point, type Result } from "./calls.ts";
import { tryFaults } from "./harness.ts";

const { values: options } = parseArgs({
  options: { most: { type: "string" }, only: { type: "string" }, lanes: { type: "string" } },
});
const { only } = options;

const nameOf = ({ scenario, name, fault, call }: Point) => `${scenario}, ${name}, ${fault.at} ${call}`;

// the folder of the run is deleted on the way out
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const start = performance.now();
const seconds = () => Math.round((performance.now() - start) / 1000);
const results = await tryFaults({
  lanes: options.lanes === undefined ? availableParallelism() : Number(options.lanes),
  ...(options.most === undefined ? {} : { most: Number(options.most) }),
  ...(only === undefined ? {} : { filter: (point) => nameOf(point).includes(only) }),
  onCalls: (scenario, { changes, reads }) =>
    process.stdout.write(`${scenario}: ${changes.length} calls change the disk, ${reads.length} read from it\n`),
  onResult: (result, done, all) => {
    if (result.problems.length > 0) process.stdout.write(`not survived: ${described(result)}\n`);
    if (done % 100 === 0) process.stdout.write(`${done} of ${all} points, ${seconds()} s\n`);
  },
});

function described(result: Result): string {
  return [nameOf(result), `  ${result.outcome}`, ...result.problems.map((problem) => `  ${problem}`)].join("\n");
}

const failed = results.filter(({ problems }) => problems.length > 0);
for (const name of Object.keys(FAULTS) as FaultName[]) {
  const tried = results.filter((result) => result.name === name);
  const survived = tried.filter(({ problems }) => problems.length === 0);
  process.stdout.write(`${name.padEnd(32)} ${String(tried.length).padStart(5)} points, ${survived.length} survived\n`);
}
process.stdout.write(`${results.length} points tried, ${results.length - failed.length} survived, in ${seconds()} s\n`);
process.exitCode = results.length > 0 && failed.length === 0 ? 0 : 1;
