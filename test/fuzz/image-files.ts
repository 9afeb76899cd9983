/** Changed images, and what must hold of them: an image, or an error that names the file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { gunzipSync, gzipSync } from "node:zlib";
import { readNiftiHeader, readNiftiLabelTensor, readNiftiTensor } from "../../src/io/nifti/index.ts";
import * as torch from "../../src/torch/index.ts";
import { ImageError } from "../../src/utils/exceptions.ts";
import { mutated, random, type Subject } from "./mutations.ts";

interface Golden {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}
const golden: Golden[] = JSON.parse(
  readFileSync(new URL("../../src/io/nifti/golden/containers.json", import.meta.url), "utf8"),
);

/** One of each kind: what nibabel wrote, unpacked. */
const NAMES = [
  "NIfTI-1 int16 > .nii",
  "NIfTI-2 float64 < .nii",
  "NIfTI-2 int64 < .nii",
  "int16 mgh 3D",
  "float32 mgh 4D",
];
const PAIR = "a pair whose voxels begin later";

function fileOf(name: string, ending: string): Buffer {
  const files = golden.find((one) => one.name === name)?.files ?? {};
  const [, packed] = Object.entries(files).find(([file]) => file.endsWith(ending)) ?? [];
  if (packed === undefined) throw new Error(`containers.json has no ${ending} of '${name}'`);
  return gunzipSync(Buffer.from(packed, "base64"));
}

/** Numbers that headers should not hold, at any of their fields. */
function withExtremes(bytes: Uint8Array, next: (below: number) => number): Uint8Array {
  const out = Buffer.from(bytes);
  const values = [0, -1, 1, 2 ** 15 - 1, -(2 ** 15), Number.NaN, Number.POSITIVE_INFINITY, 1e30, -1e-30];
  for (let i = 1 + next(3); i > 0; i--) {
    const at = next(Math.min(out.length - 8, 544));
    const value = values[next(values.length)] ?? 0;
    const integer = Number.isSafeInteger(value) ? value : next(2 ** 15);
    const little = next(2) === 0;
    switch (next(4)) {
      case 0:
        little ? out.writeInt16LE(integer, at) : out.writeInt16BE(integer, at);
        break;
      case 1:
        little ? out.writeInt32LE(integer * 2 ** 16, at) : out.writeInt32BE(integer * 2 ** 16, at);
        break;
      case 2:
        little ? out.writeFloatLE(value, at) : out.writeFloatBE(value, at);
        break;
      default:
        little ? out.writeDoubleLE(value, at) : out.writeBigInt64BE(BigInt(integer) * 2n ** 48n, at);
    }
  }
  return out;
}

/** The files that are changed. */
export function subjects(): Subject[] {
  const whole = NAMES.map((name): [string, Buffer] => [name, fileOf(name, name.includes("mgh") ? ".mgh" : ".nii")]);
  return [...whole, [PAIR, fileOf(PAIR, ".hdr")] as const].map(([name, bytes]) => ({
    name,
    trials(seed) {
      const next = random(seed);
      const cut = next(bytes.length);
      const members = Buffer.concat([gzipSync(bytes.subarray(0, cut)), gzipSync(bytes.subarray(cut))]);
      return [
        { what: name, bytes: mutated(bytes, next) },
        { what: `extremes in ${name}`, bytes: withExtremes(bytes, next) },
        { what: `extremes in ${name}, packed`, bytes: gzipSync(withExtremes(bytes, next)) },
        { what: `${name}, packed`, bytes: mutated(gzipSync(bytes), next) },
        { what: `${name}, packed in parts`, bytes: mutated(members, next) },
      ];
    },
  }));
}

const folder = mkdtempSync(join(tmpdir(), "clinicadl-fuzz-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "image.img"), fileOf(PAIR, ".img"));

/** The readers are given little: none of these files has much. */
const LARGEST_BYTES = 64 * 2 ** 20;

/** Reads the file, by the name of a single file and by that of a header. @returns what is wrong with what came of it, or null. */
export function problemOf(bytes: Uint8Array): string | null {
  for (const name of ["image.nii.gz", "image.hdr"]) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    for (const read of [readNiftiHeader, readNiftiTensor, readNiftiLabelTensor]) {
      const problem = problemOfReading(path, read);
      if (problem !== null) return `${read.name} of ${name}: ${problem}`;
    }
  }
  return null;
}

function problemOfReading(path: string, read: (path: string) => { readonly affine: Float64Array }): string | null {
  const before = torch.memory.live().tensors;
  torch.memory.resetPeakMemoryStats();
  let problem: string | null = null;
  {
    using _scope = torch.scope();
    try {
      const { affine } = read(path);
      if (!affine.every(Number.isFinite)) problem = `the affine is ${affine.join(", ")}`;
    } catch (error) {
      const isOurs = error instanceof ImageError && error.message.includes(folder);
      if (!isOurs) problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  }
  const left = torch.memory.live().tensors - before;
  const peak = torch.memory.maxMemoryAllocated();
  if (problem === null && left !== 0) return `${left} tensors are left`;
  return problem ?? (peak <= LARGEST_BYTES ? null : `it took ${peak} bytes`);
}
