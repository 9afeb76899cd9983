/** The model card of an exported network: what it is, and how it is used. */
import type { Row } from "../../io/tsv/index.ts";
import type { JsonObject, JsonValue } from "../../utils/config.ts";
import { shownNumber } from "../table.ts";

export interface Card {
  readonly name: string;
  readonly config: JsonObject;
  /** The transforms of the data; empty where they are not known. */
  readonly preprocessing: JsonObject;
  /** How many it was trained on. */
  readonly participants: number;
  readonly sessions: number;
  /** On the validation data of its split. */
  readonly metrics: Row;
}

export function cardOf({ name, config, preprocessing, participants, sessions, metrics }: Card): string {
  const network = part(config.network);
  const shape = Array.isArray(network.in_shape) ? network.in_shape.join(" × ") : null;
  const label = typeof config.label_key === "string" ? `\`${config.label_key}\`` : null;
  const measured = Object.entries(metrics).filter(
    (entry): entry is [string, number] => entry[0] !== "epoch" && typeof entry[1] === "number",
  );
  const facts: [what: string, value: string | null][] = [
    ["model", nameOf(config)],
    ["network", nameOf(network)],
    ["input (channels, x, y, z)", shape],
    ["learnt", label],
    ["loss", nameOf(part(config.loss))],
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

Images go through the transforms of \`preprocessing.json\` first. In TypeScript, with the options of \`config.json\`:

\`\`\`ts
import { readFileSync } from "node:fs";
import { modelFromDict } from "clinicadl/models";

const model = modelFromDict(JSON.parse(readFileSync("config.json", "utf8")));
model.loadWeights("model.safetensors");
\`\`\`

In Python, where \`network\` is the same network of ClinicaDL (\`config.json\` has its options):

\`\`\`python
from safetensors.torch import load_file

network.load_state_dict(load_file("model.safetensors"))
\`\`\`

\`sha256sum --check SHA256SUMS\` says whether the files are as they were exported.
`;
}

function part(value: JsonValue | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function nameOf({ name_ }: JsonObject): string | null {
  return typeof name_ === "string" ? name_ : null;
}

function transformNames(list: JsonValue | undefined): string | null {
  const names = Array.isArray(list) ? list.flatMap((one) => nameOf(part(one)) ?? []) : [];
  return names.length === 0 ? null : names.join(", ");
}
