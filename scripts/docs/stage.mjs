// Puts the pages of the site together in one folder: docs/ as it is, the README as the first page, what stands beside it, and
// the examples. What leads out of docs/ leads to their pages.
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";

/** Files of the checkout that are pages, too. */
const PAGES = { "README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md" };

/** Where a file of the checkout is on the site, or null where it has no page. */
export function placeOf(file) {
  if (file in PAGES) return PAGES[file];
  if (/^examples\/[\w-]+\.ts$/.test(file)) return file.replace(/\.ts$/, ".md");
  return file.startsWith("docs/") ? file.slice("docs/".length) : null;
}

/**
 * A page with its links as they are on the site. What has no page there, such as a source file, is named without a link.
 * @param {string} text
 * @param {string} file the page's path in the checkout
 */
export function onSite(text, file) {
  const here = dirname(placeOf(file) ?? "");
  return text.replace(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g, (link, picture, words, target) => {
    if (/^([a-z]+:|#)/.test(target)) return link;
    const [path = "", anchor] = target.split("#");
    const place = placeOf(posix.join(dirname(file), path));
    if (place === null) return words;
    const relative = posix.relative(here, place);
    const to = relative.startsWith(".") ? relative : `./${relative}`;
    return `${picture}[${words}](${to}${anchor === undefined ? "" : `#${anchor}`})`;
  });
}

/**
 * @param {string} root the checkout
 * @param {string} folder what was in it is replaced, but for `api`
 */
export function stage(root, folder) {
  for (const old of globSync("*", { cwd: folder })) if (old !== "api") rmSync(join(folder, old), { recursive: true });
  const put = (file, text) => {
    const path = join(folder, placeOf(file) ?? file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  cpSync(join(root, "docs", "pictures"), join(folder, "pictures"), { recursive: true });
  for (const file of [...globSync("docs/**/*.md", { cwd: root }), ...Object.keys(PAGES)]) {
    put(file, onSite(readFileSync(join(root, file), "utf8"), file));
  }
  for (const file of globSync("examples/*.ts", { cwd: root })) {
    if (file.endsWith(".test.ts")) continue;
    put(file, `# ${basename(file)}\n\n\`\`\`ts\n${readFileSync(join(root, file), "utf8")}\`\`\`\n`);
  }
}
