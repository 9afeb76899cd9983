/** What is done to files: always the same for the same seed. */

/** A file that was changed. */
export interface Trial {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** Makes the trials of a seed from one file. */
export interface Subject {
  readonly name: string;
  trials(seed: number): Trial[];
}

/** mulberry32: the same numbers for the same seed. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Some bytes changed, taken out, or copied to another place. */
export function mutated(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  let out = Buffer.from(bytes);
  for (let i = 1 + next(4); i > 0 && out.length > 0; i--) {
    const at = next(out.length);
    const length = 1 + next(Math.min(16, out.length - at));
    const kind = next(5);
    if (kind === 0) out[at] = next(256);
    else if (kind === 1) out[at] = (out[at] ?? 0) ^ (1 << next(8));
    else if (kind === 2) out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
    else if (kind === 3) out = Buffer.concat([out.subarray(0, at), out.subarray(next(at + 1), at + length)]);
    else out.fill(next(2) === 0 ? 0 : 255, at, at + length);
  }
  return out;
}
