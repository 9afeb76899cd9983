import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as losses from "../../src/losses/all.ts";
import * as metrics from "../../src/metrics/all.ts";
import * as networks from "../../src/networks/all.ts";
import * as lrSchedulers from "../../src/optim/lr-schedulers/all.ts";
import * as optimizers from "../../src/optim/optimizers/all.ts";

/** What is in `[name, options]` has the type of any object: an editor knows none of these options. */
const UNTYPED = /blocks\/(activation|normalization|pooling|unpooling)\.ts$/;

const src = fileURLToPath(new URL("../../src/", import.meta.url));

/** The options that are declared with a doc comment in the lines before them, and those without, in the files of a pattern. */
function declaredIn(pattern: string): { readonly documented: ReadonlySet<string>; readonly bare: readonly string[] } {
  const documented = new Set<string>();
  const bare: string[] = [];
  const files = globSync(pattern, { cwd: src }).filter((path) => !path.endsWith(".test.ts") && !UNTYPED.test(path));
  for (const path of files) {
    const lines = readFileSync(src + path, "utf8").split("\n");
    // the indentation of the block's members, or null outside of one
    let members: string | null = null;
    for (const [i, line] of lines.entries()) {
      const opened =
        /^( *).*(z\.strictObject\(\{|optimizerConfig\(.*\{|const (\w+Shape|fields|convolutions|activations) = \{)$/.exec(
          line,
        );
      if (opened !== null) members = `${opened[1]}  `;
      else if (members !== null && line.startsWith(`${members.slice(2)}}`)) members = null;
      else if (members !== null) {
        const option = new RegExp(`^${members}(\\w+)[:,]`).exec(line)?.[1];
        if (option === undefined) continue;
        if (/\*\/$/.test(lines[i - 1] ?? "")) documented.add(option);
        else bare.push(`${path}: ${option}`);
      }
    }
  }
  return { documented, bare };
}

/** Options that the configs of a folder have from elsewhere. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  "optim/optimizers": ["freeze"],
  metrics: [...declaredIn("losses/structural-similarity.ts").documented],
};

const ROOMS = { losses, metrics, networks, "optim/lr-schedulers": lrSchedulers, "optim/optimizers": optimizers };

describe("what an editor shows on hover over an option of a config", () => {
  for (const [folder, list] of Object.entries(ROOMS)) {
    const { documented, bare } = declaredIn(`${folder}/**/*.ts`);
    it(`${folder}: every option has a doc comment where it is declared`, () => {
      expect(bare).toEqual([]);
    });
    const classes = Object.entries(list).flatMap(([name, Class]): [string, string[]][] =>
      "schema" in Class && Class.schema !== undefined ? [[name, Object.keys(Class.schema.shape)]] : [],
    );
    it(`${folder}: none of the ${classes.length} configs has an option that is declared in another way`, () => {
      expect(classes.length).toBeGreaterThan(5);
      const shared = SHARED[folder] ?? [];
      const elsewhere = classes.flatMap(([name, options]) =>
        options
          .filter((option) => !documented.has(option) && !shared.includes(option))
          .map((option) => `${name}.${option}`),
      );
      expect(elsewhere).toEqual([]);
    });
  }
});
