/** Changed files of tensors, and what must hold of them: a value, or an error of this package that names the file. */
import { readdirSync, readFileSync } from "node:fs";
import * as torch from "../../src/torch/index.ts";
import { openSource } from "../../src/torch/serialization/byte-source.ts";
import { fileOf, safetensorsOf } from "../../src/torch/serialization/fixtures/files.ts";
import { load, loadSafetensors, TensorFileError } from "../../src/torch/serialization/index.ts";
import { ZipReader } from "../../src/torch/serialization/zip-reader.ts";

export const FORMATS = ["pt", "safetensors"] as const;
export type Format = (typeof FORMATS)[number];

/** A file that was changed, always in the same way for the same seed. */
export interface Trial {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** mulberry32: the same numbers for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Some bytes changed, taken out, or copied to another place. */
function mutated(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
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

/** Makes the trials of a seed from one file. */
export interface Subject {
  readonly name: string;
  trials(seed: number): Trial[];
}

const folder = new URL("../../src/torch/serialization/golden/", import.meta.url);

function zipSubject(name: string, whole: Uint8Array): Subject {
  const zip = new ZipReader(openSource(whole));
  const prefix = zip.names()[0]?.split("/")[0] ?? "";
  const pickle = zip.read(`${prefix}/data.pkl`);
  const storages: Record<string, Uint8Array> = {};
  for (const entry of zip.names().filter((entry) => entry.startsWith(`${prefix}/data/`)))
    storages[entry.slice(prefix.length + 6)] = zip.read(entry);
  return {
    name,
    trials(seed) {
      const next = random(seed);
      // the pickle alone, with a checksum that is right, and the file as a whole
      const pickled = fileOf(mutated(pickle, next), storages);
      return [
        { what: `pickle of ${name}`, bytes: pickled },
        { what: name, bytes: mutated(whole, next) },
      ];
    },
  };
}

function safetensorsSubject(): Subject {
  const header = {
    __metadata__: { format: "pt" },
    weight: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
    flag: { dtype: "BOOL", shape: [], data_offsets: [24, 25] },
    none: { dtype: "BF16", shape: [0, 4], data_offsets: [25, 25] },
  };
  const whole = safetensorsOf(header, 25);
  const text = Buffer.from(JSON.stringify(header));
  return {
    name: "a safetensors file",
    trials(seed) {
      const next = random(seed);
      const changed = Buffer.from(mutated(text, next)).toString("latin1");
      return [
        { what: "header of a safetensors file", bytes: safetensorsOf(changed, 25) },
        { what: "a safetensors file", bytes: mutated(whole, next) },
      ];
    },
  };
}

/** The files that are changed. */
export function subjects(format: Format): Subject[] {
  switch (format) {
    case "pt":
      return readdirSync(folder)
        .filter((name) => name.endsWith(".pt"))
        .map((name) => {
          const whole = readFileSync(new URL(name, folder));
          // the format before PyTorch 1.6 has no checksums: any change reaches what reads it
          if (name !== "legacy.pt") return zipSubject(name, whole);
          return { name, trials: (seed) => [{ what: name, bytes: mutated(whole, random(seed)) }] };
        });
    case "safetensors":
      return [safetensorsSubject()];
  }
}

/** Reads the file. @returns what is wrong with what came of it, or null. */
export function problemOf(format: Format, bytes: Uint8Array): string | null {
  const before = torch.memory.live().tensors;
  let problem: string | null = null;
  {
    using _scope = torch.scope();
    try {
      if (format === "pt") load(bytes);
      else loadSafetensors(bytes);
    } catch (error) {
      if (!(error instanceof TensorFileError && error.message.startsWith("<bytes>: ")))
        problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }
  const left = torch.memory.live().tensors - before;
  return problem ?? (left === 0 ? null : `${left} tensors are left`);
}
