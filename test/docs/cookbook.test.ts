/** Every recipe is type-checked and run. */
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describePage, describeTypes } from "./page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const pages = globSync("docs/cookbook/*.md", { cwd: root, exclude: ["docs/cookbook/index.md"] }).sort();
describeTypes(pages);
for (const page of pages) describePage(page);
