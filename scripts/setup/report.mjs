// How setup speaks: everything on standard error, so that standard output belongs to the command that follows.

/** What the user can act on: printed as one message without a stack, exit code 1. */
export class SetupError extends Error {
  constructor(message) {
    super(message);
    this.name = "SetupError";
  }
}

/** The way out of a full disk, in one place because every step can meet it. */
export function diskFull(what, directory) {
  return new SetupError(
    `The disk is full: ${what} could not be written to ${directory}.\n` +
      "Free some space there, or choose another place for the download with XDG_CACHE_HOME=<folder>, and run setup again.",
  );
}

export function isDiskFull(text) {
  return /No space left on device|ENOSPC|Errno 28|Disk quota exceeded|EDQUOT/i.test(text);
}

/** Turns what the operating system refused into a message; anything else is a fault of ours and keeps its stack. */
export function asSetupError(error, directory) {
  if (error instanceof SetupError) return error;
  const code = error?.code;
  const where = error?.path ?? directory;
  if (code === "ENOSPC" || code === "EDQUOT") return diskFull("a file", where);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new SetupError(
      `Setup may not write to ${where} (${code}).\nRun it as the user who owns that folder, or make it writable; for the download, XDG_CACHE_HOME=<folder> chooses another place.`,
    );
  }
  return error;
}

export function say(line) {
  process.stderr.write(`[setup] ${line}\n`);
}

const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;

/**
 * A line that moves on a terminal; in a log file one line per `everyMs`, and the last one.
 * `update` takes the text, `done` ends the line.
 */
export function progress(label, everyMs = 5000, stream = process.stderr) {
  let last = 0;
  let shown = "";
  let width = 0;
  const write = (text, force) => {
    const line = `[setup] ${label}: ${text}`;
    if (stream.isTTY) {
      stream.write(`\r${line.padEnd(width)}`);
      width = line.length;
    } else if ((force || Date.now() - last >= everyMs) && text !== shown) {
      stream.write(`${line}\n`);
      last = Date.now();
      shown = text;
    }
  };
  return {
    update: (text) => write(text, false),
    done: (text) => {
      write(text, true);
      if (stream.isTTY) stream.write("\n");
    },
  };
}

export { megabytes };
