import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isNotThere } from "../../utils/file-errors.ts";
import { customProperties, DARK, LIGHT } from "../figures/index.ts";

const TYPES: ReadonlyMap<string, string> = new Map([
  ["html", "text/html; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["svg", "image/svg+xml"],
]);

/** The colours of figures, as the page has them. */
export const FIGURES_CSS = `:root { ${customProperties(LIGHT)} }\n:root[data-theme="dark"] { ${customProperties(DARK)} }\n`;

/** Where the page is, compiled. */
export const PAGE = fileURLToPath(new URL("../page", import.meta.url));

/** The libraries of the page, from their packages: their names in addresses, and their files. */
function vendor(): ReadonlyMap<string, string> {
  const { resolve } = createRequire(import.meta.url);
  const uplot = dirname(resolve("uplot"));
  // of the builds in the package, the one that is whole and a module
  const niivue = join(dirname(fileURLToPath(import.meta.resolve("@niivue/niivue"))), "..", "..");
  return new Map([
    ["uplot.js", join(uplot, "uPlot.esm.js")],
    ["uplot.css", join(uplot, "uPlot.min.css")],
    ["niivue.js", join(niivue, "dist", "index.js")],
  ]);
}

/** The files of the page. Only those of these names are given: what is asked for is no path. */
export class Assets {
  readonly #page: string;
  readonly #vendor = vendor();

  /** @param page the folder of the compiled page. */
  constructor(page: string) {
    this.#page = page;
  }

  /** @returns null where there is no such file. */
  async page(name: string): Promise<{ readonly body: Uint8Array<ArrayBuffer>; readonly type: string } | null> {
    return /^[a-z][a-z-]*\.[a-z]+$/.test(name) ? await this.#read(join(this.#page, name)) : null;
  }
  async library(name: string): Promise<{ readonly body: Uint8Array<ArrayBuffer>; readonly type: string } | null> {
    const file = this.#vendor.get(name);
    return file === undefined ? null : await this.#read(file);
  }

  async #read(file: string): Promise<{ readonly body: Uint8Array<ArrayBuffer>; readonly type: string } | null> {
    const type = TYPES.get(/\.([a-z]+)$/.exec(file)?.[1] ?? "");
    if (type === undefined) return null;
    try {
      return { body: new Uint8Array(await readFile(file)), type };
    } catch (error) {
      if (isNotThere(error)) return null;
      throw error;
    }
  }
}
