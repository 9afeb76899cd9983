type Child = Node | string | null;
type Listener = (event: Event) => void;

/**
 * An element with attributes and children; text is never HTML. `on…` attributes are listeners.
 *
 * ```ts
 * make("button", { type: "button", onclick: () => close() }, "Close");
 * ```
 */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number | boolean | Listener>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(key, value);
    else element.setAttribute(key, String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The element of the page with an id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}.`);
  return element;
}

/** A choice with a label before it. */
export function choice(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
  onChange: (value: string) => void,
): HTMLLabelElement {
  const select = make("select", { onchange: () => onChange(select.value) });
  for (const [value, text] of options) select.append(make("option", { value, selected: value === chosen }, text));
  return make("label", {}, label, select);
}

/** The colour of a curve, as a short line. */
export function swatch(colour: string, dash: readonly number[]): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "line");
  for (const [key, value] of Object.entries({ width: "20", height: "8", "aria-hidden": "true" }))
    svg.setAttribute(key, value);
  const look = {
    x1: "0",
    x2: "20",
    y1: "4",
    y2: "4",
    stroke: colour,
    "stroke-width": "3",
    "stroke-dasharray": dash.join(" "),
  };
  for (const [key, value] of Object.entries(look)) line.setAttribute(key, value);
  svg.append(line);
  return svg;
}

/** Numbers as people read them: four digits, and no `1e-7` for what is nearly nothing to see. */
export function shown(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value === 0 || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e6 ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}

/** A figure that the server has drawn. */
export function drawing(svg: string): HTMLElement {
  const { documentElement } = new DOMParser().parseFromString(svg, "image/svg+xml");
  return make("div", { class: "card figure" }, document.importNode(documentElement, true));
}
