import type { RunEvent, ToldEvent } from "./schema.ts";

/** Who is told of a run: a file, a terminal. */
export interface EventReceiver {
  receive(event: RunEvent): void;
  /** Something else is about to be put on standard error. */
  makeRoom?(): void;
  /** Writes down what it has. */
  flush?(): void;
}

/** What depends on when a training is interrupted, and on clocks: it has the number of what came before. */
const UNNUMBERED: ReadonlySet<ToldEvent["kind"]> = new Set(["resume", "checkpoint", "interruption", "error"]);

/** Passes on what a run says of itself, with number and time. */
export class Journal {
  readonly #clock: () => number;
  readonly #receivers = new Set<EventReceiver>();
  #last = 0;

  /** @param clock in milliseconds since 1970. */
  constructor(clock: () => number = () => Date.now()) {
    this.#clock = clock;
  }

  /** The number of the last event. */
  get last(): number {
    return this.#last;
  }
  /** Goes on counting from there. */
  countFrom(last: number): void {
    this.#last = last;
  }

  add(receiver: EventReceiver): void {
    this.#receivers.add(receiver);
  }

  record(told: ToldEvent): void {
    if (!UNNUMBERED.has(told.kind)) this.#last++;
    const event = { n: this.#last, time: this.#clock(), ...told };
    for (const receiver of this.#receivers) receiver.receive(event);
  }
  makeRoom(): void {
    for (const receiver of this.#receivers) receiver.makeRoom?.();
  }
  flush(): void {
    for (const receiver of this.#receivers) receiver.flush?.();
  }
  /** Nobody is told anything from now on; what they have is written. */
  close(): void {
    try {
      this.flush();
    } finally {
      this.forget();
    }
  }
  /** Nobody is told anything from now on; what they have and could not write is left. */
  forget(): void {
    this.makeRoom();
    this.#receivers.clear();
  }
}
