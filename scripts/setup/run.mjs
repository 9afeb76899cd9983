// Child processes: their output is watched and its end kept, so that a failure can be explained.
import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

const children = new Set();
const TAIL_LINES = 400;

/** Ends what setup has started; called when setup itself is told to stop. */
export function killChildren() {
  for (const child of children) child.kill("SIGTERM");
}

/** The full path of a program on `env.PATH`, or undefined. */
export function which(name, env = process.env) {
  if (isAbsolute(name)) return isExecutable(name) ? name : undefined;
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    if (folder === "") continue;
    const path = join(folder, name);
    if (isExecutable(path)) return path;
  }
  return undefined;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs a program to its end: `{ code, tail }`. Never rejects for a failing program (code ≠ 0) nor for one that cannot
 * be started (code -1): the caller knows what to say. Both output streams go line by line to `onLine`.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, input?: string, onLine?: (line: string) => void }} [options]
 * @returns {Promise<{ code: number, tail: string }>}
 */
export function run(command, args, { cwd, env = process.env, input, onLine } = {}) {
  return new Promise((resolve) => {
    const lines = [];
    const child = spawn(command, args, { cwd, env, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
    children.add(child);
    const take = (line) => {
      if (line.trim() === "") return;
      lines.push(line);
      if (lines.length > TAIL_LINES) lines.shift();
      onLine?.(line);
    };
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream?.setEncoding("utf8");
      stream?.on("data", (chunk) => {
        const parts = (rest + chunk).split(/\r?\n|\r/);
        rest = parts.pop() ?? "";
        parts.forEach(take);
      });
      stream?.on("end", () => take(rest));
    }
    if (input !== undefined) {
      // a program that does not read its input closes it: its exit code tells more than the broken pipe
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    }
    const finish = (code) => {
      children.delete(child);
      resolve({ code, tail: lines.join("\n") });
    };
    child.on("error", (error) => {
      lines.push(error.message);
      finish(-1);
    });
    child.on("close", (code) => finish(code ?? -1));
  });
}

/**
 * Hands the terminal to another program and ends as it ends, passing on the signals that batch systems send.
 * Ctrl-C reaches both from the terminal itself, so it is passed on only where there is none.
 */
export function runAndExit(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: "inherit" });
  /** @type {NodeJS.Signals[]} */
  const passedOn = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];
  for (const signal of passedOn) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => {
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
  child.on("error", (error) => {
    process.stderr.write(`clinicadl: ${command} could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
