// Writes what the doc comments of src/ say of each class of configs, and of each of its options, into a file, from which `clinicadl
// schema` shows it in editors. Run by the setup.
//
//   node scripts/generate-descriptions.mjs FILE
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { SyntaxKind } from "typescript/unstable/ast";
import { API, SymbolFlags } from "typescript/unstable/sync";

const root = fileURLToPath(new URL("..", import.meta.url));
const SRC = join(root, "src", "/");
/** What takes options that no schema of zod checks. */
const INTERFACES = /(Dataset|Model|Task|TransformsHandler)Options$/;
const OPTION_KINDS = new Set([
  SyntaxKind.PropertyAssignment,
  SyntaxKind.ShorthandPropertyAssignment,
  SyntaxKind.PropertySignature,
]);

/**
 * By the name of what a file of src/ exports (a class of configs, a schema of zod, an interface of options): what its comment says, and by
 * the name of each option, `convArgs.channels` for one inside of another, what is said of that.
 * @returns {Record<string, Record<string, string>>}
 */
function describeOptions() {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, "tsconfig.build.json")] });
    const [project] = snapshot.getProjects();
    if (project === undefined) throw new Error("TypeScript does not find the project of tsconfig.build.json.");
    const { program, checker } = project;
    const files = program.getSourceFileNames().filter((name) => name.startsWith(SRC));
    const found = files.flatMap((name) => describeFile(checker, program.getSourceFile(name)));
    return Object.fromEntries(found.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  } finally {
    api.close();
  }
}

/** @returns {[name: string, descriptions: Record<string, string>][]} */
function describeFile(checker, file) {
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  if (module === undefined) return [];
  return checker.getExportsOfModule(module).flatMap((symbol) => {
    // what is only passed on is described where it is declared
    if ((symbol.flags & SymbolFlags.Alias) !== 0) return [];
    const options = optionsOf(checker, symbol);
    if (options === undefined) return [];
    const comment = symbol.getDocumentationComment(checker);
    return [[symbol.name, { "": summary(comment), ...listed(comment), ...inside(checker, options, "") }]];
  });
}

/** The type of the options that something takes: a class with a schema, a schema of an object, or an interface. */
function optionsOf(checker, symbol) {
  if (INTERFACES.test(symbol.name)) return checker.getDeclaredTypeOfSymbol(symbol);
  const type = checker.getTypeOfSymbol(symbol);
  if (type === undefined) return undefined;
  const schema = memberOf(checker, type, "schema") ?? type;
  return memberOf(checker, schema, "shape") === undefined ? undefined : memberOf(checker, schema, "_input");
}

function memberOf(checker, type, name) {
  const member = checker.getPropertyOfType(type, name);
  return member === undefined ? undefined : checker.getTypeOfSymbol(member);
}

/**
 * What the comments of options say, and those of options inside of them.
 * @param around the types that this one is a part of: what holds itself, as JSON does, is looked at once.
 * @returns {Record<string, string>}
 */
function inside(checker, type, path, around = []) {
  if (type === undefined || around.includes(type.id)) return {};
  const within = [...around, type.id];
  if (type.isUnionType()) return merged(type.getTypes().map((part) => inside(checker, part, path, within)));
  if (checker.isArrayType(type) || checker.isTupleType(type)) {
    return merged(checker.getTypeArguments(type).map((item) => inside(checker, item, path, within)));
  }
  // an object of a class is described by that
  if (path !== "" && type.isClassOrInterface()) return {};
  const options = checker.getPropertiesOfType(type).filter(({ declarations }) => declarations.some(isOption));
  return merged(
    options.map((option) => {
      const text = oneLine(option.getDocumentationComment(checker));
      const name = `${path}${option.name}`;
      const deeper = inside(checker, checker.getTypeOfSymbol(option), `${name}.`, within);
      return text === "" ? deeper : { ...deeper, [name]: text };
    }),
  );
}

/** Whether it is declared in an object or interface of src/: what zod and a class have besides is no option. */
function isOption({ path, kind }) {
  return path.startsWith(SRC) && OPTION_KINDS.has(kind);
}

/** @param {Record<string, string>[]} parts @returns {Record<string, string>} */
function merged(parts) {
  return Object.assign({}, ...parts);
}

/** What a class says of its options in a list: "- `patience` (3): evaluations without improvement." @returns {Record<string, string>} */
function listed(comment) {
  const items = [
    ...comment.matchAll(/^- (`\w+`(?:, `\w+`)*)( \([^)]*\))?(?:: |\. ?)([\s\S]*?)(?=\n- |\n\n|$(?![\s\S]))/gm),
  ];
  return merged(
    items.flatMap(([, names = "", byDefault = "", text = ""]) => {
      const all = names.split(", ").map((name) => name.replaceAll("`", ""));
      const said = byDefault === "" ? "" : ` Default: ${byDefault.trim().slice(1, -1)}.`;
      const whole = oneLine(text) === "" ? said.trim() : `${capital(oneLine(text)).replace(/[^.]$/, "$&.")}${said}`;
      return all.map((name) => ({ [name]: whole }));
    }),
  );
}

/** The first paragraph of a comment, without its lists. */
function summary(comment) {
  return oneLine(comment.split(/\n\n|\n- /)[0] ?? "");
}

/** Text without the lines and the links of a comment. */
function oneLine(text) {
  return text
    .replaceAll(/\{@link (?:[^}|]*\|)?([^}]*)\}/g, "$1")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error("Give the file to write.");
mkdirSync(dirname(file), { recursive: true });
writeFileSync(`${file}.new`, `${JSON.stringify(describeOptions(), null, 1)}\n`);
renameSync(`${file}.new`, file);
