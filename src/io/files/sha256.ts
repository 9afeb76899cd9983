import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

/** The SHA-256 of a file, in hexadecimal digits. It is read part by part: Node reads no file of more than 2 GiB at once. */
export function sha256Of(path: string): string {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(1 << 20);
  const file = openSync(path, "r");
  try {
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk)) {
      hash.update(chunk.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
