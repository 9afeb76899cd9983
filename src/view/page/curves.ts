import type { Names, Points } from "./curve-store.ts";
import { scoped } from "./scope.ts";
import type { Seen, Wanted } from "./seen.ts";

/** What is asked of the thread that holds the curves. */
export type Asked =
  | { readonly what: "load"; readonly maps: number; readonly split: number }
  | { readonly what: "add"; readonly points: Points }
  | { readonly what: "names" }
  | { readonly what: "look"; readonly wanted: Wanted };
/** What it tells: an answer, or why there is none. */
export type Told<Answer = unknown> = { readonly answer: Answer } | { readonly reason: string };

/** The curves of all splits. A thread of their own holds them, so that nobody waits while they are read and thinned. */
export class Curves {
  readonly #worker = new Worker(scoped("/page/curve-worker.js"), { type: "module" });
  readonly #lost: Promise<never>;
  readonly #asked = new Set<string>();

  constructor() {
    this.#lost = new Promise((_, fail) => {
      this.#worker.addEventListener("error", ({ message }) =>
        fail(new Error(`No curves can be held here. ${message}`)),
      );
    });
    // it is told to who asks
    this.#lost.catch(() => undefined);
  }

  /** Reads the curves of a split anew. */
  async load(maps: number, split: number): Promise<void> {
    this.#asked.add(`${maps} ${split}`);
    await this.#ask({ what: "load", maps, split });
  }
  has(maps: number, split: number): boolean {
    return this.#asked.has(`${maps} ${split}`);
  }
  async add(points: Points): Promise<void> {
    await this.#ask({ what: "add", points });
  }
  async names(): Promise<Names> {
    return await this.#ask<Names>({ what: "names" });
  }
  async look(wanted: Wanted): Promise<Seen> {
    return await this.#ask<Seen>({ what: "look", wanted });
  }

  /** The answer comes through a channel of its own. */
  async #ask<Answer = undefined>(asked: Asked): Promise<Answer> {
    const { port1, port2 } = new MessageChannel();
    const told = new Promise<Told<Answer>>((done) => {
      port1.onmessage = ({ data }: MessageEvent<Told<Answer>>) => done(data);
    });
    this.#worker.postMessage(asked, [port2]);
    const answer = await Promise.race([told, this.#lost]);
    port1.close();
    if ("reason" in answer) throw new Error(answer.reason);
    return answer.answer;
  }
}
