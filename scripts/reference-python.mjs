// The original ClinicaDL 2.0.0, for comparisons: an environment of its own in the cache, made at the first use.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheRoot } from "./setup/platform.mjs";

const say = (line) => process.stderr.write(`${line}\n`);

/**
 * A Python with ClinicaDL 2.0.0: the one that CLINICADL_REFERENCE_PYTHON names, else that of the cache.
 * @throws Error when the environment cannot be made.
 */
export function referencePython() {
  if (process.env.CLINICADL_REFERENCE_PYTHON) return process.env.CLINICADL_REFERENCE_PYTHON;
  const cache = cacheRoot();
  const home = join(cache, "reference-2.0.0");
  const python = join(home, "bin", "python");
  if (existsSync(join(home, ".complete"))) return python;
  say(`Making an environment with ClinicaDL 2.0.0 in ${home} (about 6 GB, once) …`);
  mkdirSync(cache, { recursive: true });
  rmSync(home, { recursive: true, force: true });
  // pip's scripts hold the place's path: it is made where it stays, and the marker is written last
  /** @type {[string, string[]][]} */
  const steps = [
    ["python3", ["-m", "venv", home]],
    // from pydantic 2.13 on, some of its transforms (RandomFlip among them) cannot be made
    [python, ["-m", "pip", "install", "--quiet", "clinicadl==2.0.0", "pydantic<2.13"]],
    [python, ["-c", `import clinicadl.train; open(${JSON.stringify(join(home, ".tmp-complete"))}, "w").close()`]],
  ];
  for (const [command, args] of steps) {
    const { status } = spawnSync(command, args, { stdio: ["ignore", 2, 2] });
    if (status !== 0) {
      throw new Error(
        `Could not make the environment of ClinicaDL 2.0.0: ${command} ${args.join(" ")} failed. ` +
          "Python 3.10 to 3.13 with pip and the network are needed; or name a Python that has it in CLINICADL_REFERENCE_PYTHON.",
      );
    }
  }
  renameSync(join(home, ".tmp-complete"), join(home, ".complete"));
  return python;
}
