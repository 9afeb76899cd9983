// The two sides: this library and the original, each in new processes that do a list of jobs.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { referencePython } from "../../scripts/python-environment.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const COMMANDS = {
  here: () => [process.execPath, join(folder, "here.mjs")],
  there: () => [referencePython(), join(folder, "there.py")],
};

/** What is told of a process that ends badly: the end of what it said. */
const TAIL = 2000;

/**
 * Does the jobs in one new process.
 * @param side "here" or "there"
 * @param jobs as in here.mjs, without their `id`
 * @param work a folder for what is passed
 * @returns the error of each job, by its place; null where there was none
 */
export async function doJobs(side, jobs, work, say) {
  mkdirSync(work, { recursive: true });
  const paths = ["jobs", "results"].map((name) => join(work, `${name}-${side}.json`));
  writeFileSync(paths[0], JSON.stringify(jobs.map((job, id) => ({ id, ...job }))));
  rmSync(paths[1], { force: true });
  const [command, ...args] = COMMANDS[side]();
  const { code, said } = await ended(command, [...args, ...paths]);
  if (code !== 0) {
    say(`The process ${side} ended with ${code}:\n${said.slice(-TAIL)}`);
    return jobs.map(() => `its process ended with ${code}`);
  }
  const results = JSON.parse(readFileSync(paths[1], "utf8"));
  for (const { trace } of Object.values(results)) if (trace !== undefined) say(trace);
  return jobs.map((_, id) => results[id].error ?? null);
}

function ended(command, args) {
  return new Promise((done, fail) => {
    // one thread each: both sides run at the same time, and sums are not cut otherwise
    const env = { ...process.env, OMP_NUM_THREADS: "1" };
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        said += text;
      });
    }
    child.once("error", fail);
    child.once("close", (code, signal) => done({ code: code ?? signal, said }));
  });
}
