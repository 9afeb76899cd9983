/** What a page is made of: elements whose text is escaped, whatever it is. */
import type { Cell } from "../../io/tsv/index.ts";
import { escapeXml, shortNumber } from "../figures/index.ts";
import type { ReportTable } from "./tables.ts";

/** HTML that is made here, so that a text from a file is not taken for it. */
export interface Html {
  readonly html: string;
}

/**
 * HTML of a template: a value in it is text, and escaped, unless it is {@link Html} already; of a list, each.
 *
 *     html`<p>${name}</p>`
 */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const shown = values.map((value) => {
    if (typeof value === "string" || typeof value === "number") return escapeXml(String(value));
    return "html" in value ? value.html : value.map((one) => one.html).join("");
  });
  return { html: parts.map((part, i) => part + (shown[i] ?? "")).join("") };
}

/** SVG that a figure has drawn: what it shows is escaped already. */
export function drawn(svg: string): Html {
  return { html: svg };
}

/** A part of a page, which can be linked to. */
export function section(title: string, ...content: readonly Html[]): Html {
  return content.length === 0 ? html`` : html`<section><h3>${title}</h3>${content}</section>`;
}

/** Text in its lines, folded until it is asked for. */
export function folded(title: string, text: string): Html {
  return html`<details><summary>${title}</summary><pre tabindex="0">${text}</pre></details>`;
}

/** A table, of at most so many rows. @returns nothing where it has none. */
export function table({ title, note, columns, rows }: ReportTable, most = 200): Html {
  if (rows.length === 0) return html``;
  const isNumber = (column: string) => rows.every((row) => typeof (row[column] ?? 0) === "number");
  const head = columns.map(
    (column) => html`<th scope="col" class="${isNumber(column) ? "number" : "text"}">${column}</th>`,
  );
  const body = rows.slice(0, most).map((row) => html`<tr>${columns.map((column) => cell(row[column] ?? null))}</tr>`);
  const left =
    rows.length > most
      ? ` The first ${most} of ${rows.length} rows; all of them are in the table beside this file (--tables).`
      : "";
  return html`<section><h3>${title}</h3><p class="note">${note + left}</p><div class="wide" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div></section>`;
}

function cell(value: Cell): Html {
  if (value === null) return html`<td class="none">–</td>`;
  if (typeof value === "number") return html`<td class="number" data-value="${value}">${shortNumber(value)}</td>`;
  return html`<td>${String(value)}</td>`;
}
