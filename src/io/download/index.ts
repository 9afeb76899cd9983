/** Files from the web, kept in the user's cache. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { say } from "../../utils/output.ts";
import { replaceFile } from "../files/atomic.ts";
import { sha256Of } from "../files/sha256.ts";
import { type Address, addressOf, DownloadError, type Environment, type Remote } from "./address.ts";
import type { Job, Outcome } from "./child.ts";

export { DownloadError, type Remote } from "./address.ts";

const CHILD = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url));

/**
 * The path of a file from the web: downloaded once, checked, and kept in the user's cache (`~/.cache/clinicadl/downloads`, or below
 * `XDG_CACHE_HOME`). `HF_ENDPOINT` and `HF_TOKEN` count for the hub. It waits until the file is there.
 *
 *     const path = downloaded({ url: "hf://TencentMedicalNet/MedicalNet-Resnet10/resnet_10_23dataset.pth", sha256: null });
 *
 * @throws DownloadError when it cannot be had, or is another file; nothing is kept of it then.
 */
export function downloaded(remote: Remote, env: Environment = process.env): string {
  const sha256 = remote.sha256?.toLowerCase() ?? null;
  const address = addressOf({ ...remote, sha256 }, env);
  const path = join(folderOf(env), address.place);
  // what is damaged is downloaded again
  if (existsSync(path) && (sha256 === null || sha256Of(path) === sha256)) return path;
  fetchTo(path, address, sha256, env);
  return path;
}

/**
 * Downloads a file to where another program looks for it, under a name that ends with the first digits of its SHA-256, as PyTorch names its
 * weights: `resnet18-f37072fd.pth`.
 *
 * @throws DownloadError when it cannot be had, or is another file; nothing is kept of it then.
 */
export function downloadTo(path: string, url: string, env: Environment = process.env): void {
  const [, digits] = /-([0-9a-f]{8,64})\.[^.]*$/.exec(path) ?? [];
  if (digits === undefined) throw new DownloadError(`The name of ${path} has no digits of its SHA-256.`);
  fetchTo(path, { url, place: path, token: null }, digits, env);
}

/** @param sha256 of the file, or how it begins; null: what the hub says. */
function fetchTo(path: string, address: Address, sha256: string | null, env: Environment): void {
  say(`Downloading ${address.url} to ${path} …`);
  replaceFile(path, (temporary) => {
    const outcome = run({ url: address.url, target: temporary, token: address.token }, env);
    check(outcome, address, sha256, path);
  });
}

function folderOf(env: Environment): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "clinicadl", "downloads");
}

function run(job: Job, env: Environment): Outcome {
  const { stdout, status, signal, error, stderr } = spawnSync(process.execPath, [CHILD], {
    input: JSON.stringify(job),
    encoding: "utf8",
    // proxies as other programs take them; options of Node for this process are none of that one's
    env: { ...env, NODE_USE_ENV_PROXY: "1", NODE_OPTIONS: "" },
  });
  if (status === 0) return JSON.parse(stdout) as Outcome;
  const why = error?.message ?? (stderr.trim() || `it ended with ${signal ?? status}`);
  throw new DownloadError(`${job.url} was not downloaded: ${why}`);
}

function check(outcome: Outcome, address: Address, sha256: string | null, path: string): void {
  const { url } = address;
  const from = "url" in outcome && outcome.url !== url ? `${url} (redirected to ${outcome.url})` : url;
  switch (outcome.kind) {
    case "status": {
      const refused = /^40[134]/.test(outcome.status) && address.place.startsWith("hf");
      const token = refused ? " If it is not public, HF_TOKEN must be a token that may read it." : "";
      throw new DownloadError(`${from} was not downloaded: the answer is '${outcome.status}'.${token}`);
    }
    case "unreachable":
      throw new DownloadError(
        `${from} cannot be reached: ${outcome.why}. On a machine without network, put the file at ${path}, or give the path of a copy.`,
      );
    case "broken": {
      const of = outcome.of === null ? "" : ` of ${outcome.of}`;
      throw new DownloadError(
        `The download of ${url} broke off after ${outcome.bytes}${of} bytes (${outcome.why}). Nothing is kept of it: try again.`,
      );
    }
    case "done": {
      const linked = outcome.linked !== null && /^[0-9a-f]{64}$/.test(outcome.linked) ? outcome.linked : null;
      const expected = sha256 ?? linked;
      if (expected === null || outcome.sha256.startsWith(expected)) return;
      throw new DownloadError(
        `${url} has the SHA-256 ${outcome.sha256}, and ${expected} is expected: it is another file, or damaged. Nothing is kept of it.`,
      );
    }
  }
}
