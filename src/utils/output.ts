/** The one way by which this library writes to standard error and standard output. */
import process from "node:process";
import { visibleLines } from "./visible.ts";

type Channel = "stderr" | "stdout";

/** Where something can be shown; {@link progressOutput} is one. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const ignore = (): void => {};

/**
 * Writes text as it is, or not at all: what reads it may have ended (`node train.ts 2>&1 | head`), the terminal may be
 * gone, the disk behind it full. No work is worth less for that, so it is no error.
 */
function write(channel: Channel, text: string): void {
  const stream = process[channel];
  stream.write(text, (error) => {
    // an error event without a listener would end the process; it comes after this
    if (error && stream.listenerCount("error") === 0) stream.once("error", ignore);
  });
}

let progressShown = true;

/** From now on no progress is shown: where only results, warnings and errors are wanted. */
export function hideProgress(): void {
  progressShown = false;
}

/** Whether a line can be drawn over another: a dumb terminal, as Emacs's shell is one, shows what moves the cursor as letters. */
export function drawsOver({ isTTY = false }: Pick<OutputStream, "isTTY">): boolean {
  return isTTY && process.env.TERM !== "dumb";
}

/** Where progress is shown: standard error, unless it is hidden. */
export const progressOutput: OutputStream = {
  get isTTY() {
    return progressShown && drawsOver(process.stderr);
  },
  get columns() {
    return process.stderr.columns;
  },
  write: (text) => {
    if (progressShown) write("stderr", text);
  },
};

/** A line on standard error, control characters made visible; text may have several lines. */
export function say(text: string): void {
  write("stderr", `${visibleLines(text)}\n`);
}

/** A line of {@link progressOutput}, as {@link say}: how far a command is. */
export function sayProgress(text: string): void {
  progressOutput.write(`${visibleLines(text)}\n`);
}

/** A line on standard output: what a command was asked for. As {@link say}. */
export function answer(text: string): void {
  write("stdout", `${visibleLines(text)}\n`);
}

/**
 * While it is held, nothing that is written to standard error or standard output ends the process, whoever writes it: a
 * `process.stdout.write` of the user's own, what Node passes on from worker threads.
 */
export function keepGoing(): Disposable {
  const streams = [process.stdout, process.stderr];
  for (const stream of streams) {
    // Node's own pipes from worker threads listen too, and more listeners than this would be warned of
    const most = stream.getMaxListeners();
    stream.setMaxListeners(0);
    stream.on("error", ignore);
    stream.setMaxListeners(most);
  }
  return {
    // the event of an error comes a little after the writing
    [Symbol.dispose]() {
      setImmediate(() => {
        for (const stream of streams) stream.off("error", ignore);
      });
    },
  };
}
