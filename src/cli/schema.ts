/** `npx clinicadl schema`: the JSON schema of experiment files. */
import type { Command } from "commander";
import { answer } from "../utils/output.ts";

interface Flags {
  readonly camelCase: boolean;
  readonly sweep: boolean;
  readonly module: readonly string[];
}

export function registerSchema(program: Command): void {
  program
    .command("schema")
    .description(
      "Print the JSON schema of experiment files, or of sweep files, by which editors complete and check them.",
    )
    .option("--camel-case", "with keys in camelCase (default: in snake_case)", false)
    .option("--sweep", "of sweep files", false)
    .option("--module <path...>", "modules of one's own, which register classes", [])
    .action(async ({ camelCase, sweep, module }: Flags) => {
      const { loadModule } = await import("./experiment/modules.ts");
      for (const path of module) await loadModule(path);
      const spelling = camelCase ? "camelCase" : "snake_case";
      const { experimentJsonSchema } = await import("./experiment/json-schema/index.ts");
      const { sweepJsonSchema } = await import("./sweep/json-schema.ts");
      answer(JSON.stringify(sweep ? sweepJsonSchema(spelling) : experimentJsonSchema(spelling), null, 2));
    });
}
