// The order of the site: which pages there are, under which heading. A page that is not here is not found by a reader, so a
// test asks for each. Titles are the pages' own.
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Headings with their pages, below docs/; `folder` stands for all pages of one. */
export const GUIDE = [
  { text: "Begin", pages: ["tour.md", "examples.md"] },
  { text: "1 Data", pages: ["data.md", "transforms.md"] },
  {
    text: "2 Models and training",
    pages: [
      "models.md",
      "losses.md",
      "training.md",
      "evaluating.md",
      "metrics.md",
      "callbacks.md",
      "sweeps.md",
      "several-machines.md",
      "scaling.md",
    ],
  },
  { text: "3 MAPS and configurations", pages: ["maps.md", "command-line.md", "figures.md"] },
  { text: "4 Making it one's own", pages: ["own.md", "engine.md", "contributing.md"] },
  { text: "Cookbook", folder: "cookbook" },
  {
    text: "Reference",
    pages: [
      "glossary.md",
      "coming-from-pytorch.md",
      "differences.md",
      "performance.md",
      "status.md",
      "architecture.md",
    ],
  },
  { text: "Decisions", folder: "decisions" },
  { text: "Examples", folder: "examples" },
];

/**
 * The pages of a heading that are in a folder of Markdown.
 * @param {string} folder
 * @param {{ pages?: string[], folder?: string }} group
 */
export function pagesOf(folder, group) {
  if (group.folder !== undefined) return globSync(`${group.folder}/*.md`, { cwd: folder }).sort();
  return (group.pages ?? []).filter((page) => existsSync(join(folder, page)));
}

/** What VitePress shows at the side, of the pages that are in a folder of Markdown. */
export function sidebar(folder) {
  return GUIDE.map((group) => ({
    text: group.text,
    collapsed: group.folder === undefined ? undefined : true,
    items: pagesOf(folder, group).map((page) => ({
      text: title(join(folder, page)),
      link: `/${page.replace(/\.md$/, "")}`,
    })),
  })).filter((group) => group.items.length > 0);
}

/** The first heading of a page. */
export function title(path) {
  const heading = /^# (.+)$/m.exec(readFileSync(path, "utf8"))?.[1];
  if (heading === undefined) throw new Error(`${path} has no heading "# …", which the site needs.`);
  return heading.replaceAll("`", "");
}
