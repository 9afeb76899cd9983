import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, extname } from "node:path";
import * as torch from "../../torch/index.ts";
import type { JsonObject } from "../../utils/config.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { makeFolder, readJson, syncFolder, writeFileAtomic, writeJson } from "../files/index.ts";
import { type Row, readTsv, writeTsv } from "../tsv/index.ts";

/** Reads a file by its suffix: `.json`, `.tsv` (rows), `.pt` (tensors are on the CPU; dispose them), else text. */
export function openFile(path: string): unknown {
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new ClinicaDLException(`${path} is not a file. Check the name, and whether it was written.`);
  }
  switch (extname(path)) {
    case ".json":
      return readJson(path);
    case ".tsv":
      return readTsv(path);
    case ".pt":
      return torch.load(path);
    default:
      return readFileSync(path, "utf8");
  }
}
/** Writes a file by its suffix: `.json`, `.tsv` (rows), `.pt`, `.log`, `.txt`; whole or not at all. */
export function saveFile(
  value: unknown,
  path: string,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): void {
  if (!overwrite && existsSync(path)) {
    throw new ClinicaDLException(`${path} exists already. Delete it, or replace it with { overwrite: true }.`);
  }
  makeFolder(dirname(path));
  switch (extname(path)) {
    case ".json":
      return writeJson(path, value as JsonObject | string, { overwrite: true });
    case ".tsv":
      return writeTsv(path, value as Row[]);
    case ".pt":
      torch.save(value, path);
      syncFolder(dirname(path));
      return;
    case ".log":
    case ".txt":
      writeFileAtomic(path, String(value));
      return;
    default:
      throw new ClinicaDLException(`${path}: a file in a MAPS is .json, .tsv, .pt, .log or .txt.`);
  }
}
