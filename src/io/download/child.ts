/**
 * A process that downloads one file: constructors wait for their weights, and only another process lets them. What to do comes as JSON on
 * standard input, which other users of the machine cannot see; what became of it goes as JSON to standard output.
 */
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import process from "node:process";

export interface Job {
  readonly url: string;
  /** Where the bytes go; a new file. */
  readonly target: string;
  /** Sent to the host of `url`, and to none that it redirects to. */
  readonly token: string | null;
}

export type Outcome =
  /** `linked` is what the hub says the SHA-256 is. */
  | { readonly kind: "done"; readonly sha256: string; readonly linked: string | null }
  | { readonly kind: "status"; readonly url: string; readonly status: string }
  | { readonly kind: "unreachable"; readonly url: string; readonly why: string }
  | { readonly kind: "broken"; readonly bytes: number; readonly of: string | null; readonly why: string };

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** What went wrong below `fetch failed`. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  // several addresses were tried
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}

async function answerTo({ url, token }: Job): Promise<{ response: Response; linked: string | null } | Outcome> {
  let at = new URL(url);
  let linked: string | null = null;
  for (let hops = 0; hops <= 10; hops++) {
    const headers = { "accept-encoding": "identity" };
    const trusted = token !== null && at.origin === new URL(url).origin;
    let response: Response;
    try {
      response = await fetch(at, {
        redirect: "manual",
        headers: trusted ? { ...headers, authorization: `Bearer ${token}` } : headers,
      });
    } catch (error) {
      return { kind: "unreachable", url: at.href, why: reason(error) };
    }
    linked ??= response.headers.get("x-linked-etag");
    const next = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || next === null) {
      if (response.ok) return { response, linked };
      return { kind: "status", url: at.href, status: `${response.status} ${response.statusText}`.trim() };
    }
    await response.body?.cancel();
    at = new URL(next, at);
    if (at.protocol !== "https:" && at.protocol !== "http:") {
      return { kind: "unreachable", url: at.href, why: "it is redirected there, which is no web address" };
    }
  }
  return { kind: "unreachable", url: at.href, why: "it is redirected without end" };
}

async function download(job: Job): Promise<Outcome> {
  const answer = await answerTo(job);
  if ("kind" in answer) return answer;
  const { response, linked } = answer;
  const of = response.headers.get("content-length");
  const hash = createHash("sha256");
  const file = openSync(job.target, "wx", 0o666);
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      hash.update(chunk);
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
      bytes += chunk.length;
    }
    fsyncSync(file);
  } catch (error) {
    return { kind: "broken", bytes, of, why: reason(error) };
  } finally {
    closeSync(file);
  }
  return { kind: "done", sha256: hash.digest("hex"), linked: linked?.replaceAll('"', "").toLowerCase() ?? null };
}

const job = JSON.parse(readFileSync(0, "utf8")) as Job;
process.stdout.write(JSON.stringify(await download(job)));
