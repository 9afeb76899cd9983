import { createHash } from "node:crypto";
import { customProperties, DARK, LIGHT } from "../figures/index.ts";
import { type Html, html } from "./html.ts";

const STYLE = `
:root { color-scheme: light dark; --ground: #f6f7f9; --accent: #0072b2; ${customProperties(LIGHT)} }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1013; --accent: #6bbcf0; ${customProperties(DARK)} } }
@media print { :root { --ground: #fff; ${customProperties(LIGHT)} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--figure-ink); font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1880px; margin: 0 auto; padding: clamp(16px, 3vw, 48px); }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 21px; margin: 48px 0 4px; padding-top: 20px; border-top: 1px solid var(--figure-grid); overflow-wrap: anywhere; }
h3 { font-size: 16px; margin: 32px 0 4px; overflow-wrap: anywhere; }
p { margin: 4px 0 12px; max-width: 80ch; overflow-wrap: anywhere; }
.note, .path { color: var(--figure-muted); font-size: 13.5px; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr)); gap: 16px; margin: 16px 0; align-items: start; }
figure { margin: 0; padding: 6px; background: var(--figure-paper); border: 1px solid var(--figure-grid); border-radius: 10px; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; max-width: 640px; margin: 0 auto; }
.wide { overflow: auto; max-height: 560px; border: 1px solid var(--figure-grid); border-radius: 10px; background: var(--figure-paper); width: fit-content; max-width: 100%; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--figure-grid); }
tbody tr:last-child td { border-bottom: 0; }
td:first-child, th:first-child { padding-left: 16px; }
.number { text-align: right; }
.none { color: var(--figure-muted); text-align: center; }
thead th { position: sticky; top: 0; background: var(--figure-paper); font-weight: 600; box-shadow: 0 1px 0 var(--figure-grid); border-bottom: 0; }
th button { all: unset; cursor: pointer; }
th button:hover { color: var(--accent); }
th[aria-sort="ascending"] button::after { content: " ↑"; }
th[aria-sort="descending"] button::after { content: " ↓"; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
details { margin: 8px 0; border: 1px solid var(--figure-grid); border-radius: 10px; background: var(--figure-paper); }
summary { padding: 8px 14px; cursor: pointer; font-weight: 500; }
pre { margin: 0; padding: 4px 16px 14px; overflow: auto; max-height: 480px; font: 12.5px/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
footer { margin-top: 48px; color: var(--figure-muted); font-size: 13px; }
@media print { .wide, pre { overflow: visible; max-height: none; } main { padding: 0; } h2 { break-before: page; } pre { white-space: pre-wrap; } }
`;

/** Sorts a table by a column when its head is pressed. */
const SCRIPT = `
for (const head of document.querySelectorAll("thead th")) {
  const button = document.createElement("button");
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const valueOf = (row) => {
      const cell = row.children[head.cellIndex];
      if (cell.className === "none") return null;
      return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
    };
    const compare = (a, b) => {
      if (a === null || b === null) return (a === null) - (b === null);
      const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
      return up ? order : -order;
    };
    const body = head.closest("table").tBodies[0];
    body.append(...[...body.rows].sort((a, b) => compare(valueOf(a), valueOf(b))));
  });
}
`;

/** A whole page, which asks nothing of another host, and lets nothing run but its own script. */
export function page(title: string, ...content: readonly Html[]): string {
  const hash = createHash("sha256").update(SCRIPT).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const head = html`<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="${policy}"><title>${title}</title>`;
  const body = html`<main>${content}</main>`;
  return `<!doctype html>\n<html lang="en"><head>${head.html}<style>${STYLE}</style></head>\n<body>${body.html}<script>${SCRIPT}</script></body></html>\n`;
}
