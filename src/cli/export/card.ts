/** The model card of an exported network: what it is, and how it is used. */
import { basename } from "node:path";
import type { Row } from "../../io/tsv/index.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../utils/config.ts";
import { shownNumber } from "../table.ts";

export interface Card {
  readonly name: string;
  readonly config: JsonObject;
  /** The weights that training began with: a file, an address, true for PyTorch's; false for none. */
  readonly pretrained: JsonValue;
  /** The transforms of the data; empty where they are not known. */
  readonly preprocessing: JsonObject;
  /** How many it was trained on. */
  readonly participants: number;
  readonly sessions: number;
  /** On the validation data of its split. */
  readonly metrics: Row;
}

export function cardOf({ name, config, pretrained, preprocessing, participants, sessions, metrics }: Card): string {
  const network = part(config.network);
  const shape = Array.isArray(network.in_shape) ? network.in_shape.join(" × ") : null;
  const tasks = Object.values(part(config.tasks)).map(part);
  const learners = tasks.length > 0 ? tasks : [config];
  const labels = learners.flatMap(({ label_key: key }) => (typeof key === "string" ? [`\`${key}\``] : []));
  const own = ["network", "loss", "optimizer", "inferer"].filter((key) => typeof config[key] === "string");
  if (tasks.some(({ loss }) => typeof loss === "string")) own.push("tasks");
  const measured = Object.entries(metrics).filter(
    (entry): entry is [string, number] => entry[0] !== "epoch" && typeof entry[1] === "number",
  );
  const facts: [what: string, value: string | null][] = [
    ["model", nameOf(config)],
    ["network", typeof config.network === "string" ? config.network : nameOf(network)],
    ["began with the weights", sourceOf(pretrained)],
    ["input (channels, x, y, z)", shape],
    ["learnt", listed(labels)],
    ["loss", listed(learners.map(({ loss }) => (typeof loss === "string" ? loss : (nameOf(part(loss)) ?? ""))))],
    ["image transforms", transformNames(preprocessing.image_transforms)],
    ["extraction", nameOf(part(preprocessing.extraction))],
    ["trained on", `${participants} participants, ${sessions} sessions`],
  ];
  return `---
library_name: clinicadl
tags:
- clinicadl
- neuroimaging
- safetensors
---

# ${name}

| | |
|---|---|
${facts.flatMap(([what, value]) => (value === null ? [] : [`| ${what} | ${value} |`])).join("\n")}

## On the validation data of its split

${measured.length === 0 ? "It was not measured." : `| metric | value |\n|---|---|\n${measured.map(([metric, value]) => `| ${metric} | ${shownNumber(value)} |`).join("\n")}`}

## Whom it is for

Say here what the model is meant for, whom it was trained on (age, sex, scanners, diagnosis), and where it must not be used.

## Use

Images go through the transforms of \`preprocessing.json\` first. In TypeScript, with the options of \`config.json\`${own.length === 0 ? ":" : `, which has of ${own.map((key) => `\`${key}\``).join(" and ")} the name only, since it is of one's own; the object itself is given:`}

\`\`\`ts
import { readFileSync } from "node:fs";
import { modelFromDict } from "clinicadl/models";

const model = modelFromDict(JSON.parse(readFileSync("config.json", "utf8"))${own.length === 0 ? "" : `, { ${own.join(", ")} }`});
model.loadWeights("model.safetensors");
\`\`\`

In Python, where \`network\` is the same network in PyTorch (\`config.json\` has its ${typeof config.network === "string" ? "name" : "options"}):

\`\`\`python
from safetensors.torch import load_file

weights = load_file("model.safetensors")
prefix = "network."
network.load_state_dict({key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)})
\`\`\`

\`sha256sum --check SHA256SUMS\` says whether the files are as they were exported.
`;
}

function part(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function listed(values: readonly string[]): string | null {
  const named = [...new Set(values)].filter((value) => value !== "");
  return named.length === 0 ? null : named.join(", ");
}

/** Where weights are from, without what only their owner should know: folders, passwords. */
function sourceOf(pretrained: JsonValue): string | null {
  if (pretrained === true) return "torchvision's of ImageNet";
  const address = typeof pretrained === "string" ? pretrained : part(pretrained).url;
  if (typeof address !== "string") return null;
  if (!/^\w+:\/\//.test(address)) return basename(address);
  return address.replace(/\/\/[^/@]*@/, "//").replace(/[?#].*$/, "");
}

function nameOf({ name_ }: JsonObject): string | null {
  return typeof name_ === "string" ? name_ : null;
}

function transformNames(list: JsonValue | undefined): string | null {
  const names = Array.isArray(list) ? list.flatMap((one) => nameOf(part(one)) ?? []) : [];
  return names.length === 0 ? null : names.join(", ");
}
