import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as torch from "../index.ts";
import { openSource } from "./byte-source.ts";
import { fileOf, safetensorsOf } from "./fixtures/files.ts";
import { load, loadSafetensors, TensorFileError } from "./index.ts";
import { ZipReader } from "./zip-reader.ts";

// more rounds: CLINICADL_FUZZ_ROUNDS=100000 npm test -- src/torch/serialization/fuzz
const ROUNDS = Number(process.env.CLINICADL_FUZZ_ROUNDS ?? 400);

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

/** Nothing but a value, or an error of this package that names the file; and no tensor is left. */
function check(what: string, read: () => unknown): void {
  const before = torch.memory.live().tensors;
  let error: unknown;
  {
    using _scope = torch.scope();
    try {
      read();
    } catch (caught) {
      error = caught;
    }
  }
  if (error !== undefined && !(error instanceof TensorFileError && error.message.startsWith("<bytes>: ")))
    throw new Error(`${what}: ${String(error)}`, { cause: error });
  expect([what, torch.memory.live().tensors]).toEqual([what, before]);
}

const folder = new URL("golden/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".pt") && name !== "legacy.pt");

it.each(names)("any change of %s gives a value or an error that names the file", (name) => {
  const whole = readFileSync(new URL(name, folder));
  const zip = new ZipReader(openSource(whole));
  const prefix = zip.names()[0]?.split("/")[0] ?? "";
  const pickle = zip.read(`${prefix}/data.pkl`);
  const storages: Record<string, Uint8Array> = {};
  for (const entry of zip.names().filter((entry) => entry.startsWith(`${prefix}/data/`)))
    storages[entry.slice(prefix.length + 6)] = zip.read(entry);
  for (let seed = 0; seed < ROUNDS; seed++) {
    const next = random(seed);
    // the pickle alone, with a checksum that is right, and the file as a whole
    const pickled = mutated(pickle, next);
    check(`pickle of ${name}, seed ${seed}`, () => load(fileOf(pickled, storages)));
    check(`${name}, seed ${seed}`, () => load(mutated(whole, next)));
  }
});

it("any change of a safetensors file gives a value or an error that names the file", () => {
  const header = {
    __metadata__: { format: "pt" },
    weight: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
    flag: { dtype: "BOOL", shape: [], data_offsets: [24, 25] },
    none: { dtype: "BF16", shape: [0, 4], data_offsets: [25, 25] },
  };
  const whole = safetensorsOf(header, 25);
  const text = JSON.stringify(header);
  for (let seed = 0; seed < 8 * ROUNDS; seed++) {
    const next = random(seed);
    const changed = Buffer.from(mutated(Buffer.from(text), next)).toString("latin1");
    check(`header, seed ${seed}`, () => loadSafetensors(safetensorsOf(changed, 25)));
    check(`file, seed ${seed}`, () => loadSafetensors(mutated(whole, next)));
  }
});
