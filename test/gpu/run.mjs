// `npm run test:gpu`: whether all works on a GPU.
//
//   node test/gpu/run.mjs                 packs all that is needed into build/gpu/clinicadl-gpu.tgz, unpacks it into a folder beside it, builds the addon there,
//                                         and runs the checks on this machine's GPU; without one, it says where to take the file, and exits with 1
//   node test/gpu/run.mjs --device cpu    the same on the CPU: a dry run of the very steps
//   node test/gpu/run.mjs --pack          packs only
//   node test/gpu/run.mjs … GROUP…        only these groups of checks
//
// Elsewhere: tar xzf clinicadl-gpu.tgz && clinicadl-gpu/run.sh. It needs no network, but a PyTorch of 2.11 or newer in some Python environment and g++.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { recordedLibtorch } from "../../scripts/setup/engine.mjs";
import { hasGpu } from "../../scripts/setup/platform.mjs";
import { megabytes, pack } from "./pack.mjs";

const root = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));

/** A command without any network, where this user may have that; the checks of several processes need the loopback, which it has then. */
function withoutNetwork(command) {
  const inside = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
  const { status } = spawnSync(inside[0], [...inside.slice(1), "true"]);
  return status === 0 ? [...inside, ...command] : command;
}

async function main({ device, pack: packOnly }, groups) {
  const folder = join(root, "build", "gpu");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "clinicadl-gpu.tgz");
  process.stdout.write(`${relative(process.cwd(), file)}: ${megabytes(pack(root, file))}\n`);
  if (packOnly) return 0;
  if (device === "cuda" && !(await hasGpu())) {
    process.stdout.write(
      "no GPU: take this file to a machine that has one, and run there: tar xzf clinicadl-gpu.tgz && clinicadl-gpu/run.sh\n" +
        "(npm run test:gpu -- --device cpu makes all steps here, on the CPU)\n",
    );
    return 1;
  }
  // empty, but for what was compiled there before
  const there = join(folder, "clinicadl-gpu");
  for (const name of existsSync(there) ? readdirSync(there) : []) {
    if (name !== "build") rmSync(join(there, name), { recursive: true });
  }
  const { status } = spawnSync("tar", ["-xzf", file, "-C", folder], { stdio: "inherit" });
  if (status !== 0) throw new Error("tar could not unpack it.");
  const libtorch = recordedLibtorch(root, process.env, device === "cuda");
  if (libtorch === undefined) throw new Error("libtorch is not set up: run node scripts/setup.mjs");
  const command = withoutNetwork([join(there, "run.sh"), "--device", device, ...groups]);
  const env = { CLINICADL_LIBTORCH: join(libtorch.dir, "torch"), ...process.env };
  return spawnSync(command[0], command.slice(1), { stdio: "inherit", env }).status ?? 1;
}

try {
  const options = /** @type {const} */ ({
    device: { type: "string", default: "cuda" },
    pack: { type: "boolean", default: false },
  });
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  process.exitCode = await main(values, positionals);
} catch (error) {
  process.stderr.write(`test:gpu: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
