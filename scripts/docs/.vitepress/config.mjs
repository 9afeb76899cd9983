import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { sidebar, title } from "../pages.mjs";

const build = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "build");
const pages = join(build, "site");

const api = globSync("api/*.md", { cwd: pages, exclude: ["api/index.md"] })
  .sort()
  .map((page) => ({
    text: title(join(pages, page)).replace("clinicadl/", ""),
    link: `/${page.replace(/\.md$/, "")}`,
  }));

export default defineConfig({
  title: "ClinicaDL for TypeScript",
  description: "Train deep networks on BIDS brain images reproducibly",
  lang: "en",
  // no picture, so that none is asked for
  head: [["link", { rel: "icon", href: "data:," }]],
  // where the site is not at the root of its host: DOCS_BASE=/clinicadl/ npm run docs
  base: process.env.DOCS_BASE ?? "/",
  srcDir: pages,
  outDir: join(build, "docs"),
  cacheDir: join(build, "docs-cache"),
  cleanUrls: false,
  themeConfig: {
    nav: [
      { text: "Tour", link: "/tour" },
      { text: "Guide", link: "/data" },
      { text: "Cookbook", link: "/cookbook/" },
      { text: "API", link: "/api/" },
      { text: "Changes", link: "/changelog" },
    ],
    sidebar: { "/api/": [{ text: "API", link: "/api/", items: api }], "/": sidebar(pages) },
    outline: [2, 3],
    search: { provider: "local" },
    docFooter: { prev: "Before", next: "Next" },
  },
});
