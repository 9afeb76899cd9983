import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LoggerCallback } from "../callbacks/index.ts";
import { BCEWithLogitsLossConfig } from "../losses/index.ts";
import { modelFromDict, SupervisedModel } from "../models/index.ts";
import { ResNet, ResNetConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { cohortSplit, makeCohort } from "../train/fixtures/cohort.ts";
import { toyModel } from "../train/fixtures/toy.ts";
import { Trainer } from "../train/index.ts";
import { cardOf } from "./export/card.ts";
import { exportModel } from "./export/index.ts";

let dir = "";
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "cli export-"));
  const callbacks = [new LoggerCallback({ progressBar: false })];
  using trainer = new Trainer({
    maps: join(dir, "maps"),
    model: toyModel(),
    optimization: { numEpochs: 1 },
    callbacks,
  });
  await trainer.train(cohortSplit(makeCohort(dir, 12)), { computational: { gpu: false, seed: 1 } });
});
afterAll(() => rmSync(dir, { recursive: true }));

const clinicadl = (...args: string[]) => {
  const all = [join(import.meta.dirname, "index.ts"), "export", join(dir, "maps"), ...args];
  return spawnSync(process.execPath, all, { encoding: "utf8" });
};
const final = ["--checkpoint", "split-0_final"];

it("writes weights, options, transforms, a card and checksums, and names nobody", () => {
  const folder = join(dir, "a model");
  const { stdout, stderr, status } = clinicadl(...final, "--output", folder, "--name", "The toy");
  expect([status, stderr, stdout]).toEqual([0, "", `${folder}\n`]);
  const files = ["README.md", "SHA256SUMS", "config.json", "metrics.tsv", "model.safetensors", "preprocessing.json"];
  expect(readdirSync(folder).sort()).toEqual(files);
  for (const line of readFileSync(join(folder, "SHA256SUMS"), "utf8").trimEnd().split("\n")) {
    const [sum, file = ""] = line.split("  ");
    expect(
      createHash("sha256")
        .update(readFileSync(join(folder, file)))
        .digest("hex"),
      file,
    ).toBe(sum);
  }
  const card = readFileSync(join(folder, "README.md"), "utf8");
  expect(card).toContain("# The toy\n");
  expect(card).toContain("| trained on | 8 participants, 8 sessions |");
  expect(card).toMatch(/\| loss \| \d/);
  for (const file of files) {
    const text = readFileSync(join(folder, file), "latin1");
    expect(text, file).not.toContain("sub-0");
    expect(text, file).not.toContain(dir);
  }

  // as the card says
  using model = modelFromDict(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")));
  using _scope = torch.scope();
  model.loadWeights(join(folder, "model.safetensors"));
  const { tensors } = torch.loadSafetensors(join(folder, "model.safetensors"));
  const trained = torch.load(join(dir, "maps/training/split-0/models/final/model.pt")) as Map<string, torch.Tensor>;
  expect([...tensors.keys()].sort()).toEqual([...trained.keys()].sort());
  for (const [name, tensor] of trained) expect(tensors.get(name)?.equal(tensor), name).toBe(true);
});

it("replaces what it wrote when it is asked to, and nothing else", () => {
  const folder = join(dir, "twice");
  expect(clinicadl(...final, "--output", folder).status).toBe(0);
  expect(clinicadl(...final, "--output", folder).stderr).toMatch(/is there already/);
  expect(clinicadl(...final, "--output", folder, "--overwrite", "--json").stdout).toBe(
    `${JSON.stringify({ folder })}\n`,
  );
  // the card is there to be written on, and a clone of the hub has its history
  writeFileSync(join(folder, "README.md"), "For research only");
  mkdirSync(join(folder, ".git"));
  expect(clinicadl(...final, "--output", folder, "--overwrite").stderr).toMatch(
    /not as it was exported.*\.git was not exported, README\.md was changed/,
  );
  expect(readFileSync(join(folder, "README.md"), "utf8")).toBe("For research only");
  expect(clinicadl(...final, "--output", join(folder, "README.md"), "--overwrite").stderr).toMatch(/is no folder/);
  const mine = join(dir, "mine");
  mkdirSync(mine);
  writeFileSync(join(mine, "thesis.tex"), "years of work");
  expect(clinicadl(...final, "--output", mine, "--overwrite").stderr).toMatch(/is no exported model/);
  expect(existsSync(join(mine, "thesis.tex"))).toBe(true);
  expect(clinicadl("--checkpoint", "split-0_best-auc", "--output", join(dir, "none")).stderr).toMatch(
    /split-0.*final/s,
  );
  expect(existsSync(join(dir, "none"))).toBe(false);
});

const optimizer = new AdamConfig();
async function exported(name: string, model: SupervisedModel): Promise<string> {
  const callbacks = [new LoggerCallback({ progressBar: false })];
  using trainer = new Trainer({ maps: join(dir, name), model, optimization: { numEpochs: 1 }, callbacks });
  await trainer.train(cohortSplit(join(dir, "bids")), { computational: { gpu: false, seed: 1 } });
  const output = join(dir, `${name} exported`);
  return exportModel(trainer.maps, { checkpoint: "split-0_final", output, overwrite: false });
}

it("needs no weights that the network began with, and says which they were", async () => {
  using _scope = torch.scope();
  const options = { spatialDims: 3, inChannels: 1, numOutputs: 1, nResBlocks: [1], nFeatures: [2] } as const;
  const pretrained = join(dir, "began.pth");
  {
    using began = new ResNet({ ...options, numOutputs: null });
    torch.save(began.stateDict(), pretrained);
  }
  const loss = new BCEWithLogitsLossConfig({ posWeight: [2] });
  const network = new ResNetConfig({ ...options, pretrained });
  const folder = await exported("began", new SupervisedModel({ network, loss, optimizer }));
  rmSync(pretrained);
  expect(readFileSync(join(folder, "README.md"), "utf8")).toContain("| began with the weights | began.pth |");
  using model = modelFromDict(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")));
  model.loadWeights(join(folder, "model.safetensors"));
  // the program in Python of the card
  const { tensors } = torch.loadSafetensors(join(folder, "model.safetensors"));
  const names = [...tensors.keys()].filter((key) => key.startsWith("network."));
  expect(names.length).toBeLessThan(tensors.size);
  using same = new ResNet(options);
  expect(names.map((key) => key.slice("network.".length)).sort()).toEqual([...same.stateDict().keys()].sort());
});

/** Of one's own, with a weight in two places, in half precision. */
class Own extends torch.nn.Module<[torch.Tensor], torch.Tensor> {
  readonly first = new torch.nn.Linear(8, 8);
  readonly again = new torch.nn.Linear(8, 8);
  readonly out = new torch.nn.Linear(8, 1);
  constructor() {
    super();
    this.to({ dtype: "bfloat16" });
    this.again.weight = this.first.weight;
  }
  override forward(x: torch.Tensor): torch.Tensor {
    const features = x.flatten(1).narrow(1, 0, 8).to({ dtype: "bfloat16" });
    return this.out.call(this.again.call(this.first.call(features))).to({ dtype: "float32" });
  }
}

it("has the name only of a network of one's own, and a card whose program takes the network", async () => {
  using _scope = torch.scope();
  const loss = new BCEWithLogitsLossConfig();
  const folder = await exported("own", new SupervisedModel({ network: new Own(), loss, optimizer }));
  const card = readFileSync(join(folder, "README.md"), "utf8");
  expect(card).toContain("| network | Own |");
  expect(card).toMatch(/has of `network` the name only/);
  expect(card).toContain('modelFromDict(JSON.parse(readFileSync("config.json", "utf8")), { network })');
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  using model = modelFromDict(config, { network: new Own() });
  model.loadWeights(join(folder, "model.safetensors"));
  const trained = torch.load(join(dir, "own/training/split-0/models/final/model.pt")) as Map<string, torch.Tensor>;
  for (const [name, tensor] of model.stateDict()) {
    expect([name, tensor.dtype, trained.get(name)?.equal(tensor)]).toEqual([name, "bfloat16", true]);
  }
});

it.each([
  [true, "torchvision's of ImageNet"],
  ["hf://owner/name/file.pth", "hf://owner/name/file.pth"],
  [{ url: "https://me:secret@host.org/a/b.pth?token=secret", sha256: "0" }, "https://host.org/a/b.pth"],
])("says where the weights are from that it began with, and no secret: %j", (pretrained, shown) => {
  const facts = { name: "a", config: {}, preprocessing: {}, participants: 1, sessions: 1, metrics: {} };
  expect(cardOf({ ...facts, pretrained })).toContain(`| began with the weights | ${shown} |`);
});

it("names what several tasks learn, and by which losses", () => {
  const task = (key: string, loss: string) => ({ loss: { name_: loss }, label_key: key });
  const config = { name_: "MultiTaskModel", tasks: { a: task("age", "MSELoss"), b: task("sex", "FocalLoss") } };
  const facts = { name: "a", config, pretrained: false, preprocessing: {}, participants: 1, sessions: 1, metrics: {} };
  expect(cardOf(facts)).toContain("| learnt | `age`, `sex` |\n| loss | MSELoss, FocalLoss |");
});
