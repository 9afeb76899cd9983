/** SVG as text: elements with escaped attributes and text, and numbers without noise. */

/** An attribute; null leaves it out. */
export type Attributes = Readonly<Record<string, string | number | null>>;

/** An element. Children are SVG already; text goes through {@link text}. */
export function el(name: string, attributes: Attributes = {}, ...children: readonly string[]): string {
  const shown = Object.entries(attributes).flatMap(([key, value]) =>
    value === null ? [] : [` ${key}="${typeof value === "number" ? px(value) : escapeXml(value)}"`],
  );
  const open = `<${name}${shown.join("")}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join("")}</${name}>`;
}

/** Text that stays text, where XML would read marks, and without what it cannot hold. */
export function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these have no place in XML
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g, "\ufffd")
      .toWellFormed()
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
      .replaceAll("'", "&#39;")
  );
}

/** A length with two decimals at most. */
export function px(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return String(Object.is(rounded, -0) ? 0 : rounded);
}

/** A place in a figure. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The `d` of a path through points. */
export function pathOf(points: readonly Point[]): string {
  return points.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${px(x)} ${px(y)}`).join("");
}
