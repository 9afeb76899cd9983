import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch } from "./launch.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "points-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it("leaves the MAPS to rank 0: the others change nothing in it, but for the lock that they share", async () => {
  const lists = [0, 1].map((rank) => join(dir, `points-${rank}.txt`));
  const ended = await launch(
    lists.map((list) => ({ maps: join(dir, "maps"), list, killAt: null })),
    { joinSeconds: 300, patience: 300 },
  );
  for (const { code, errors } of ended) expect(code, errors).toBe(0);
  const [main = [], other = []] = lists.map((list) =>
    readFileSync(list, "utf8")
      .trimEnd()
      .split("\n")
      .filter((name) => /^\w+Sync\b/.test(name)),
  );
  expect(main).toContain("renameSync learning_rates/optimizer.tsv");
  expect(other).toEqual(["ftruncateSync"]);
});
