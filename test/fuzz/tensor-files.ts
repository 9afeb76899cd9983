/** Changed files of tensors, and what must hold of them: a value, or an error of this package that names the file. */
import { readdirSync, readFileSync } from "node:fs";
import * as torch from "../../src/torch/index.ts";
import { openSource } from "../../src/torch/serialization/byte-source.ts";
import { fileOf, safetensorsOf } from "../../src/torch/serialization/fixtures/files.ts";
import { load, loadSafetensors, TensorFileError } from "../../src/torch/serialization/index.ts";
import { ZipReader } from "../../src/torch/serialization/zip-reader.ts";
import { mutated, random, type Subject } from "./mutations.ts";

type Format = "pt" | "safetensors";

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

/** Files that are changed as a whole: the format before PyTorch 1.6 has no checksums, so that any change reaches what reads it, and a TorchScript file is refused. */
const WHOLE = ["legacy.pt", "refused-torchscript.pt"];

/** The files that are changed. */
export function subjects(format: Format): Subject[] {
  switch (format) {
    case "pt":
      return readdirSync(folder)
        .filter((name) => name.endsWith(".pt"))
        .map((name) => {
          const whole = readFileSync(new URL(name, folder));
          if (!WHOLE.includes(name)) return zipSubject(name, whole);
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
