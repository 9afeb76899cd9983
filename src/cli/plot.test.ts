import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeMaps } from "../view/fixtures/maps.ts";
import { all, parseXml } from "../view/fixtures/xml.ts";

let dir = "";
let maps = "";
beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "cli-plot-")));
  ({ maps } = await makeMaps(dir));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function plot(...args: readonly string[]) {
  const cli = join(import.meta.dirname, "index.ts");
  return spawnSync(process.execPath, [cli, "plot", ...args], { encoding: "utf8", cwd: dir });
}
const texts = (file: string) => all(parseXml(readFileSync(file, "utf8")), "text").map(({ text }) => text);

const ALL = [
  "batch-loss",
  "folds",
  "gradient_norm",
  "held-calibration",
  "held-confusion",
  "held-folds",
  "held-outputs",
  "held-precision_recall",
  "held-roc",
  "learning_rate",
  "loss",
  "metric-accuracy",
  "metric-auc",
];

it("writes all figures of a MAPS, and the same ones each time", () => {
  const { status, stdout, stderr } = plot("maps");
  expect(status, stderr).toBe(0);
  const files = stdout.trim().split("\n");
  expect(files.map((file) => basename(file)).sort()).toEqual(ALL.map((name) => `${name}.svg`));
  expect(texts(join(dir, "figures", "loss.svg"))).toEqual(
    expect.arrayContaining(["Loss", "split 0, training", "split 1, validation"]),
  );
  expect(texts(join(dir, "figures", "held-confusion.svg"))).toContain("label 1");
  const before = files.map((file) => readFileSync(file, "utf8"));
  const again = plot("maps");
  expect([again.status, again.stderr]).toEqual([
    1,
    expect.stringMatching(/^clinicadl: .*loss\.svg exists\..*--overwrite/),
  ]);
  expect(plot("maps", "--overwrite").status).toBe(0);
  expect(files.map((file) => readFileSync(file, "utf8"))).toEqual(before);
});

it("writes what is asked for, as PNG, too", () => {
  const { status, stdout, stderr } = plot(
    ...[
      "maps",
      "--metric",
      "auc",
      "--split",
      "1",
      "--out",
      "one",
      "--format",
      "both",
      "--dark",
      "--width",
      "500",
      "--json",
    ],
  );
  expect(status, stderr).toBe(0);
  const { files } = JSON.parse(stdout) as { files: string[] };
  expect(files.map((file) => basename(file))).toEqual(
    ["metric-auc", "folds", "held-folds"].flatMap((name) => [`${name}.svg`, `${name}.png`]),
  );
  const svg = parseXml(readFileSync(join(dir, "one", "metric-auc.svg"), "utf8"));
  expect([svg.attributes.width, svg.attributes.height]).toEqual(["500", "400"]);
  expect(texts(join(dir, "one", "metric-auc.svg"))).toContain("split 1");
  expect(texts(join(dir, "one", "metric-auc.svg"))).not.toContain("split 0");
  const png = readFileSync(join(dir, "one", "metric-auc.png"));
  expect(png.subarray(0, 8).toString("latin1")).toBe("\u0089PNG\r\n\u001a\n");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1000, 800]);
});

it("draws letters, not boxes, whatever fonts a system has", async () => {
  const { svgToPng } = await import("../view/gallery/index.ts");
  const of = (letters: string) =>
    svgToPng(
      `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20" font-family="system-ui, sans-serif"><text y="15">${letters}</text></svg>`,
    );
  const [one, other, none] = await Promise.all([of("ab"), of("ba"), of("")]);
  expect(Buffer.compare(one, other)).not.toBe(0);
  expect(Buffer.compare(one, none)).not.toBe(0);
});

it("says what there is not", () => {
  const message = (...args: readonly string[]) => {
    const { status, stderr } = plot(...args);
    expect(status).toBe(1);
    return stderr;
  };
  expect(message("maps", "--metric", "nope")).toBe(
    "clinicadl: There is no metric 'nope' in this MAPS. There are: loss, auc, accuracy.\n",
  );
  expect(message("maps", "--split", "7")).toBe("clinicadl: There is no split '7' in this MAPS. There are: 0, 1.\n");
  expect(message("maps", "--group", "none")).toMatch(/no group 'none'.*held/);
  expect(message("none")).toMatch(/none does not exist/);
  expect(message("bids")).toMatch(/is no MAPS/);
  const bare = join(dir, "bare");
  cpSync(maps, bare, { recursive: true });
  for (const part of ["training", "test", "prediction"]) {
    for (const name of readdirSync(join(bare, part))) rmSync(join(bare, part, name), { recursive: true });
  }
  expect(message("bare")).toMatch(/nothing to draw.*predict/);
});

it("says which figure is left out where its table is empty", () => {
  cpSync(maps, join(dir, "emptied"), { recursive: true });
  for (const split of [0, 1]) {
    const metrics = `training/split-${split}/models/final/validation_metrics/aggregated.tsv`;
    writeFileSync(join(dir, "emptied", metrics), split === 0 ? "" : "loss\n");
  }
  const { status, stderr, stdout } = plot("emptied", "--out", "emptied-figures");
  expect(status, stderr).toBe(0);
  expect(stdout).not.toContain("/folds.svg");
  expect(stderr).toMatch(/^Warning: The figure of the folds is left out: .*aggregated\.tsv/);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
