// Packs what the checks of a GPU need into one file: Node, the sources with their golden files, the packages that they import, the addon's sources
// and setup. It is for a machine without a network, which has a PyTorch and a C++ compiler.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { bundledNode, packageFolder } from "../../scripts/setup/platform.mjs";
import { FLAGS, readFlags } from "./plain-build.mjs";

/** The packages that the sources import where a model is trained; figures, the page and the terminal are not packed. */
const PACKAGES = ["node-api-headers", "yaml", "zod"];
/** Of the checkout. */
const PATHS = [
  "native",
  "src",
  "test/gpu",
  "bench",
  "scripts/setup.mjs",
  "scripts/setup",
  "scripts/generate-ops.mjs",
  "scripts/op-notes.mjs",
];
/** What is tested elsewhere, or shown. */
const LEFT_OUT = /\.test\.ts$|^src\/(?:view|cli|sweep)\/|^src\/torch\/generated\/|\/\.|golden\/.*\.(?:pt|nii|gz)$/;
/** It is copied over slow lines. */
export const MOST_BYTES = 60e6;

const START = `#!/bin/sh
# Builds the addon against the PyTorch of this machine, and looks whether all works on its GPU: ./run.sh [--device cpu] [GROUP…]
# CLINICADL_LIBTORCH is the torch folder of a PyTorch, CLINICADL_TEST_PYTHON its interpreter; default: those of python3 on the PATH.
cd "$(dirname "$0")" && exec ./node test/gpu/there.mjs "$@"
`;

/** Writes the file, and returns how many bytes it has. @throws Error where there are too many. */
export function pack(root, file) {
  const name = "clinicadl-gpu";
  const folder = join(dirname(file), `pack-${process.pid}`);
  const inside = join(folder, name);
  try {
    mkdirSync(inside, { recursive: true });
    const node = bundledNode(root) ?? process.execPath;
    cpSync(node, join(inside, "node"));
    chmodSync(join(inside, "node"), 0o755);
    for (const path of PATHS) copy(root, inside, path);
    for (const each of PACKAGES) {
      const from = packageFolder(root, each);
      if (from === undefined) throw new Error(`${each} is not installed: run npm install.`);
      cpSync(from, join(inside, "node_modules", each), { recursive: true, filter: isNeeded });
    }
    writeFileSync(join(inside, "package.json"), `${JSON.stringify(manifest(root), null, 2)}\n`);
    writeFileSync(join(inside, FLAGS), JSON.stringify(readFlags(root)));
    writeFileSync(join(inside, "run.sh"), START);
    chmodSync(join(inside, "run.sh"), 0o755);
    const temporary = `${file}.tmp-${process.pid}`;
    const { status, stderr } = spawnSync("tar", ["-czf", temporary, "-C", folder, name], { encoding: "utf8" });
    if (status !== 0) throw new Error(`tar failed: ${stderr}`);
    renameSync(temporary, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { size } = statSync(file);
  if (size >= MOST_BYTES) throw new Error(`${file} has ${megabytes(size)}: ${megabytes(MOST_BYTES)} are the most.`);
  return size;
}

export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

function copy(root, inside, path) {
  cpSync(join(root, path), join(inside, path), {
    recursive: true,
    preserveTimestamps: true,
    filter: (from) => !LEFT_OUT.test(`${from.slice(root.length + 1)}${statSync(from).isDirectory() ? "/" : ""}`),
  });
}

/** Types and source maps are not read. */
const isNeeded = (path) => !/\.(?:d\.[cm]?ts|map|md)$|\/zod\/src(?:\/|$)/.test(path);

/** The package's own, whose entries are its sources: they run as they are. */
function manifest(root) {
  const { name, version, license, type, engines, exports } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const entries = Object.entries(exports).flatMap(([entry, target]) => {
    if (typeof target === "string") return [[entry, target]];
    const source = target.default.replace(/^\.\/dist\//, "./src/").replace(/\.js$/, ".ts");
    return existsSync(join(root, source)) && !LEFT_OUT.test(source.slice(2)) ? [[entry, source]] : [];
  });
  return { name, version, license, private: true, type, engines, exports: Object.fromEntries(entries) };
}
