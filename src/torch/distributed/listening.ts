import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";

/** Between two tries. */
const PAUSE_MS = 200;
/** So long an address may take to answer; some swallow what they do not take. */
const TRY_MS = 5000;

/** Where a connection came from, or why there is none. */
type Tried = { readonly from: string } | { readonly problem: string };

/**
 * Waits until something listens at an address. Libtorch does so as well, but gives up after something between two thirds of the time
 * that it was given and one and a half of it, and shows each try on standard error.
 * @returns the address of this host from which it was reached.
 * @throws Error saying why the last try failed.
 */
export async function untilListening(host: string, port: number, waitMs: number): Promise<string> {
  const until = performance.now() + waitMs;
  for (;;) {
    const tried = await tryOnce(host, port, Math.max(1, Math.min(TRY_MS, until - performance.now())));
    if ("from" in tried) return tried.from;
    if (performance.now() + PAUSE_MS >= until) throw new Error(tried.problem);
    await setTimeout(PAUSE_MS);
  }
}

function tryOnce(host: string, port: number, waitMs: number): Promise<Tried> {
  return new Promise((done) => {
    const socket = connect({ host, port });
    socket.setTimeout(waitMs);
    const end = (tried: Tried) => {
      socket.destroy();
      done(tried);
    };
    socket.once("connect", () => {
      const { localAddress } = socket;
      // the other side may have ended it at once
      end(localAddress === undefined ? { problem: `connect ECONNRESET ${host}:${port}` } : { from: localAddress });
    });
    socket.once("timeout", () => end({ problem: `connect ETIMEDOUT ${host}:${port}` }));
    // of a name with several addresses the error has a code only
    socket.once("error", (error: NodeJS.ErrnoException) =>
      end({ problem: error.message || `connect ${error.code} ${host}:${port}` }),
    );
  });
}
