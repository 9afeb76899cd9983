/** The doc comments of src/, and the examples in them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** A doc comment as it is in a file. */
export interface DocComment {
  /** The file's path from the root. */
  readonly path: string;
  /** The line in which it begins, from 1. */
  readonly line: number;
  /** Its text, without the stars. */
  readonly text: string;
  /** What is exported below it; null for a member, and for what is not exported. */
  readonly of: string | null;
  /** The member of a class below it, by its name; null for what is none. */
  readonly member: string | null;
}

const COMMENT = /^( *)\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n(.*)/gm;
const DECLARED = /^export (?:declare )?(?:abstract )?(?:async )?(?:class|function\*?|const) (\w+)/;
const MEMBER = /^ {2}(?:static |override )*(?:get |set )?(\w+)[(<]/;

/** The doc comments of a file, in their order. */
export function commentsOf(path: string): readonly DocComment[] {
  const source = readFileSync(join(root, path), "utf8");
  return [...source.matchAll(COMMENT)].map(({ index, 2: inner = "", 3: next = "" }) => ({
    path,
    line: source.slice(0, index).split("\n").length,
    text: inner
      .split("\n")
      .map((line) => line.replace(/^ *\* ?/, ""))
      .join("\n")
      .trim(),
    of: DECLARED.exec(next)?.[1] ?? null,
    member: MEMBER.exec(next)?.[1] ?? null,
  }));
}

/** The code of a comment's examples. @throws for code that is shown, and not an example: nothing would run it. */
export function examplesOf({ path, line, text }: DocComment): readonly string[] {
  const blocks = [...text.matchAll(/^(@example\n)?```ts\n([\s\S]*?)\n?```$/gm)];
  if (blocks.length !== text.split("```ts").length - 1 || blocks.some(([, tag]) => tag === undefined)) {
    throw new Error(`${path}, line ${line}: a ts block of a doc comment stands alone behind a line @example`);
  }
  return blocks.map(([, , code = ""]) => code);
}
