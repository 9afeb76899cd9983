// A cable with a delay between two network namespaces, compiled of `cable.cc` where it is wanted: not every kernel has netem. With $CXX, or else c++.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("cable.cc", import.meta.url));

/** The program, until it is disposed; the devices end with it. */
export class Cable {
  #child;
  #folder;

  constructor(child, folder) {
    this.#child = child;
    this.#folder = folder;
  }

  /** @param {number} delayMs each way. @param {readonly string[]} names of the namespaces. @param {readonly string[]} devices that it makes, one in each. */
  static async between(delayMs, names, devices) {
    const folder = mkdtempSync(join(tmpdir(), "clinicadl-cable-"));
    const program = join(folder, "cable");
    const compiler = process.env.CXX ?? "c++";
    const { status, error, stderr } = spawnSync(compiler, ["-std=c++20", "-O2", "-pthread", "-o", program, SOURCE], {
      encoding: "utf8",
    });
    if (status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`${SOURCE} was not compiled by ${compiler}: ${error?.message ?? stderr}`);
    }
    const ends = names.flatMap((name, i) => [name, devices[i] ?? ""]);
    const child = spawn(program, [String(Math.round(1000 * delayMs)), ...ends], { stdio: ["pipe", "pipe", "inherit"] });
    const cable = new Cable(child, folder);
    try {
      await new Promise((done, fail) => {
        child.stdout.once("data", done);
        child.once("error", fail);
        child.once("exit", (code) => fail(new Error(`the cable ended with ${code}`)));
      });
    } catch (problem) {
      cable[Symbol.dispose]();
      throw problem;
    }
    return cable;
  }

  [Symbol.dispose]() {
    this.#child.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
