// Markdown of what TypeDoc has read: a heading for each export, what its doc comment says, its options or members in a table.
import { escapeText, renderComment, summaryOf } from "./comment.mjs";

/** TypeDoc's kinds, of which its enum has the numbers. */
const CLASS = 128;
const INTERFACE = 256;
const CONSTRUCTOR = 512;
const PROPERTY = 1024;
const METHOD = 2048;
const ACCESSOR = 262144;
const NAMESPACE = 4;

/** What configs have besides their options. */
const OF_CONFIGS = new Set(["name_", "schema", "fields", "toDict", "constructor", "of", "fromDict", "ours"]);

const isOperator = (child) => /^PyTorch's `/.test(commentText(child));

function commentText(child) {
  const comment = child.comment ?? child.signatures?.[0]?.comment ?? child.type?.declaration?.signatures?.[0]?.comment;
  return comment === undefined ? "" : comment.summary.map((part) => part.text).join("");
}

/** A type or signature on one line; long ones are cut. */
function code(text, longest = 160) {
  const line = text.replace(/\s+/g, " ");
  const short = line.length > longest ? `${line.slice(0, longest)}…` : line;
  return `<code v-pre>${escapeText(short).replaceAll("|", "&#124;")}</code>`;
}

function signatureText(name, signature) {
  const parameters = (signature.parameters ?? []).map((parameter) => {
    const optional = parameter.flags.isOptional || parameter.defaultValue !== undefined ? "?" : "";
    const rest = parameter.flags.isRest ? "..." : "";
    return `${rest}${parameter.name === "__namedParameters" ? "options" : parameter.name}${optional}: ${parameter.type}`;
  });
  return `${name}(${parameters.join(", ")}): ${signature.type}`;
}

function table(head, rows) {
  if (rows.length === 0) return [];
  return [
    `| ${head.join(" | ")} |\n|${head.map(() => "---").join("|")}|\n${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}`,
  ];
}

const cell = (text) => text.replace(/\s*\n+\s*/g, " ").replaceAll("|", "\\|");

/** Rows of a class's or an interface's own members that are worth one. */
function memberRows(child, places) {
  const isConfig = child.children?.some((member) => member.name === "schema" && member.flags.isStatic) === true;
  const rows = [];
  for (const member of child.children ?? []) {
    if (member.kindOf(CONSTRUCTOR) || member.name.startsWith("[") || isOperator(member)) continue;
    if (isConfig && OF_CONFIGS.has(member.name)) continue;
    if (!isConfig && member.inheritedFrom !== undefined) continue;
    const name = member.flags.isStatic ? `static ${member.name}` : member.name;
    const said = cell(summaryOf(member, places));
    if (member.kindOf(METHOD)) {
      // a config's way from the original's options to what it builds: only what is said of it is of use
      for (const signature of member.signatures ?? []) rows.push([code(signatureText(name, signature)), "", said]);
    } else if (member.kindOf(PROPERTY) || member.kindOf(ACCESSOR)) {
      const type = member.type ?? member.getSignature?.type;
      rows.push([code(`${name}${member.flags.isOptional ? "?" : ""}`), code(String(type)), said]);
    }
  }
  return { isConfig, rows };
}

function renderChild(child, places) {
  if (child.isReference?.()) {
    const target = child.getTargetReflectionDeep();
    const place = places.get(target);
    return place === undefined ? [] : [`## ${child.name} {#${child.name}}`, `As [\`${target.name}\`](${place}).`];
  }
  const parts = [`## ${escapeText(child.name)} {#${child.name}}`];
  if (child.signatures !== undefined) {
    for (const signature of child.signatures) {
      parts.push(
        `\`\`\`ts\n${signatureText(child.name, signature)}\n\`\`\``,
        ...renderComment(signature.comment, places),
      );
      const rows = (signature.parameters ?? []).flatMap((parameter) => {
        const said = cell(summaryOf(parameter, places));
        return said === "" ? [] : [[code(parameter.name), code(String(parameter.type)), said]];
      });
      parts.push(...table(["parameter", "type", ""], rows));
    }
    return parts;
  }
  parts.push(...renderComment(child.comment, places));
  if (child.kindOf(CLASS) || child.kindOf(INTERFACE)) {
    const { isConfig, rows } = memberRows(child, places);
    const made = child.children?.find((member) => member.kindOf(CONSTRUCTOR) && member.inheritedFrom === undefined);
    if (!isConfig && made?.signatures !== undefined) {
      const lines = made.signatures.map((signature) => signatureText(`new ${child.name}`, signature));
      parts.push(`\`\`\`ts\n${lines.map((line) => line.replace(/: [^:]*$/, "")).join("\n")}\n\`\`\``);
      parts.push(...renderComment(made.signatures[0]?.comment, places));
    }
    parts.push(...table([isConfig ? "option" : "member", "type", ""], rows));
  } else {
    parts.push(code(String(child.type), 400));
    const members = child.type?.declaration?.children ?? [];
    const rows = members.map((member) => [
      code(member.name),
      code(String(member.type ?? "")),
      cell(summaryOf(member, places)),
    ]);
    parts.push(...table(["member", "type", ""], rows));
  }
  return parts;
}

/** The page of an entry, or of a namespace in one. */
export function renderModule({ title, names, module }, places) {
  const parts = [`# ${title}`];
  if (names.length > 0) parts.push(`Also ${names.map((name) => `\`${name}\``).join(", ")}.`);
  parts.push(...renderComment(module.comment, places));
  const spaces = module.children.filter((child) => child.kindOf(NAMESPACE)).map((child) => child.name);
  if (spaces.length > 0) {
    const prefix = title.replace("clinicadl/", "").replaceAll("/", "-");
    parts.push(`Below it: ${spaces.map((name) => `[\`${name}\`](./${prefix}-${name}.md)`).join(", ")}.`);
  }
  if (module.children.some(isOperator)) {
    parts.push(
      "PyTorch's operators, which are functions here and methods of `Tensor`: [their list](./torch-operators.md).",
    );
  }
  for (const child of module.children) {
    if (!child.kindOf(NAMESPACE) && !isOperator(child)) parts.push(...renderChild(child, places));
  }
  return `${parts.join("\n\n")}\n`;
}

/** The list of PyTorch's operators, by their first letter, with the schemas that they are generated from. */
export function renderOperators(module) {
  const operators = module.children.filter(isOperator);
  const parts = [
    "---\nsearch: false\n---",
    "# Operators",
    `The ${operators.length} operators of libtorch that are functions of \`clinicadl/torch\`, with their schemas: first arguments by position, those after \`*\` in an object, all in camelCase. Most are methods of \`Tensor\`, too, without the first argument.`,
  ];
  let letter = "";
  for (const operator of operators) {
    const first = operator.name[0].toUpperCase();
    if (first !== letter) {
      letter = first;
      parts.push(`## ${letter}`);
    }
    const said = commentText(operator).replace(/^PyTorch's `[^`]+`\.\s*/, "");
    parts.push(
      `**${escapeText(operator.name)}** ${cell(said).replace(/(`[^`]*`)|([<{])/g, (_, inCode, sign) => inCode ?? escapeText(sign))}`,
    );
  }
  return `${parts.join("\n\n")}\n`;
}
