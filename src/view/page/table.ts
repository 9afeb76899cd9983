import { make } from "./dom.ts";

/** A column of a table that can be sorted. */
export interface Column<Row> {
  readonly name: string;
  /** By which it is sorted; null comes last. */
  readonly value: (row: Row) => number | string | null;
  readonly cell: (row: Row) => Node | string;
}

const FIRST = 200;

/** By which column a table is sorted, and whether the greatest comes first. */
export interface Sorted {
  readonly column: string;
  readonly isDown: boolean;
}

/** A table whose heads sort it. @param changed is told how, for a table that is made anew. */
export function sortable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorted: Sorted,
  changed: (sorted: Sorted) => void = () => undefined,
): HTMLElement {
  let { column, isDown } = sorted;
  let most = FIRST;
  const body = make("tbody");
  const more = make(
    "button",
    {
      type: "button",
      onclick: () => {
        most = rows.length;
        fill();
      },
    },
    `Show all ${rows.length}`,
  );
  const classes = columns.map(({ value }) => (rows.some((row) => typeof value(row) === "string") ? "text" : "number"));
  const heads = columns.map(({ name }, i) => {
    const button = make("button", { type: "button" }, name);
    const head = make("th", { scope: "col", class: classes[i] ?? "" }, button);
    button.addEventListener("click", () => {
      isDown = column === name ? !isDown : true;
      column = name;
      changed({ column, isDown });
      fill();
    });
    return head;
  });
  function fill(): void {
    const by = columns.find(({ name }) => name === column);
    const ordered = by === undefined ? rows : [...rows].sort((a, b) => order(by.value(a), by.value(b), isDown));
    body.replaceChildren(
      ...ordered
        .slice(0, most)
        .map((row) =>
          make("tr", {}, ...columns.map(({ cell }, i) => make("td", { class: classes[i] ?? "" }, cell(row)))),
        ),
    );
    heads.forEach((head, i) => {
      const isThis = columns[i]?.name === column;
      head.ariaSort = isThis ? (isDown ? "descending" : "ascending") : "none";
      const button = head.querySelector("button");
      if (button !== null) button.textContent = `${columns[i]?.name ?? ""}${isThis ? (isDown ? " ↓" : " ↑") : ""}`;
    });
    more.hidden = rows.length <= most;
  }
  fill();
  return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body), more);
}

function order(a: number | string | null, b: number | string | null, isDown: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const ascending =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), "en", { numeric: true });
  return isDown ? -ascending : ascending;
}

/** A plain table: the first row is its head. */
export function plainTable(
  rows: readonly (readonly (Node | string)[])[],
  kind: "numbers" | "texts" = "numbers",
): HTMLElement {
  const [head = [], ...others] = rows;
  return make(
    "div",
    { class: "scroll" },
    make(
      "table",
      { class: kind },
      make("thead", {}, make("tr", {}, ...head.map((cell) => make("th", { scope: "col" }, cell)))),
      make("tbody", {}, ...others.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))),
    ),
  );
}
