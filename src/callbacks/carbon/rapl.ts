import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where Linux has the counters of energy that processors keep ("running average power limit"). */
export const POWERCAP = "/sys/class/powercap";

/** A counter: a package (a processor with its cores), or the memory beside one. */
interface Zone {
  readonly name: string;
  readonly path: string;
  /** After this, in microjoules, it begins at 0 again. */
  readonly range: number;
}

/**
 * The counters of energy of a machine: of its packages, and of its memory where that is counted apart. Cores and graphics are parts of a package, and
 * "psys", the platform, has packages in it: they are not counted a second time. Intel's and AMD's processors have the same files.
 */
export class Rapl {
  readonly #zones: readonly Zone[];
  #last: readonly number[];

  /**
   * @param folder where the counters are.
   * @throws Error saying why they cannot be read: there are none, or only the superuser may read them, as is the default of Linux since 5.10.
   */
  constructor(folder = POWERCAP) {
    const zones = existsSync(folder) ? readdirSync(folder).filter((name) => /^intel-rapl:\d+(:\d+)?$/.test(name)) : [];
    const text = (zone: string, file: string): string => readFileSync(join(folder, zone, file), "utf8").trim();
    this.#zones = zones
      .toSorted()
      .map((zone) => ({ zone, name: text(zone, "name") }))
      .filter(({ name }) => /^package-\d+$/.test(name) || name === "dram")
      .map(({ zone, name }) => ({
        name,
        path: join(folder, zone, "energy_uj"),
        range: Number(text(zone, "max_energy_range_uj")),
      }));
    if (this.#zones.length === 0) throw new Error(`${folder} has no counters of energy`);
    this.#last = this.#read();
  }

  /** What is counted: `package-0, dram`. */
  get names(): string {
    return this.#zones.map(({ name }) => name).join(", ");
  }

  /**
   * The energy since it was asked last, or made, in joules. Counters begin at 0 again after some minutes of full power at the earliest: ask more often.
   */
  since(): number {
    const before = this.#last;
    this.#last = this.#read();
    const each = this.#zones.map(({ range }, i) => {
      const [from = 0, to = 0] = [before[i], this.#last[i]];
      return to >= from ? to - from : to - from + range;
    });
    return each.reduce((sum, joules) => sum + joules, 0) / 1e6;
  }

  #read(): number[] {
    return this.#zones.map(({ path }) => Number(readFileSync(path, "utf8")));
  }
}
