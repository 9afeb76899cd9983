/** The library that stands between Node and the C library (shim.c, addon.c): building it, and giving it orders. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** In the order of `enum mode` in shim.c. */
const MODES = ["off", "list", "kill", "tear", "fail", "full"] as const;
type Mode = (typeof MODES)[number];

export interface Fault {
  /**
   * `kill`: SIGKILL before the call; `tear`: SIGKILL after half of a write; `fail`: the call fails; `full`: from here on
   * every call fails that needs room on the disk, the first write after half of its bytes.
   */
  readonly mode: Exclude<Mode, "off" | "list">;
  /** Whether calls are counted that read, or those that change something. */
  readonly calls: "reads" | "changes";
  /** Which call, from 1. */
  readonly at: number;
  readonly error: "ENOSPC" | "EIO";
}

interface Addon {
  arm(mode: number, at: number, error: number, log: number, reads: number, journal: number): void;
  disarm(): void;
  fired(): number;
  what(): string;
  split(): number;
  wait(pid: number, seconds: number): number;
  leave(): never;
}

/** Builds the library, if that was not done yet. @returns its path. */
export function buildShim(): string {
  if (process.platform !== "linux") {
    throw new Error(`The fault harness needs LD_PRELOAD, which ${process.platform} does not have: run it on Linux.`);
  }
  const sources = ["shim.c", "addon.c", "shim.h"].map((name) => fileURLToPath(new URL(name, import.meta.url)));
  const headers = join(dirname(createRequire(import.meta.url).resolve("node-api-headers/package.json")), "include");
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  const target = fileURLToPath(
    new URL(`../../build/faults/shim-${hash.digest("hex").slice(0, 16)}.so`, import.meta.url),
  );
  if (existsSync(target)) return target;
  mkdirSync(dirname(target), { recursive: true });
  const compiler = process.env.CC ?? "cc";
  const unfinished = `${target}.${process.pid}`;
  const code = sources.filter((source) => source.endsWith(".c"));
  const options = ["-shared", "-fPIC", "-O2", "-std=gnu17", `-I${headers}`, "-o", unfinished, ...code, "-ldl"];
  const { status, error, stderr } = spawnSync(compiler, options, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${compiler} could not build ${target}: ${error?.message ?? stderr}`);
  renameSync(unfinished, target);
  return target;
}

/** The shim of this process, which was started with `environmentOf`. */
export class Shim {
  readonly #addon: Addon;

  constructor(path: string) {
    const module = { exports: {} };
    process.dlopen(module, path);
    this.#addon = module.exports as Addon;
  }

  /** What a process needs that is to have a shim, over the changes below `root`. @param synced for copies: see `arm`. */
  static environmentOf(path: string, root: string, synced: string): Record<string, string> {
    return { LD_PRELOAD: path, FAULTS_ROOT: root, FAULTS_SYNCED: synced };
  }

  /** Writes every call from now on into an open file, until `disarm`: name, kind and path, with tabs between. */
  list(log: number, calls: Fault["calls"]): void {
    this.#addon.arm(MODES.indexOf("list"), 0, 0, log, Number(calls === "reads"), -1);
  }
  /** @param journal an open file for what was done until then; files that are synced are copied. Default: none. */
  arm({ mode, calls, at, error }: Fault, journal = -1): void {
    this.#addon.arm(MODES.indexOf(mode), at, constants.errno[error], -1, Number(calls === "reads"), journal);
  }
  disarm(): void {
    this.#addon.disarm();
  }
  /** Ends this child at once. */
  leave(): never {
    return this.#addon.leave();
  }
  /** How many calls went wrong since `arm`. */
  get fired(): number {
    return this.#addon.fired();
  }
  /** The first of them: name and path, with a tab between. */
  get what(): string {
    return this.#addon.what();
  }

  /**
   * Runs `body` in a child process, a copy of this one, and waits for it; nothing else goes on meanwhile.
   * @returns why it ended: by itself, by a signal, or killed since it took too long.
   */
  async child(body: () => Promise<void>, seconds = 60): Promise<"done" | "hung" | `signal ${number}`> {
    const pid = this.#addon.split();
    if (pid < 0) throw new Error("fork() failed");
    if (pid === 0) {
      try {
        await body();
      } finally {
        this.#addon.leave();
      }
    }
    const signal = this.#addon.wait(pid, seconds);
    return signal === 0 ? "done" : signal < 0 ? "hung" : `signal ${signal}`;
  }
}
