// The addon without CMake, with the flags that CMake gave on the machine that packed it: a machine with a GPU may have a compiler and no CMake, which is too
// large to be packed.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { SetupError, say } from "../../scripts/setup/report.mjs";
import { run } from "../../scripts/setup/run.mjs";

/** Where the packed folder holds what {@link readFlags} found. */
export const FLAGS = "native-flags.json";

/**
 * What CMake wrote down for a built addon: `{ flags, options }`, of all files and of single ones.
 * @param {string} root of a checkout that is set up with make.
 */
export function readFlags(root) {
  const path = join(root, "build", "native", "CMakeFiles", "clinicadl.dir", "flags.make");
  if (!existsSync(path)) throw new Error(`${path} is not there: run node scripts/setup.mjs.`);
  const text = readFileSync(path, "utf8");
  const value = (name) => (new RegExp(`^${name} = (.*)$`, "m").exec(text)?.[1] ?? "").split(" ").filter(Boolean);
  /** @type {Record<string, string[]>} */
  const options = {};
  const add = (file, more) => {
    options[file] = [...(options[file] ?? []), ...more];
  };
  for (const [, file, kind, values] of text.matchAll(
    /^# Custom [\w ]+: CMakeFiles\/clinicadl\.dir\/(.+)\.o_(\w+) = (.*)$/gm,
  )) {
    const each = values.split(";");
    if (kind === "OPTIONS") add(file, each);
    if (kind === "DEFINES")
      add(
        file,
        each.map((define) => `-D${define}`),
      );
    if (kind === "INCLUDE_DIRECTORIES")
      add(
        file,
        each.map((folder) => `-I${basename(folder)}`),
      );
  }
  return { flags: [...value("CXX_DEFINES"), ...value("CXX_FLAGS")], options };
}

/** Compiles and links with a compiler alone. @throws SetupError with its first words where it cannot. */
export async function buildPlainly(root, libtorch, compiler, addon) {
  const { flags, options } = JSON.parse(readFileSync(join(root, FLAGS), "utf8"));
  const native = join(root, "native");
  const torch = join(libtorch.dir, "torch");
  const headers = join(root, "node_modules", "node-api-headers", "include");
  const system = [join(torch, "include"), join(torch, "include", "torch", "csrc", "api", "include"), headers];
  const sources = ["", "kernels"].flatMap((folder) =>
    readdirSync(join(native, folder)).flatMap((name) => (name.endsWith(".cc") ? [join(folder, name)] : [])),
  );
  const objects = join(dirname(addon), "objects");
  mkdirSync(join(objects, "kernels"), { recursive: true });
  say(`CMake is not there: ${sources.length} files are compiled with ${compiler} alone`);
  const waiting = [...sources];
  const lane = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const own = (options[source] ?? []).map((flag) =>
        flag.startsWith("-I") ? `-I${join(native, flag.slice(2))}` : flag,
      );
      const includes = system.flatMap((folder) => ["-isystem", folder]);
      const args = [...flags, ...own, ...includes, "-c", join(native, source), "-o", join(objects, `${source}.o`)];
      await succeed(compiler, args, root);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 8) }, lane));
  const library = join(torch, "lib");
  const links = [`-L${library}`, `-Wl,-rpath,${library}`, "-ltorch_cpu", "-lc10", "-ldl", "-lpthread"];
  const all = sources.map((source) => join(objects, `${source}.o`));
  await succeed(compiler, ["-shared", "-fPIC", "-o", addon, ...all, ...links], root);
}

async function succeed(compiler, args, root) {
  const { code, tail } = await run(compiler, args, { cwd: root });
  if (code === 0) return;
  throw new SetupError(`The addon did not compile.\n${tail.split("\n").slice(0, 15).join("\n")}`);
}
