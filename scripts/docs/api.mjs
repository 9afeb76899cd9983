// The API's pages: one for each entry of the package, from the types and doc comments of src/ as TypeDoc reads them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { renderModule, renderOperators } from "./render.mjs";

/** `[source, names]` of each entry: ClinicaDL's own module paths are further names of a folder. */
function entriesOf(root) {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  /** @type {Map<string, string[]>} */
  const entries = new Map();
  for (const [name, target] of Object.entries(exports)) {
    if (typeof target === "string") continue;
    const source = target.default.replace("./dist/", "src/").replace(/\.js$/, ".ts");
    entries.set(source, [...(entries.get(source) ?? []), `clinicadl${name.slice(1)}`]);
  }
  return [...entries];
}

/**
 * @param {string} root the checkout
 * @param {string} tools the folder where TypeDoc is installed
 * @param {string} folder is made anew
 */
export async function writeApi(root, tools, folder) {
  const { Application } = await import(pathToFileURL(join(tools, "node_modules/typedoc/dist/index.js")).href);
  const entries = entriesOf(root);
  const app = await Application.bootstrap({
    entryPoints: entries.map(([source]) => join(root, source)),
    tsconfig: join(root, "tsconfig.build.json"),
    // the package's own TypeScript has checked the types
    skipErrorChecking: true,
    excludePrivate: true,
    excludeInternal: true,
    disableSources: true,
    validation: false,
    logLevel: "Error",
  });
  const project = await app.convert();
  if (project === undefined || app.logger.hasErrors()) throw new Error("TypeDoc could not read src/.");

  const modules = new Map(project.children.map((module) => [module.name, module]));
  /** Each page by its file, with what it shows. @type {Map<string, { title: string, names: string[], module: any }>} */
  const pages = new Map();
  for (const [source, [title = "", ...names]] of entries) {
    const module = modules.get(source.replace(/^src\//, "").replace(/(\/index)?\.ts$/, ""));
    if (module === undefined)
      throw new Error(`TypeDoc has no module of ${source}, only ${[...modules.keys()].join(", ")}.`);
    const file = title.replace("clinicadl/", "").replaceAll("/", "-");
    pages.set(`${file}.md`, { title, names, module });
    for (const space of module.children.filter((child) => child.kindOf(4))) {
      pages.set(`${file}-${space.name}.md`, { title: `${title}: ${space.name}`, names: [], module: space });
    }
  }

  // where each thing is shown, for links
  const places = new Map();
  for (const [file, { module }] of pages)
    for (const child of module.children) places.set(child, `./${file}#${child.name}`);

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, page] of pages) writeFileSync(join(folder, file), renderModule(page, places));
  const torch = modules.get("torch");
  writeFileSync(join(folder, "torch-operators.md"), renderOperators(torch));
  const list = [...pages].map(([file, { title, names, module }]) => {
    const classes = module.children.length;
    const more = names.length === 0 ? "" : ` (also ${names.map((name) => `\`${name}\``).join(", ")})`;
    return `- [\`${title}\`](./${file}): ${classes}${more}`;
  });
  const index = `# API\n\nWhat each entry of the package exports, and how many things those are.\n\n${list.join("\n")}\n- [operators of \`clinicadl/torch\`](./torch-operators.md)\n`;
  const given = readFileSync(join(root, "test", "docs", "given.ts"), "utf8");
  const shared = `\n## What the examples share\n\nAn example has this package's names without their import, \`torch\`, and these:\n\n\`\`\`ts\n${given}\`\`\`\n`;
  writeFileSync(join(folder, "index.md"), index + shared);
}
