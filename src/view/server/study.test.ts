import { appendFileSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Maps } from "../../io/maps/index.ts";
import { formatEvent } from "../../run/journal/schema.ts";
import { claimInProcess, killed } from "../../sweep/fixtures/claim-in-process.ts";
import { Study } from "../../sweep/index.ts";
import { makeStudy, SWEEP } from "../fixtures/study.ts";
import type { StudyTrial } from "../read/index.ts";
import { type Served, serve } from "./index.ts";

let folder = "";
let study = "";
let served: Served;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "watch-study-")));
  study = join(folder, "study");
  makeStudy(study);
  served = await serve({ maps: [study], interval: 20 });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (path: string, signal: AbortSignal | null = null) =>
  fetch(`http://127.0.0.1:${served.port}${path}`, { headers: { authorization: `Bearer ${served.token}` }, signal });
const json = async (path: string) => JSON.parse(await (await ask(path)).text());

it("gives the trials of a study with their figures, and what is known of each trial", async () => {
  expect(await json("/api/experiments")).toEqual([]);
  expect(await json("/api/studies")).toEqual(["study"]);
  const { value } = await json("/api/study?study=0");
  expect(value.study).toMatchObject({ metric: "auc", best: 2 });
  expect(value.study.trials).toHaveLength(5);
  expect(value.svgs).toHaveLength(3);
  for (const svg of value.svgs) expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
  const [experiment] = await json("/api/experiments?study=0&trial=4");
  expect(experiment.contents.value).toMatchObject({ name: "trial-0004", splits: [{ status: { state: "running" } }] });
  expect((await json("/api/curves?study=0&trial=4&maps=0&split=0")).losses.value).toEqual([
    { name: "loss", x: [1], y: [0.25] },
  ]);
  // it failed before there was a MAPS
  const [failed] = await json("/api/experiments?study=0&trial=1");
  expect(failed.contents).toMatchObject({ found: false, reason: expect.stringMatching(/trial-0001 does not exist/) });
});

it("says what is wrong with a question", async () => {
  for (const [path, status, reason] of [
    ["/api/study?study=1", 404, "There are 1 studies, and no 1."],
    ["/api/experiments?study=0&trial=9", 500, `The study ${study} has no trial 9.`],
    ["/api/experiments?study=0&trial=../4", 404, `'trial' is "../4", and no number.`],
    ["/api/curves?study=0&trial=4&maps=1&split=0", 404, "There are 1 MAPS, and no 1."],
    ["/api/curves?maps=0&split=0", 404, "There are 0 MAPS, and no 0."],
  ] as const) {
    const answer = await ask(path);
    expect([answer.status, await answer.json()], path).toEqual([status, { reason }]);
  }
});

it("refuses what is neither a MAPS nor a study", async () => {
  await expect(serve({ maps: [folder] })).rejects.toThrow(/is no MAPS/);
});

/** What is told after each of some steps. */
async function toldAfter(steps: readonly (() => void)[]): Promise<unknown[]> {
  const end = new AbortController();
  const response = await ask("/api/news", end.signal);
  const decoder = new TextDecoder();
  const told: unknown[] = [];
  let text = "";
  let begun = 0;
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    const lines = text.split("\n\n");
    text = lines.pop() ?? "";
    told.push(...lines.flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice(6))] : [])));
    if (told.length < begun) continue;
    const step = steps[begun++];
    if (step === undefined) break;
    step();
  }
  end.abort();
  return told;
}

it("tells of an epoch of a trial that is trained, of a trial that ends, and of one that begins", async () => {
  using running = new Study(study, SWEEP);
  const { eventsJsonl } = new Maps(join(study, "trial-0004")).training.split(0);
  const news = { kind: "study", study: 0 };
  const told = await toldAfter([
    () =>
      appendFileSync(
        eventsJsonl,
        `${formatEvent({ n: 9, time: 9, kind: "epoch", epoch: 2, losses: { loss: 0.125 }, seconds: 1 })}\n`,
      ),
    () => {
      using claimed = running.claim();
      if (claimed?.trial.number !== 4) throw new Error("trial 4 is left");
      running.finish(claimed.trial, 0.875);
    },
    () => running.claim()?.[Symbol.dispose](),
  ]);
  expect(told).toEqual([news, news, news]);
  const { value } = await json("/api/study?study=0");
  expect(value.study.best).toBe(4);
  expect(value.study.trials.at(-1)).toMatchObject({ number: 5, state: "running" });
  expect(value.study.trials[4].epochs).toBe(2);
});

it("tells of a trial whose process was killed, which changes no file", async () => {
  const child = await claimInProcess(study, SWEEP);
  const states = async () => (await json("/api/study?study=0")).value.study.trials.map((one: StudyTrial) => one.state);
  const before = await states();
  const number = before.lastIndexOf("running");
  const told = await toldAfter([() => void killed(child)]);
  expect(told).toEqual([{ kind: "study", study: 0 }]);
  expect(await states()).toEqual(before.with(number, "interrupted"));
});
