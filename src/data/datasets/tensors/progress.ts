import { type OutputStream, progressOutput } from "../../../utils/output.ts";
import type { TensorProgress } from "./options.ts";

/** One line on a terminal, which is taken away at the end; elsewhere, such as in the log of a batch job, a line for every tenth. */
export function progressLine(stream: OutputStream = progressOutput): (progress: TensorProgress) => void {
  let tenth: number | null = null;
  return ({ done, total }) => {
    const text = `Converting to tensors: ${done} of ${total}`;
    if (stream.isTTY === true) {
      stream.write(done < total ? `\r\x1b[K${text}` : "\r\x1b[K");
      return;
    }
    // what was there before is no progress of now
    const before: number = tenth ?? Math.floor((10 * (done - 1)) / total);
    tenth = Math.floor((10 * done) / total);
    if (tenth > before) stream.write(`${text}\n`);
  };
}
