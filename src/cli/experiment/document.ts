import { basename, resolve } from "node:path";
import process from "node:process";
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Pair,
  type ParsedNode,
  parseDocument,
  type Scalar,
  visit,
} from "yaml";
import { readRegular } from "../../io/files/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { isNotThere } from "../../utils/file-errors.ts";
import { camelToSnake, snakeToCamel } from "../../utils/names.ts";

/** Below these, keys are names that the user chose: of metrics, masks, tasks, groups of weights, entities of BIDS. */
const NAMED_BY_THE_USER = new Set(["metrics", "masks", "tasks", "withEntities", "withoutEntities"]);
/** The values of their options may be objects by groups of weights. */
const BY_GROUPS = new Set(["optimizer", "scheduler"]);

function textOf(path: string): string {
  try {
    return readRegular(path);
  } catch (error) {
    if (!isNotThere(error)) throw error;
    throw new ConfigError(`There is no file ${resolve(path)}.`, { cause: error });
  }
}

/** An experiment file: its content, and which line of it a value stands in. */
export class ExperimentDocument {
  readonly path: string;
  readonly #document: Document<ParsedNode>;
  readonly #lines: LineCounter;
  /** What a change has put in, which is nowhere in the file, with the change. */
  readonly #changed = new Map<unknown, string>();

  /**
   * Reads YAML, of which JSON is a part; `<<` takes over what is marked. `${NAME}` in a text is the variable of the environment.
   * @param changes values that take the place of those in the file, such as "optimization.num_epochs=50".
   * @param options `fillIn` (true): whether variables of the environment are; else their names stay.
   * @throws ConfigError naming file and line.
   */
  constructor(path: string, changes: readonly string[] = [], { fillIn = true }: { readonly fillIn?: boolean } = {}) {
    this.path = path;
    this.#lines = new LineCounter();
    const text = textOf(path);
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge: true });
    const problem = problemOf(this.#document);
    if (problem !== null) throw new ConfigError(`${this.#at(problem.offset)}: ${problem.message}`);
    if (!isMap(this.#document.contents)) {
      throw new ConfigError(`${path}: an experiment is a list of keys with values, such as "maps: maps_directory".`);
    }
    for (const change of changes) this.#change(change);
    if (fillIn) this.#fillIn();
  }

  /** All that is in it, keys in camelCase. @throws ConfigError for a key that is there in both spellings. */
  get values(): Record<string, unknown> {
    const refuse: Refuse = (path, keys) => {
      throw new ConfigError(`${this.where(path, keys)}: ${keys.join(" and ")} are the same. Keep one of them.`);
    };
    return inCamelCase(this.#document.toJS(), [], false, refuse) as Record<string, unknown>;
  }

  /**
   * Where a field stands, as `experiment.yaml:12`; of one that a change has put in, as `experiment.yaml with maps=m`.
   * @param section the keys that lead to a part of the file.
   * @param fields fields of that part, or of parts of it; the first that is found is meant.
   */
  where(section: readonly string[], fields: readonly string[] = []): string {
    const part = this.#find(section);
    const found = fields.map((field) => pairWithin(part, field)).find((pair) => pair !== null);
    const change = this.#changed.get(found === undefined ? part : found?.value);
    return change ?? this.#at((found?.key ?? part)?.range?.[0] ?? 0);
  }

  #at(offset: number): string {
    return `${basename(this.path)}:${this.#lines.linePos(offset).line || 1}`;
  }

  /** The node that keys in camelCase lead to; where they end early, the last one. */
  #find(keys: readonly string[]): ParsedNode | null {
    let node: ParsedNode | null = this.#document.contents;
    for (const key of keys) {
      const next: unknown = isMap(node)
        ? node.items.find((pair) => isScalar(pair.key) && snakeToCamel(String(pair.key.value)) === key)?.value
        : isSeq(node)
          ? node.items[Number(key)]
          : null;
      if (!isNode(next)) return node;
      node = next as ParsedNode;
    }
    return node;
  }

  #fillIn(): void {
    visit(this.#document, {
      Scalar: (_, node: Scalar) => {
        if (typeof node.value !== "string") return;
        const refuse = (why: string): never => {
          throw new ConfigError(`${this.#changed.get(node) ?? this.#at(node.range?.[0] ?? 0)}: ${why}`);
        };
        // a path that a shell would have changed, and nobody else does
        if (node.value.startsWith("~/")) refuse(`'${node.value}' is not in your home folder. Write \${HOME} for ~.`);
        node.value = node.value.replaceAll(/\$\{([^}]*)\}/g, (all, name: string) => {
          if (!/^\w+$/.test(name)) refuse(`${all} is no variable. Between the braces stands its name alone.`);
          return process.env[name] ?? refuse(`the environment has no variable ${name}. Set it: export ${name}=…`);
        });
      },
    });
  }

  #change(change: string): void {
    const [, path, text] = /^([^=]+)=(.*)$/s.exec(change) ?? [];
    if (path === undefined || text === undefined || path.split(".").includes("")) {
      throw new ConfigError(`--set got ${show(change)}. Expected a key and its value, as optimization.num_epochs=50.`);
    }
    const value = parseDocument(text, { prettyErrors: false });
    const problem = problemOf(value);
    if (problem !== null) throw new ConfigError(`--set ${change}: ${problem.message}`);
    const keys: string[] = [];
    for (const key of path.split(".")) {
      const inside: unknown = keys.length === 0 ? this.#document.contents : this.#document.getIn(keys, true);
      const why = refusalOf(inside, key);
      if (why !== null) throw new ConfigError(`--set ${change}: ${keys.join(".")} ${why}`);
      // a key without a value becomes a part with keys
      if (isScalar(inside)) this.#document.deleteIn(keys);
      keys.push(isSeq(inside) ? key : spelling(inside, key));
    }
    this.#document.setIn(
      keys.map((key) => this.#document.createNode(key)),
      this.#document.createNode(value.toJS()),
    );
    visit(this.#document, {
      Node: (_, node) => {
        if (node.range === undefined && !this.#changed.has(node))
          this.#changed.set(node, `${basename(this.path)} with ${change}`);
      },
    });
  }
}

/** Why a node cannot have something for a key; null where it can, or is not there. */
function refusalOf(node: unknown, key: string): string | null {
  if (isAlias(node)) return `is *${node.source}, which others share. Set it as a whole.`;
  if (isScalar(node)) return node.value === null ? null : `is ${show(node.value)}, which has no keys.`;
  if (!isSeq(node) || (/^\d+$/.test(key) && Number(key) <= node.items.length)) return null;
  return `is a list of ${node.items.length}, and has no ${key}. Its first is 0.`;
}

interface Problem {
  readonly message: string;
  readonly offset: number;
}

/** The first thing that is wrong with a text of YAML. A tag that means nothing here would be left out, and is wrong, too. */
function problemOf(document: Document): Problem | null {
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const several = problem.code === "MULTIPLE_DOCS";
    const message = several ? "a second document begins. A file has one: leave out the --- between." : problem.message;
    return { message, offset: problem.pos[0] };
  }
  let found: Problem | null = null;
  visit(document, {
    Alias(_, node) {
      found = problemOfAlias(node, node.resolve(document));
      return found === null ? undefined : visit.BREAK;
    },
  });
  return found ?? tooLarge(document);
}

function problemOfAlias({ source, range }: Alias, target: Node | undefined): Problem | null {
  const offset = range?.[0] ?? 0;
  if (target === undefined) {
    const message = `*${source} stands for what is marked with &${source}, which is not there before it. A text that begins with a star needs quotes.`;
    return { message, offset };
  }
  const [from = offset, , to = offset] = target.range ?? [];
  if (offset < from || offset >= to) return null;
  return {
    message: `*${source} stands for what is marked with &${source}, and is a part of it. Write out what is meant.`,
    offset,
  };
}

/** A text of a few lines can stand for more than any memory holds, by names for names for names. */
function tooLarge(document: Document): Problem | null {
  try {
    document.toJS();
    return null;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return { message: "the names (&name, *name) stand for far too much together. Write out what is meant.", offset: 0 };
  }
}

/** A key as the file spells it. */
function spelling(node: unknown, key: string): string {
  const same = (one: unknown): boolean => snakeToCamel(String(one)) === snakeToCamel(key);
  const keys = isMap(node) ? node.items.map((pair) => (isScalar(pair.key) ? pair.key.value : pair.key)) : [];
  return String(keys.find(same) ?? camelToSnake(key));
}

/** The first pair with a key of this name in a node and what is below it. */
function pairWithin(node: ParsedNode | null, field: string): Pair<Scalar, unknown> | null {
  let found: Pair<Scalar, unknown> | null = null;
  if (node === null) return found;
  visit(node, {
    Pair: (_, pair) => {
      const { key, value } = pair;
      if (!isScalar(key) || snakeToCamel(String(key.value)) !== snakeToCamel(field)) return undefined;
      found = new Pair(key, value);
      return visit.BREAK;
    },
  });
  return found;
}

/** Says that keys of a part of the file are the same one. */
type Refuse = (path: readonly string[], keys: readonly string[]) => never;

function inCamelCase(value: unknown, path: readonly string[], verbatim: boolean, refuse: Refuse): unknown {
  if (Array.isArray(value)) return value.map((one) => inCamelCase(one, path, false, refuse));
  if (typeof value !== "object" || value === null) return value;
  const nameOf = (key: string): string => (verbatim ? key : snakeToCamel(key));
  const keys = Object.keys(value);
  const twice = Map.groupBy(keys, nameOf)
    .values()
    .find((same) => same.length > 1);
  if (twice !== undefined) refuse(path, twice);
  return Object.fromEntries(
    Object.entries(value).map(([key, inside]) => {
      const name = nameOf(key);
      const below = [...path, name];
      const groups = BY_GROUPS.has(path.at(-1) ?? "");
      // codes of columns are by the values of tables
      if (name === "columns") return [name, inside];
      return [name, inCamelCase(inside, below, groups || NAMED_BY_THE_USER.has(name), refuse)];
    }),
  );
}
