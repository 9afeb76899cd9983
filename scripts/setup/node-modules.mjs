// `npm ci`, when what is installed is not what package-lock.json asks for.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundledNode, isNewEnough, OLDEST_NODE } from "./platform.mjs";
import { diskFull, isDiskFull, progress, SetupError } from "./report.mjs";
import { run, which } from "./run.mjs";

/** Why `npm ci` is needed, or undefined. npm records what it installed, so an `npm install` by hand counts too. */
export function modulesNeeded(root) {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return "node_modules is missing";
  const wanted = readPackages(join(root, "package-lock.json"));
  const installed = readPackages(record);
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "" || entry.link) continue;
    const have = installed[path];
    // another platform's binaries are in the lock and rightly not installed
    if (have === undefined && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (have === undefined) return `${path} is missing`;
    if (have.version !== entry.version || have.integrity !== entry.integrity)
      return `${path} is ${have.version}, not ${entry.version}`;
    if (!existsSync(join(root, path, "package.json"))) return `${path} is missing`;
  }
  if (!isNewEnough() && bundledNode(root) === undefined) return `Node ${OLDEST_NODE} is missing`;
  return undefined;
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
  } catch (error) {
    throw new SetupError(
      `${path} cannot be read: ${error.message}\nRestore it (git checkout package-lock.json), or remove node_modules.`,
    );
  }
}

export async function installModules(root, env) {
  const npm = which("npm", env);
  if (npm === undefined)
    throw new SetupError(
      `npm was not found on the PATH. It comes with Node: install Node ${OLDEST_NODE} or newer from nodejs.org.`,
    );
  const bar = progress("npm ci");
  bar.update("installing the packages of package-lock.json");
  const install = () => run(npm, ["ci", "--no-audit", "--no-fund", "--prefer-offline"], { cwd: root, env });
  const isDisagreement = (tail) => /EUSAGE|in sync/.test(tail);
  let { code, tail } = await install();
  // a network may fail for a moment; what has come is in npm's cache
  if (code !== 0 && !isDiskFull(tail) && !isDisagreement(tail)) {
    bar.update("it failed; once more");
    ({ code, tail } = await install());
  }
  bar.done(code === 0 ? "done" : "failed");
  if (code === 0) return;
  if (isDiskFull(tail)) throw diskFull("node_modules", root);
  const errors = tail.split("\n").filter((line) => !/^npm warn|^npm error\s*$/i.test(line));
  // npm prints its usage after the reason
  const usage = errors.findIndex((line) => /Clean install a project|A complete log/.test(line));
  const reason = errors
    .slice(0, usage < 0 ? undefined : usage)
    .slice(0, 12)
    .join("\n");
  const wayOut = isDisagreement(tail)
    ? "package.json and package-lock.json do not agree: run npm install, then setup again."
    : "Check the network (behind a proxy: npm config set proxy) and run setup again.";
  throw new SetupError(`npm ci failed.\n${reason}\n${wayOut}`);
}
