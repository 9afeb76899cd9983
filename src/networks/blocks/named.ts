import { z } from "zod";

/** The options of each layer of a kind, by the layer's name. */
type OptionsOf<N extends string> = Readonly<Record<N, z.ZodType>>;
type Options = Readonly<Record<string, unknown>>;

/** A name among `names`. Its type is the literal one, so that a misspelt name does not compile; what is read may be in any case. */
export function nameAmong<const N extends string>(names: readonly N[]) {
  return z.preprocess(
    (name: N): unknown => (typeof name === "string" ? name.toLowerCase() : name),
    z.custom<N>((name) => names.some((known) => known === name), `Expected one of ${names.join(", ")}`),
  );
}

/** The names of a table. */
export function namesOf<N extends string>(table: Readonly<Record<N, unknown>>): N[] {
  const names: N[] = [];
  for (const name in table) names.push(name);
  return names;
}

/**
 * Parses a layer that is given by its name and options: `["max", { kernelSize: 2 }]`.
 * @param example for messages.
 */
export function nameWithOptions<N extends string>(kind: string, table: OptionsOf<N>, example: string) {
  const names = namesOf(table);
  return z
    .tuple([nameAmong(names), z.record(z.string(), z.unknown())], {
      error: `Expected [name, options], e.g. ${example}; names: ${names.join(", ")}`,
    })
    .superRefine(([name, options], ctx) => checkOptions(table[name], options, `the '${name}' ${kind}`, ctx));
}

/**
 * Parses a layer that is given by its name, alone or with options: `"relu"`, `["elu", { alpha: 0.5 }]`.
 * @param kind for messages: "an activation".
 * @param names those accepted; default: all of the table.
 */
export function nameMaybeOptions<N extends string, A extends N = N>(
  kind: string,
  table: OptionsOf<N>,
  names: readonly A[],
) {
  const name = nameAmong(names);
  return z
    .union([name, z.tuple([name, z.record(z.string(), z.unknown())])], {
      error: `Expected ${kind}, by name or [name, options]; names: ${names.join(", ")}`,
    })
    .superRefine((value, ctx) => {
      const [given, options] = splitName(value);
      checkOptions(table[given], options, `'${given}'`, ctx);
    });
}

/** The name and the options of a layer that may be given by its name alone. */
export function splitName<N extends string>(layer: N | readonly [N, Options]): readonly [N, Options] {
  return typeof layer === "string" ? [layer, {}] : layer;
}

function checkOptions(schema: z.ZodType, options: Options, what: string, ctx: z.RefinementCtx): void {
  const result = schema.safeParse(options);
  if (!result.success) {
    ctx.addIssue({ code: "custom", message: `Options of ${what}: ${z.prettifyError(result.error)}` });
  }
}
