// Makes an environment of Python, however many processes ask for it at the same time. usage: make-python-environment.mjs JSON
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./setup/lock.mjs";

const { home, what, size, requirements, bare, imports } = JSON.parse(process.argv[2] ?? "{}");
const python = join(home, "bin", "python");
const complete = join(home, ".complete");
const loaded = join(home, ".tmp-complete");
const say = (line) => process.stderr.write(`${line}\n`);

/** @returns {Promise<boolean>} whether it ended well. */
async function ends(command, ...args) {
  const child = spawn(command, args, { stdio: ["ignore", 2, 2] });
  const [code] = await once(child, "close").catch((error) => [error.message]);
  if (code !== 0) say(`${command} ${args.join(" ")} ended with ${code}`);
  return code === 0;
}

async function make() {
  // another process may have made it while this one waited
  if (existsSync(complete)) return;
  say(`Making an environment with ${what} in ${home} (about ${size}, once) …`);
  rmSync(home, { recursive: true, force: true });
  const pip = ["-m", "pip", "install", "--quiet"];
  // pip's scripts hold the place's path: it is made where it stays, and the marker is written last
  const made =
    (await ends("python3", "-m", "venv", home)) &&
    (await ends(python, ...pip, ...requirements)) &&
    (bare.length === 0 || (await ends(python, ...pip, "--no-deps", ...bare))) &&
    (await ends(python, "-c", `import ${imports.join(", ")}; open(${JSON.stringify(loaded)}, "w").close()`));
  if (made) renameSync(loaded, complete);
  else process.exitCode = 1;
}

await withLock(`${home}.lock`, make, {
  onWait: (owner) => say(`${home} is being made by process ${owner?.pid} on ${owner?.host}; waiting for it`),
});
