import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";

/** Between two tries. */
const PAUSE_MS = 200;
/** So long an address may take to answer; some swallow what they do not take. */
const TRY_MS = 5000;

/**
 * Waits until something listens at an address. Libtorch does so as well, but gives up after something between two thirds of the time
 * that it was given and one and a half of it, and shows each try on standard error.
 * @throws Error saying why the last try failed.
 */
export async function untilListening(host: string, port: number, waitMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  for (;;) {
    const problem = await problemOf(host, port, Math.max(1, Math.min(TRY_MS, until - performance.now())));
    if (problem === null) return;
    if (performance.now() + PAUSE_MS >= until) throw new Error(problem);
    await setTimeout(PAUSE_MS);
  }
}

/** Why there is no connection; null where there was one. */
function problemOf(host: string, port: number, waitMs: number): Promise<string | null> {
  return new Promise((done) => {
    const socket = connect({ host, port });
    socket.setTimeout(waitMs);
    const end = (problem: string | null) => {
      socket.destroy();
      done(problem);
    };
    socket.once("connect", () => end(null));
    socket.once("timeout", () => end(`connect ETIMEDOUT ${host}:${port}`));
    // of a name with several addresses the error has a code only
    socket.once("error", (error: NodeJS.ErrnoException) =>
      end(error.message || `connect ${error.code} ${host}:${port}`),
    );
  });
}
