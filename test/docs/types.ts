/** Asks TypeScript, as a user would have it in a folder of programs, what is wrong with them. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The errors of some programs in a folder; they are checked together, which is quicker.
 * @param programs their paths from there.
 * @param unused whether a name that nothing reads is an error.
 */
export function typeErrors(dir: string, programs: readonly string[], unused: boolean): readonly string[] {
  const options = {
    ...{ target: "esnext", lib: ["esnext"], module: "nodenext", types: ["node"], strict: true, noUnusedLocals: unused },
    ...{ noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true, verbatimModuleSyntax: true },
    typeRoots: [join(root, "node_modules/@types")],
  };
  writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: programs }));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", dir], { cwd: dir, encoding: "utf8" });
  if (stdout === "" && status !== 0) return [`TypeScript ended with ${status}`];
  return (
    stdout
      .split("\n")
      // a scope is opened to be closed, not to be read
      .filter((line) => line.includes("error TS") && !line.includes("'scope' is declared"))
      // those in src/ are another check's
      .filter((line) => !line.startsWith(".."))
  );
}
