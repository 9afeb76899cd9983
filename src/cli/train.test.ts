import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Maps } from "../io/maps/index.ts";
import { freePort } from "../torch/distributed/fixtures/free-port.ts";
import { makeCohort } from "../train/fixtures/cohort.ts";
import { ExperimentDocument } from "./experiment/document.ts";
import { EXPERIMENT } from "./fixtures/experiment.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cli-train-"));
  makeCohort(dir, 9);
  mkdirSync(join(dir, "a folder"));
  writeFileSync(join(dir, "a folder", "e.yaml"), OWN);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// from a folder of its own, with what people write
const OWN = EXPERIMENT.replace("maps: maps", `maps: \${MAPS_NAME}`)
  .replaceAll(": bids", ": ../bids")
  .replace("num_outputs: 1", "numOutputs: 1 # the other spelling")
  .replace(
    "optimization: { num_epochs: 1 }",
    "metrics:\n  my_loss: { name_: LossMetric }\noptimization: { num_epochs: 2 }",
  );
const cli = join(import.meta.dirname, "index.ts");
function train(file: string, ...args: string[]) {
  const env = { ...process.env, MAPS_NAME: "maps" };
  return spawnSync(process.execPath, [cli, "train", file, ...args], { encoding: "utf8", cwd: dir, env });
}

describe("clinicadl train", () => {
  it("trains each split together with the processes that a launcher started", async () => {
    const port = String(await freePort());
    const ended = await Promise.all(
      ["0", "1"].map((RANK) => {
        const launched = {
          RANK,
          WORLD_SIZE: "2",
          MASTER_ADDR: "127.0.0.1",
          MASTER_PORT: port,
          GLOO_SOCKET_IFNAME: "lo",
        };
        const env = { ...process.env, ...launched, OMP_NUM_THREADS: "1", MAPS_NAME: "together" };
        const args = [cli, "train", "a folder/e.yaml", "--set", "train_loader.batch_size=2", "--json", "--quiet"];
        const child = spawn(process.execPath, args, { cwd: dir, env });
        let [out, err] = ["", ""];
        child.stdout.on("data", (data) => {
          out += data;
        });
        child.stderr.on("data", (data) => {
          err += data;
        });
        return new Promise<{ code: number | null; out: string; err: string }>((done) =>
          child.once("close", (code) => done({ code, out, err })),
        );
      }),
    );
    expect(ended.map(({ code, err }) => [code, err])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(JSON.parse(ended[0]?.out ?? "")).toEqual({
      maps: join(dir, "a folder/together"),
      folds: [0, 1, 2].map((split) => ({ split, did: "trained" })),
    });
    expect(ended[1]?.out).toBe("");
  });
  it("trains what the file says, goes on when it is started again, and can be done again from what it records", () => {
    const first = train("a folder/e.yaml", "--folds", "1", "--json");
    expect(first.stderr).toContain("Split 1  done");
    const maps = join(dir, "a folder/maps");
    expect(JSON.parse(first.stdout)).toEqual({ maps, folds: [{ split: 1, did: "trained" }] });
    // as if it had been killed before it could say that it is complete
    rmSync(new Maps(maps).training.split(1).completeJson);
    const quiet = train("a folder/e.yaml", "--quiet");
    expect(quiet.stderr).toBe("");
    expect(quiet.stdout).toMatch(/split 0 trained\nsplit 1 resumed\nsplit 2 trained\n/);
    expect(train("a folder/e.yaml").stdout).toMatch(/(split \d was complete\n){3}/);
    expect(readFileSync(join(maps, "training/split-0/validation_metrics/aggregated.tsv"), "utf8")).toContain("my_loss");

    const again = train(join(maps, "experiment.yaml"), "--set", "maps=again");
    expect(again.stdout).toContain("split 2 trained");
    for (const split of [0, 1, 2]) {
      const file = `training/split-${split}/models/final/model.pt`;
      const [one, other] = [maps, join(dir, "a folder/again")].map((path) => readFileSync(join(path, file)));
      expect(one?.equals(other ?? Buffer.of()), file).toBe(true);
    }
  });

  it("keeps to what a MAPS was begun with, and begins anew when it is asked to", () => {
    const maps = `maps=kept`;
    expect(train("a folder/e.yaml", "--set", maps, "--folds", "0").status).toBe(0);
    const other = train("a folder/e.yaml", "--set", maps, "train_loader.batch_size=2");
    expect(other.stderr).toMatch(/another trainLoader.*--overwrite/);
    expect(train("a folder/e.yaml", "--set", maps, "train_loader.num_workers=0", "--folds", "0").stdout).toContain(
      "was complete",
    );
    const overwritten = train(
      "a folder/e.yaml",
      "--set",
      maps,
      "train_loader.batch_size=2",
      "--folds",
      "0",
      "--overwrite",
    );
    expect(overwritten.stdout).toContain("split 0 trained");
    expect(overwritten.stderr).toMatch(/^On people held out: npx clinicadl test .* --checkpoint split-0_final /m);
    expect(readdirSync(join(dir, "a folder/kept/splits"))).toEqual(["3_fold"]);
  });

  it("says file, line and field of what is wrong, before a MAPS is made", () => {
    const wrong: [from: string, to: string, message: RegExp][] = [
      ["lr: 0.001", "lr: -1", /^clinicadl: wrong.yaml:18: AdamConfig: 'lr' got -1/],
      ["padding: 1", "padding: [1, 1, 1, 1, 1]", /^clinicadl: wrong.yaml:16: CNNConfig.*'padding' got/],
      ["padding: 1", "paddin: 1", /^clinicadl: wrong.yaml:16: CNNConfig: unknown option 'paddin'/],
      ["name_: CNN", "name_: CMM", /^clinicadl: wrong.yaml:12: 'network' got the name 'CMM'. Expected one of/],
      ["columns: [label]", "columns: [lable]", /^clinicadl: wrong.yaml:\d: There is no column 'lable'/],
      ["split:", "splits:", /'split' is required.*\n.*unknown option 'splits'/],
      ["[1, 8, 8, 8]", "[1, 8", /^clinicadl: wrong.yaml:15: Flow sequence/],
      [`\${MAPS_NAME}`, `\${NOT_SET}`, /^clinicadl: wrong.yaml:2: the environment has no variable NOT_SET/],
      ["name_: LossMetric", "name: LossMetric", /^clinicadl: wrong.yaml:19: .*name_: LossMetric/],
      [
        "metrics:",
        "callbacks:\n  - { name_: ModelCheckpointCallback, metric: my_loss }\n  - { name_: EarlyStoppingCallback, metric: auc }\nmetrics:",
        /^clinicadl: wrong.yaml:21: There is no metric 'auc'. The metrics are 'my_loss'/,
      ],
    ];
    for (const [from, to, message] of wrong) {
      writeFileSync(
        join(dir, "wrong.yaml"),
        OWN.replace(from, to).replaceAll("../", "").replace("maps: ", "maps: new_"),
      );
      const { stderr, status } = train("wrong.yaml");
      expect(stderr).toMatch(message);
      expect(status).toBe(1);
      expect(readdirSync(dir)).not.toContain("new_maps");
    }
    expect(train("a folder/e.yaml", "--set", "maps=m", "--folds", "7").stderr).toMatch(/no split 7 .* it has 0 to 2/);
    expect(train("no.yaml").stderr).toBe(`clinicadl: There is no file ${join(dir, "no.yaml")}.\n`);
  });
});

it("keeps names that the user chose, and reads all others in either spelling", () => {
  const path = join(dir, "names.yaml");
  writeFileSync(
    path,
    "metrics: { my_auc: { pred_key: a_b } }\ndataset: { masks: { left_hippocampus: x }, with_entities: { res_x: 1 }, columns: { a_b: { c_d: 1 } } }\n" +
      "model: { optimizer: { weight_decay: { my_layer: 1 } }, tasks: { my_task: { num_outputs: 2 } } }\ncallbacks: [{ every_n_epochs: 2 }]\n",
  );
  expect(new ExperimentDocument(path, ["callbacks.0.everyNEpochs=3", "new_part.a_key=[1]"]).values).toEqual({
    metrics: { my_auc: { predKey: "a_b" } },
    dataset: { masks: { left_hippocampus: "x" }, withEntities: { res_x: 1 }, columns: { a_b: { c_d: 1 } } },
    model: { optimizer: { weightDecay: { my_layer: 1 } }, tasks: { my_task: { numOutputs: 2 } } },
    callbacks: [{ everyNEpochs: 3 }],
    newPart: { aKey: [1] },
  });
  expect(() => new ExperimentDocument(path, ["no value"])).toThrow(/Expected a key and its value/);
});
