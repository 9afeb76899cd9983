/** A process that runs programs of a folder, one after another, each in a folder of its own; what each printed is a line of JSON. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";

const [, , dir = "", ...programs] = process.argv;
const print = console.log;

for (const program of programs) {
  const own = join(dir, program.replace(/\.ts$/, ""));
  cpSync(join(dir, "begin"), own, { recursive: true });
  process.chdir(own);
  const lines: string[] = [];
  console.log = (...values: unknown[]) => {
    lines.push(
      ...values
        .map((value) => (typeof value === "string" ? value : inspect(value)))
        .join(" ")
        .split("\n"),
    );
  };
  let error: string | null = null;
  try {
    await import(pathToFileURL(join(dir, program)).href);
  } catch (thrown) {
    error = inspect(thrown);
  }
  print(JSON.stringify({ program, lines, error }));
}
