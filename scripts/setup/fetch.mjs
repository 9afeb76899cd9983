// Fetches libtorch into the cache: pip downloads PyPI's wheels, Python unpacks them, and only then the folder gets its name.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cacheFolder, fromCache, hasCudaRuntime, inspect, pythons } from "./libtorch.mjs";
import { withLock } from "./lock.mjs";
import { TORCH_VERSION } from "./platform.mjs";
import { diskFull, isDiskFull, megabytes, progress, SetupError, say } from "./report.mjs";
import { run } from "./run.mjs";

/** Wheels and what they unpack to, for a moment both at once. */
const SPACE = { cpu: 2.5e9, cuda: 16e9 };
/** For the C++ libraries any Python's wheel will do, so the interpreter's own version does not matter. */
const WHEEL_PYTHON = "3.12";
// the two that libtorch_cpu.so is linked with even where there is no GPU
const RUNTIME = ["nvidia-cuda-runtime>=13,<14", "nvidia-cuda-cupti>=13,<14"];

const UNPACK = `
import sys, zipfile
out, *wheels = sys.argv[1:]
files = [(w, i) for w in wheels for i in zipfile.ZipFile(w).infolist()]
total, done, shown = sum(i.file_size for _, i in files) or 1, 0, -1
archives = {w: zipfile.ZipFile(w) for w in wheels}
for w, i in files:
    archives[w].extract(i, out)
    done += i.file_size
    if done * 100 // total > shown:
        shown = done * 100 // total
        print(shown, "%", flush=True)
`;

/** Returns what {@link fromCache} finds, after fetching it if nobody else has in the meantime. */
export async function fetchLibtorch({ env = process.env, gpu = false, space = gpu ? SPACE.cuda : SPACE.cpu } = {}) {
  const final = cacheFolder(env, gpu);
  const lock = join(dirname(final), `.${basename(final)}.lock`);
  const onWait = (owner) =>
    say(`another setup (process ${owner?.pid} on ${owner?.host}) is fetching libtorch; waiting for it`);
  return await withLock(
    lock,
    async () => {
      const there = fromCache(env, gpu);
      if (there !== undefined) return there;
      clearLeftovers(final);
      const python = await pythonWithPip(env);
      checkSpace(dirname(final), space);
      const temporary = `${final}.tmp-${process.pid}`;
      try {
        await download(python, env, gpu, temporary);
        await unpack(python, env, temporary);
        const unpacked = join(temporary, "unpacked");
        check(unpacked);
        rmSync(join(temporary, "wheels"), { recursive: true, force: true });
        writeFileSync(join(unpacked, ".complete"), `${TORCH_VERSION}\n`);
        renameSync(unpacked, final);
      } finally {
        rmSync(temporary, { recursive: true, force: true });
      }
      const fetched = fromCache(env, gpu);
      if (fetched === undefined) throw new SetupError(`libtorch was fetched, and is not in ${final}. Run setup again.`);
      return fetched;
    },
    { onWait },
  );
}

/** Under the lock nobody is at work here: temporary folders belong to setups that were killed. */
function clearLeftovers(final) {
  for (const name of readdirSync(dirname(final))) {
    if (name.startsWith(`${basename(final)}.tmp-`))
      rmSync(join(dirname(final), name), { recursive: true, force: true });
  }
  rmSync(final, { recursive: true, force: true });
}

async function pythonWithPip(env) {
  const found = pythons(env);
  const wayOut =
    `Install it (Debian and Ubuntu: sudo apt install python3 python3-pip; macOS: brew install python), ` +
    `or set CLINICADL_LIBTORCH to the torch folder of an installed PyTorch ${TORCH_VERSION}.`;
  if (found.length === 0)
    throw new SetupError(`Python 3 was not found on the PATH; setup fetches libtorch with its pip.\n${wayOut}`);
  for (const python of found) {
    const { code } = await run(python, ["-m", "pip", "--version"], { env });
    if (code === 0) return python;
  }
  throw new SetupError(`${found[0]} has no pip, with which setup fetches libtorch.\n${wayOut}`);
}

function checkSpace(folder, needed) {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < needed) {
    throw new SetupError(
      `Not enough space in ${folder}: libtorch needs ${(needed / 1e9).toFixed(1)} GB while it is unpacked, ${(free / 1e9).toFixed(1)} GB are free.\n` +
        "Free some space, or choose another place with XDG_CACHE_HOME=<folder>.",
    );
  }
}

async function download(python, env, gpu, temporary) {
  const wheels = join(temporary, "wheels");
  mkdirSync(join(temporary, "pip"), { recursive: true });
  const what =
    gpu || process.platform === "darwin"
      ? [`torch==${TORCH_VERSION}`, ...(process.platform === "darwin" ? ["--no-deps"] : [])]
      : ["--no-deps", `torch==${TORCH_VERSION}`, ...RUNTIME];
  say(`fetching libtorch ${TORCH_VERSION}${gpu ? " with CUDA" : " for the CPU"} from PyPI into ${dirname(temporary)}`);
  const bar = progress("fetching libtorch");
  const timer = setInterval(() => bar.update(megabytes(sizeOf(temporary))), 500);
  // pip writes what it is fetching to TMPDIR: there its growth can be watched, and it is on the disk that was checked
  const pipEnv = { ...env, TMPDIR: join(temporary, "pip"), PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_NO_INPUT: "1" };
  const args = [
    "-m",
    "pip",
    "download",
    "--dest",
    wheels,
    "--only-binary=:all:",
    "--python-version",
    WHEEL_PYTHON,
    ...what,
  ];
  const { code, tail } = await run(python, args, { env: pipEnv }).finally(() => clearInterval(timer));
  bar.done(code === 0 ? `${megabytes(sizeOf(wheels))} fetched` : "failed");
  if (code === 0) return;
  if (isDiskFull(tail)) throw diskFull("libtorch", dirname(temporary));
  if (/No matching distribution|Could not find a version/i.test(tail) && !isOffline(tail)) {
    throw new SetupError(
      `pip found no torch ${TORCH_VERSION} for this machine.\nAn old pip does not know the newer wheels: python3 -m pip install --upgrade pip. ` +
        `With a package index of your own, check that it has torch ${TORCH_VERSION}.\n${lastLines(tail)}`,
    );
  }
  throw new SetupError(
    `pip could not fetch libtorch.\n${lastLines(tail)}\nCheck the network (behind a proxy: HTTPS_PROXY, PIP_INDEX_URL) and run setup again; ` +
      `without a network, set CLINICADL_LIBTORCH to the torch folder of PyTorch ${TORCH_VERSION}.`,
  );
}

const isOffline = (text) =>
  /NewConnectionError|Connection (refused|reset)|Name or service not known|name resolution|ProxyError|Max retries/i.test(
    text,
  );
const lastLines = (text, count = 6) => text.split("\n").slice(-count).join("\n");

async function unpack(python, env, temporary) {
  const wheels = join(temporary, "wheels");
  const paths = readdirSync(wheels)
    .filter((name) => name.endsWith(".whl"))
    .map((name) => join(wheels, name));
  const bar = progress("unpacking libtorch");
  const onLine = (line) => /^\d+ %$/.test(line) && bar.update(line);
  const { code, tail } = await run(python, ["-c", UNPACK, join(temporary, "unpacked"), ...paths], { env, onLine });
  bar.done(code === 0 ? "100 %" : "failed");
  if (code === 0) return;
  if (isDiskFull(tail)) throw diskFull("libtorch", dirname(temporary));
  throw new SetupError(`libtorch could not be unpacked; run setup again.\n${lastLines(tail, 3)}`);
}

function check(folder) {
  const found = inspect(folder);
  const problem =
    found.problem ??
    (found.version !== TORCH_VERSION ? `it is version ${found.version}` : undefined) ??
    (hasCudaRuntime(found) ? undefined : "it lacks the NVIDIA runtime");
  if (problem !== undefined) throw new SetupError(`What pip fetched is not libtorch ${TORCH_VERSION}: ${problem}.`);
}

function sizeOf(folder) {
  if (!existsSync(folder)) return 0;
  let total = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    // pip moves files while we look
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stat?.isFile()) total += stat.size;
  }
  return total;
}
