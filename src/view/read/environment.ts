import { readRegular } from "../../io/files/index.ts";
import { Maps } from "../../io/maps/index.ts";
import { type Part, partOf } from "./part.ts";

/** What a MAPS was made on. */
export interface Environment {
  /** `platform`, `processor`, `python_version` or `node_version` …, in the order of the file. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** As `clinicadl@0.1.0`, or `clinicadl==2.0.0`. */
  readonly packages: readonly string[];
}

/** `env/environment.txt`, of either language. */
export function readEnvironment(path: string): Part<Environment> {
  return partOf(() => {
    const lines = readRegular(new Maps(path).environmentTxt).split(/\r?\n/);
    const facts = lines.flatMap((line): [string, string][] => {
      const [, name, value] = /^# ([^:]+): ?(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    });
    return { facts, packages: lines.filter((line) => line !== "" && !line.startsWith("#")) };
  });
}
