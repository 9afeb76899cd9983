// Compiles native/ against libtorch with CMake, and loads the result once to know that it works.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, freemem } from "node:os";
import { join } from "node:path";
import { nodeOfPackage, packageFolder } from "./platform.mjs";
import { diskFull, isDiskFull, progress, SetupError, say } from "./report.mjs";
import { run, which } from "./run.mjs";
import { clearStamp, filesUnder, hashOf, readStamp, writeStamp } from "./stamp.mjs";

const CMAKE_MINIMUM = [3, 20];
const BYTES_PER_JOB = 1.5e9;

/**
 * The addon as it is used; test/memory builds another, beside it.
 * @type {{ folder: string, stamp: string, options: string[], loadedWith: Record<string, string> }}
 */
const USUAL = { folder: "native", stamp: "addon", options: [], loadedWith: {} };

export function addonPath(root, { folder } = USUAL) {
  return join(root, "build", folder, "clinicadl.node");
}

const stampPath = (root, { stamp }) => join(root, "build", "stamps", stamp);

/** Everything the binary depends on; the paths too, since it remembers where libtorch lies. */
export function addonStamp(root, libtorch) {
  const headers = packageFolder(root, "node-api-headers");
  const version = headers === undefined ? "" : JSON.parse(readFileSync(join(headers, "package.json"), "utf8")).version;
  const facts = [root, libtorch.dir, libtorch.version, libtorch.build, version, process.platform, process.arch];
  return hashOf(root, filesUnder(join(root, "native")), facts);
}

export function addonNeeded(root, libtorch, variant = USUAL) {
  const built = existsSync(addonPath(root, variant));
  return !built || readStamp(stampPath(root, variant)) !== addonStamp(root, libtorch);
}

/** `variant`: its folder below build/, the name of its stamp, options for CMake, and environment variables to load it with. */
export async function buildAddon(root, libtorch, env, variant = USUAL) {
  const stamp = addonStamp(root, libtorch);
  const tools = await findTools(env);
  const headers = packageFolder(root, "node-api-headers");
  if (headers === undefined)
    throw new SetupError("The package node-api-headers is not installed. Run npm install, then setup again.");
  clearStamp(stampPath(root, variant));
  const folder = join(root, "build", variant.folder);
  forgetOtherConfiguration(folder, root, libtorch);
  mkdirSync(folder, { recursive: true });

  const bar = progress("building the addon");
  bar.update("configuring");
  const configure = ["-S", join(root, "native"), "-B", folder, ...tools.generator, "-DCMAKE_BUILD_TYPE=Release"];
  configure.push(
    `-DCLINICADL_TORCH_DIR=${libtorch.dir}`,
    `-DCLINICADL_NODE_HEADERS=${join(headers, "include")}`,
    ...variant.options,
  );
  const configured = await step(bar, tools.cmake, configure, env, root);
  const jobs = Math.max(1, Math.min(availableParallelism(), 8, Math.floor(freemem() / BYTES_PER_JOB)));
  const onLine = (line) => {
    const percent = /^\[\s*(\d+)%\]|^\[(\d+)\/(\d+)\]/.exec(line);
    if (percent) bar.update(percent[1] === undefined ? `${percent[2]} of ${percent[3]}` : `${percent[1]} %`);
  };
  await step(bar, tools.cmake, ["--build", folder, `-j${jobs}`], env, root, onLine);
  if (libtorch.cuda && !configured.includes("without NCCL")) {
    bar.update("NCCL");
    const { code, tail } = await run(tools.cmake, ["--build", folder, "--target", "clinicadl-nccl"], {
      cwd: root,
      env,
    });
    if (code !== 0)
      say(`NCCL could not be built in: one GPU can be used, several together cannot.\n${firstErrors(tail)}`);
  }
  // 390 MB that only who changes the addon needs again
  if (!existsSync(join(root, ".git"))) for (const file of filesUnder(folder, isPrecompiled)) rmSync(file);
  await tryLoading(bar, root, libtorch, { ...env, ...variant.loadedWith }, addonPath(root, variant));
  bar.done("done");
  writeStamp(stampPath(root, variant), stamp);
}

/** Libtorch's declarations in the form that a compiler reads fast. */
const isPrecompiled = (path) => /\.(gch|pch)$/.test(path);

/** Returns what the program has said. */
async function step(bar, command, args, env, root, onLine) {
  const { code, tail } = await run(command, args, { cwd: root, env, onLine });
  if (code === 0) return tail;
  bar.done("failed");
  if (isDiskFull(tail)) throw diskFull("the addon", join(root, "build"));
  if (/Killed signal|internal compiler error: Killed|virtual memory exhausted/.test(tail)) {
    throw new SetupError(
      "The compiler ran out of memory. Close other programs, or give this machine 2 GB or more, and run setup again.",
    );
  }
  throw new SetupError(
    `The addon did not compile.\n${firstErrors(tail)}\n` +
      "If the compiler is old (g++ before 11, clang before 14), install a newer one and set CXX to it; then run setup again.",
  );
}

function firstErrors(tail) {
  const lines = tail.split("\n");
  const first = lines.findIndex((line) => /error/i.test(line));
  return (first < 0 ? lines.slice(-15) : lines.slice(first, first + 15)).join("\n");
}

// CMake refuses a build folder that was configured for another place, and keeps an old libtorch in its cache.
function forgetOtherConfiguration(folder, root, libtorch) {
  const cache = join(folder, "CMakeCache.txt");
  if (!existsSync(cache)) {
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  const text = readFileSync(cache, "utf8");
  const value = (name) => new RegExp(`^${name}:\\w+=(.*)$`, "m").exec(text)?.[1];
  const same =
    value("CMAKE_HOME_DIRECTORY") === join(root, "native") &&
    value("CMAKE_CACHEFILE_DIR") === folder &&
    value("CLINICADL_TORCH_DIR") === libtorch.dir;
  if (!same) rmSync(folder, { recursive: true, force: true });
}

/** CMake, a generator and a C++20 compiler: `{ cmake, generator }`, or one message that says what to install. */
export async function findTools(env) {
  const cmake = which("cmake", env);
  const install = (debian, brew) =>
    `Install it (Debian and Ubuntu: sudo apt install ${debian}; macOS: ${brew}) and run setup again.`;
  if (cmake === undefined) {
    throw new SetupError(
      `CMake was not found on the PATH; setup builds the addon with it.\n${install("cmake", "brew install cmake")}`,
    );
  }
  const { tail } = await run(cmake, ["--version"], { env });
  const [major = 0, minor = 0] = (/version (\d+)\.(\d+)/.exec(tail) ?? []).slice(1).map(Number);
  if (major < CMAKE_MINIMUM[0] || (major === CMAKE_MINIMUM[0] && minor < CMAKE_MINIMUM[1])) {
    throw new SetupError(
      `${cmake} is version ${major}.${minor}; ${CMAKE_MINIMUM.join(".")} or newer is needed.\npython3 -m pip install cmake brings a new one.`,
    );
  }
  const compiler = [env.CXX, "c++", "g++", "clang++"]
    .map((name) => name && which(name.split(" ")[0], env))
    .find(Boolean);
  if (compiler === undefined) {
    throw new SetupError(`No C++ compiler was found on the PATH.\n${install("g++", "xcode-select --install")}`);
  }
  const trial = await run(compiler, ["-std=c++20", "-x", "c++", "-fsyntax-only", "-"], {
    env,
    input:
      "#include <concepts>\n#include <span>\ntemplate <std::integral T> T f(T x) { return x; }\nint main() { return f(0); }\n",
  });
  if (trial.code !== 0) {
    throw new SetupError(
      `${compiler} cannot compile C++20; g++ 11 or clang 14 is the oldest that can.\n` +
        "Install a newer one and set CXX to it (CXX=g++-12), then run setup again.",
    );
  }
  if (which("make", env) !== undefined) return { cmake, compiler, generator: [] };
  if (which("ninja", env) !== undefined) return { cmake, compiler, generator: ["-G", "Ninja"] };
  throw new SetupError(
    `Neither make nor ninja was found on the PATH; CMake needs one.\n${install("make", "xcode-select --install")}`,
  );
}

async function tryLoading(bar, root, libtorch, env, addon) {
  const script = "console.log(require(process.argv[1]).version())";
  const { code, tail } = await run(nodeOfPackage(root), ["-e", script, addon], { env });
  if (code === 0) return;
  bar.done("failed");
  const reason = tail.split("\n").find((line) => /Error:/.test(line)) ?? tail.split("\n").at(-1);
  const wayOut =
    libtorch.source === "the cache"
      ? `Remove ${libtorch.dir} and run setup again.`
      : `It comes from ${libtorch.source}; set CLINICADL_LIBTORCH to another one.`;
  throw new SetupError(
    `The addon was built but cannot be loaded with the libtorch in ${libtorch.dir}.\n${reason}\n${wayOut}`,
  );
}
