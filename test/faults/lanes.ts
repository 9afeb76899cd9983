/** The processes that try points, and the folder that they share. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { buildShim, Shim } from "./shim.ts";

const lane = fileURLToPath(new URL("lane.ts", import.meta.url));
// a process that forks must have one thread only
const NODE_OPTIONS = ["--single-threaded", "--v8-pool-size=0"];

export class Lanes implements Disposable {
  /** Deleted in the end. */
  readonly folder: string;
  readonly #library = buildShim();
  readonly #running = new Set<ChildProcess>();
  readonly #end = () => this[Symbol.dispose]();

  constructor() {
    // in memory, where there is such a folder: it is quicker, and as good, since what a disk loses is worked out from a journal
    const parent = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
    this.folder = realpathSync(mkdtempSync(join(parent, "clinicadl-faults-")));
    process.once("exit", this.#end);
  }

  /**
   * Runs a command of lane.ts to its end, with a disk of its own.
   * @param onLine gets the lines that it writes.
   * @throws Error with what it wrote on standard error, if it fails.
   */
  run(number: number, command: string, argument: string, onLine: (line: string) => void = () => {}): Promise<void> {
    const disk = join(this.folder, `lane-${number}`, "disk");
    const synced = join(this.folder, `lane-${number}`, "synced");
    for (const path of [disk, synced]) mkdirSync(path, { recursive: true });
    const args = [...NODE_OPTIONS, lane, command, this.folder, this.#library, argument];
    const env = {
      ...process.env,
      ...Shim.environmentOf(this.#library, disk, synced),
      NODE_OPTIONS: "",
      NODE_COMPILE_CACHE: join(dirname(this.#library), "compiled"),
      OMP_NUM_THREADS: "1",
      CUDA_VISIBLE_DEVICES: "",
    };
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#running.add(child);
    let errors = "";
    child.stderr.on("data", (data) => {
      errors += String(data);
    });
    createInterface({ input: child.stdout }).on("line", onLine);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        this.#running.delete(child);
        if (code === 0) resolve();
        else reject(new Error(`A process of the fault harness ended with ${signal ?? code}:\n${errors}`));
      });
    });
  }

  [Symbol.dispose](): void {
    process.off("exit", this.#end);
    for (const child of this.#running) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
