/** Makes a program of each example in a doc comment: its imports are those of the names of this package that it has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commentsOf, type DocComment, examplesOf, root } from "./comments.ts";

export interface ExampleProgram {
  /** Where it stands, and what of: "src/losses/bce.ts:8 BCELossConfig". */
  readonly name: string;
  readonly code: string;
  /** The lines that it says it prints. */
  readonly printed: readonly string[];
  readonly source: string;
}

/** The names that examples have without an import, and the module of each, by its path from the root. */
export type Names = ReadonlyMap<string, string>;

/** The classes, functions and constants that the package's entries have, but for torch, which is one name. */
export async function namesOfEntries(): Promise<Names> {
  const names = new Map<string, string>();
  for (const source of entries()) {
    if (source === "src/torch/index.ts") continue;
    for (const name of Object.keys(await import(join(root, source)))) if (!names.has(name)) names.set(name, source);
  }
  return names;
}

/** The sources of the package's entries, each once. */
export function entries(): readonly string[] {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object };
  const targets = Object.values(exports).flatMap((target) => (typeof target === "string" ? [] : [target.default]));
  return [...new Set(targets.map((path: string) => path.replace("./dist/", "src/").replace(/\.js$/, ".ts")))];
}

const PACKAGE = /"clinicadl\/([^"]+)"/g;

function programOf(code: string, names: Names, given: readonly string[]): string {
  // what stands in quotes, behind a point or in a comment is no name
  const bare = code
    .replace(/\/\/.*$/gm, "")
    .replace(/(["'])(?:(?!\1).)*\1/g, '""')
    .replace(/(?<!\.\.)\.\w+/g, "");
  const own = namesMadeIn(bare);
  const used = [...new Set(bare.match(/\b[A-Za-z_]\w*\b/g))].filter((word) => !own.has(word));
  const imports = used.flatMap((word) => {
    const source = names.get(word);
    return source === undefined ? [] : [`import { ${word} } from ${JSON.stringify(join(root, source))};`];
  });
  const from = used.filter((word) => given.includes(word) && !names.has(word));
  if (from.length > 0) imports.push(`import { ${from.join(", ")} } from "./given.ts";`);
  if (used.includes("torch"))
    imports.push(`import * as torch from ${JSON.stringify(join(root, "src/torch/index.ts"))};`);
  return `${[...imports, onSources(code)].join("\n")}\nexport {};\n`;
}

/** The names that a program makes itself, or imports: those of `const { a, b: c, ...rest } = …` are a, c and rest. */
export function namesMadeIn(code: string): ReadonlySet<string> {
  const single = [...code.matchAll(/\b(?:const|let|using|function|class)\s+(\w+)/g)].map(([, name = ""]) => name);
  const imported = [...code.matchAll(/import (?:type )?\{([^}]*)\}/g)].flatMap(([, names = ""]) =>
    names.replaceAll("type ", "").split(/[\s,]+/),
  );
  const taken = [...code.matchAll(/\b(?:const|let)\s+([{[][^;]*?[}\]])\s*(?:=|of\b)/g)].flatMap(
    ([, pattern = ""]) => pattern.replace(/\w+\s*:|=[^,}\]]*/g, "").match(/\w+/g) ?? [],
  );
  return new Set([...single, ...imported, ...taken]);
}

/** The code, with this package's names as paths in src/. */
export function onSources(code: string): string {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return code.replace(PACKAGE, (name, entry: string) => {
    const target: string | undefined = exports[`./${entry}`]?.default;
    if (target === undefined) throw new Error(`${name} is not in the exports of package.json`);
    return JSON.stringify(join(root, target.replace("./dist/", "src/").replace(/\.js$/, ".ts")));
  });
}

/**
 * The programs of the examples of some files.
 * @param given what `given.ts` exports.
 */
export function programsOf(paths: readonly string[], names: Names, given: readonly string[]): ExampleProgram[] {
  return paths.flatMap((path) =>
    commentsOf(path).flatMap((comment) =>
      examplesOf(comment).map((code, i) => ({
        name: nameOf(comment, i),
        code,
        printed: [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, line = ""]) => line),
        source: programOf(code, names, given),
      })),
    ),
  );
}

function nameOf({ path, line, of }: DocComment, i: number): string {
  return `${path}:${line}${of === null ? "" : ` ${of}`}${i === 0 ? "" : `, example ${i + 1}`}`;
}
