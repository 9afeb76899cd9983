// What a user of the package has: types that need no other package, documentation whose links lead somewhere.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/**
 * Compiles a strict project that imports every entry, with neither `@types/node` nor the DOM's types, and looks into all
 * declarations; returns what is wrong.
 * @param node a Node 24
 */
export function checkTypes(root, exports, node) {
  // inside the package, which finds itself by its name
  const folder = join(root, "build", `consumer-${process.pid}`);
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".json"));
  const lines = entries.map((entry, i) => `export * as entry${i} from "clinicadl${entry.slice(1)}";\n`);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: "esnext",
    module: "nodenext",
    lib: ["esnext"],
    types: [],
    skipLibCheck: false,
    noEmit: true,
  };
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "consumer.ts"), lines.join(""));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["consumer.ts"] }));
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const { stdout } = spawnSync(node, [tsc, "-p", folder, "--listFiles"], { encoding: "utf8" });
    const output = stdout.split("\n");
    const errors = output.filter((line) => /error TS\d+/.test(line)).slice(0, 20);
    const others = output.filter((line) => line.includes("/node_modules/@types/"));
    if (others.length > 0) errors.push(`the declarations need ${others[0]}`);
    return errors;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Relative links of the README and the documentation that lead to nothing in the package. */
export function checkLinks(root) {
  const { stdout, status, stderr } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) return [`npm pack failed: ${stderr}`];
  const packed = new Set(JSON.parse(stdout)[0].files.map((file) => file.path));
  const problems = [];
  for (const wanted of ["README.md", "docs/training.md", "examples/train.ts"]) {
    if (!packed.has(wanted)) problems.push(`the package lacks ${wanted}`);
  }
  for (const page of [...packed].filter((path) => path.endsWith(".md"))) {
    const text = readFileSync(join(root, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const path = normalize(join(dirname(page), target));
      if (!packed.has(path)) {
        problems.push(
          `${page} links to ${target}, which ${existsSync(join(root, path)) ? "is not in the package" : "is not there"}`,
        );
      }
    }
  }
  return problems;
}
