import { existsSync } from "node:fs";
import { readJson } from "../../io/json/index.ts";
import type { Cell } from "../../io/tsv/index.ts";
import type { JsonObject, JsonValue } from "../../utils/config.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { type Part, partOf } from "./part.ts";

/** The data of an evaluation, as `dataset.json` records them: a row for each session. */
export class DataTable {
  /** What describes the dataset. */
  readonly json: JsonObject;
  readonly #places = new Map<string, string>();

  constructor(json: JsonObject) {
    this.json = json;
    const [participants, sessions] = [this.#column("participant_id"), this.#column("session_id")];
    for (const [place, participant] of Object.entries(participants)) {
      this.#places.set(`${participant}\t${sessions[place]}`, place);
    }
  }
  #column(name: string): { readonly [place: string]: JsonValue } {
    const { data } = this.json;
    return objectOf(objectOf(data)[name]);
  }

  get columns(): string[] {
    return Object.keys(objectOf(this.json.data));
  }
  /** @param pair the participant and the session, with a tab between them. */
  cellOf(pair: string, column: string): Cell {
    const place = this.#places.get(pair);
    const value = place === undefined ? null : (this.#column(column)[place] ?? null);
    return typeof value === "object" ? null : value;
  }
}

/** @param files the first that is there is read. */
export function readData(files: readonly string[]): Part<DataTable> {
  return partOf(() => {
    const file = files.find(existsSync);
    if (file === undefined) throw new ClinicaDLException(`There is no ${files.join(" or ")}.`);
    return new DataTable(readJson(file));
  });
}

function objectOf(value: JsonValue | undefined): { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
