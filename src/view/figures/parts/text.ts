import { type Attributes, el, escapeXml } from "./svg.ts";

/** The sizes of text, in the units of a figure. */
export const SIZE = { title: 15, label: 12, tick: 11 } as const;

/** A font that stands everywhere, and looks as the system does. */
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

/** A text at a place. */
export function text(content: string, attributes: Attributes): string {
  return el("text", attributes, escapeXml(content));
}

/** About how wide a text is: a little more than it is in common fonts. */
export function widthOf(content: string, size: number): number {
  let ems = 0;
  for (const letter of content) {
    if (/[ilIjft.,:;'|!()[\]]/.test(letter)) ems += 0.34;
    else if (/[mwMW%@—]/.test(letter)) ems += 0.92;
    else if (/[A-Z]/.test(letter)) ems += 0.7;
    else ems += 0.58;
  }
  return ems * size;
}

/** A text of a width at most: the rest is left out, with an ellipsis. */
export function fitted(content: string, size: number, width: number): string {
  if (widthOf(content, size) <= width) return content;
  const letters = [...content];
  while (letters.length > 1 && widthOf(`${letters.join("")}…`, size) > width) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}
