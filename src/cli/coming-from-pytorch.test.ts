import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DataLoader } from "../data/dataloader/index.ts";
import { BidsDataset } from "../data/datasets/index.ts";
import { makeCohort } from "../data/fixtures/cohort.ts";
import { BidsFileType } from "../io/bids/index.ts";
import * as torch from "../torch/index.ts";
import { nn, optim } from "../torch/index.ts";

const page = readFileSync(new URL("../../docs/coming-from-pytorch.md", import.meta.url), "utf8");

/** The code in the middle column of every row of every table. */
const rows = page.split("\n").flatMap((line) => {
  if (!line.startsWith("| ") || line.startsWith("| PyTorch |")) return [];
  const [there = "", here = "", , ...more] = line.split(" |").map((cell) => cell.replace(/^\|/, "").trim());
  return [{ there, here, after: more.join("") }];
});
const codes = rows.flatMap(({ here }) => [...here.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""));

/** What the page says that there is. */
async function run(code: string, file: string): Promise<void> {
  using stack = new DisposableStack();
  const cohort = stack.use(makeCohort(3));
  const dataset = new BidsDataset({
    bids: cohort.root,
    fileType: new BidsFileType({ dataType: "anat", suffix: "T1w" }),
    data: cohort.tsv,
  });
  const net = stack.use(new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2)));
  const given = {
    torch,
    nn,
    optim,
    DataLoader,
    dataset,
    file,
    net,
    conv: stack.use(new nn.Sequential(new nn.Conv3d(1, 2, 3), new nn.ReLU())),
    optimizer: stack.use(new optim.Adam(net.parameters())),
    x: stack.use(torch.randn([2, 3])),
    y: stack.use(torch.rand([2, 3]).add_(1)),
    images: stack.use(torch.randn([2, 1, 8, 8, 8])),
    labels: stack.use(torch.tensor([0, 1], { dtype: "int64" })),
  };
  const javascript = stripTypeScriptTypes(`async function row() {\n${code}\n}`);
  const make = new Function(...Object.keys(given), `${javascript}\nreturn row;`) as (
    ...values: readonly unknown[]
  ) => () => Promise<void>;
  await make(...Object.values(given))();
}

describe("docs/coming-from-pytorch.md", () => {
  it("has code in every row, of about sixty", () => {
    expect(rows.length).toBeGreaterThanOrEqual(60);
    for (const row of rows)
      expect(row, row.there).toMatchObject({ here: expect.stringMatching(/^`[^`]+`$/), after: "" });
    expect(codes).toHaveLength(rows.length);
  });

  it.each(codes)("%s", async (code) => {
    const folder = mkdtempSync(join(tmpdir(), "clinicadl-page-"));
    try {
      await run(code, join(folder, "weights.pt"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
