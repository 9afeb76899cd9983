import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Maps } from "../../io/maps/index.ts";
import { makeMaps } from "../fixtures/maps.ts";
import { type Served, serve } from "./index.ts";

let folder = "";
let maps = "";
let bids = "";
let served: Served;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "watch-"));
  ({ maps, bids } = await makeMaps(folder));
  served = await serve({ maps: [maps], interval: 20 });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** A path is sent as it is, which `fetch` would tidy. */
function get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  return new Promise((done, fail) => {
    const sent = request({ host: "127.0.0.1", port: served.port, path, method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () =>
        done({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
      );
    });
    sent.on("error", fail);
    sent.end();
  });
}
const known = () => ({ authorization: `Bearer ${served.token}` });
const json = async (path: string) => JSON.parse((await get(path, known())).body.toString());

it("opens with the token only, then by its cookie", async () => {
  for (const path of ["/", "/page/style.css", "/vendor/uplot.js", "/api/experiments", "/api/news", "/nothing"]) {
    expect((await get(path)).status, path).toBe(403);
    expect((await get(`${path}?token=${served.token}x`)).status, path).toBe(403);
    expect((await get(path, { authorization: "Bearer " })).status, path).toBe(403);
  }
  const { status, headers } = await get(new URL(served.url).pathname + new URL(served.url).search);
  expect(status).toBe(200);
  const cookies = headers["set-cookie"] as string[];
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatch(/HttpOnly/);
  expect(cookies[0]).toMatch(/SameSite=Strict/);
  const cookie = cookies[0]!.split(";")[0]!;
  expect((await get("/api/experiments", { cookie })).status).toBe(200);
  expect((await get("/api/experiments", { cookie: `${cookie}x` })).status).toBe(403);
});

it("answers to the names of this machine for itself only, on the loopback interface only", async () => {
  for (const host of ["127.0.0.1", "localhost:1234", "[::1]:80", "LOCALHOST"]) {
    expect((await get("/api/experiments", { ...known(), host })).status, host).toBe(200);
  }
  for (const host of ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.", "10.0.0.1"]) {
    expect((await get("/api/experiments", { ...known(), host })).status, host).toBe(403);
  }
  // another address of the loopback network, which 0.0.0.0 would answer at
  const refused = new Promise((done) => {
    const socket = connect({ host: "127.0.0.2", port: served.port });
    socket.on("error", ({ message }) => done(message));
    socket.on("connect", () => done("connected"));
  });
  if (process.platform === "linux") expect(await refused).toMatch(/ECONNREFUSED/);
});

it("takes nothing but questions, and tells the browser to load nothing from elsewhere", async () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
    expect((await get("/api/experiments", known(), method)).status, method).toBe(405);
  }
  const { headers } = await get("/", known());
  expect(headers["content-security-policy"]).toMatch(/^default-src 'self';/);
  expect(headers["content-security-policy"]).not.toMatch(/unsafe-inline|unsafe-eval[^']*'unsafe|https?:|\*/);
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("no-referrer");
  expect(headers["access-control-allow-origin"]).toBeUndefined();
});

it("gives no file but its own", async () => {
  for (const path of [
    "/page/../server/server.js",
    "/page/..%2fserver%2fserver.js",
    "/page/%2e%2e/server/server.js",
    "/page/%2Fetc%2Fpasswd",
    "/page/index.html%00.js",
    "/vendor/../../../package.json",
    "/vendor/constructor",
    "/vendor/__proto__",
    "/../../../etc/passwd",
    "//etc/passwd",
  ]) {
    expect((await get(path, known())).status, path).toBe(404);
  }
  expect((await get("/vendor/uplot.js", known())).headers["content-type"]).toMatch(/^text\/javascript/);
});

const EVALUATION = "maps=0&models=split-0&checkpoint=final&group=held";

it("gives what the readers read", async () => {
  const [{ contents, evaluations }] = await json("/api/experiments");
  expect(contents.value.name).toBe("maps");
  expect(evaluations.map((one: { name: string; key: object }) => ({ name: one.name, ...one.key }))).toEqual(
    expect.arrayContaining([
      { name: "split-1", models: 1, checkpoint: "final", group: null },
      { name: "split-0", models: 0, checkpoint: "final", group: "held" },
    ]),
  );
  const curves = await json("/api/curves?maps=0&split=1");
  expect(curves.losses.value[0].x).toHaveLength(12);
  expect((await json("/api/folds?maps=0&checkpoint=final")).value.folds.splits).toEqual([0, 1]);
  expect((await json(`/api/evaluation?${EVALUATION}`)).value.samples).toHaveLength(4);
  const figures = (await json(`/api/figures?${EVALUATION}`)) as { name: string; svg: string }[];
  expect(figures.map(({ name }) => name)).toContain("held-roc");
  for (const { svg } of figures) expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
  const setup = await json("/api/setup?maps=0");
  expect(setup.configuration.optimization.value.num_epochs).toBe(3);
  expect(setup.resources).toHaveLength(2);
  expect((await json("/api/messages?maps=0")).logs.length).toBeGreaterThan(0);
});

it("says what is wrong with a question", async () => {
  const answers = [
    ["/api/curves?maps=0", "'split' is missing."],
    ["/api/curves?maps=1&split=0", "There are 1 MAPS, and no 1."],
    ["/api/curves?maps=0&split=../0", `'split' is "../0", and no number.`],
    [
      "/api/evaluation?maps=0&models=split-0&checkpoint=../final",
      "There is no evaluation of split-0_../final on validation data.",
    ],
    ["/api/anything", "There is no such thing."],
  ] as const;
  for (const [path, reason] of answers) {
    const { status, body } = await get(path, known());
    expect([status, JSON.parse(body.toString())], path).toEqual([404, { reason }]);
  }
});

it("gives the images of a session that was evaluated, byte for byte, and no other file", async () => {
  const session = "participant=sub-001&session=ses-M000";
  expect(await json(`/api/layers?${EVALUATION}&${session}`)).toEqual({
    found: true,
    value: { layers: [{ name: "image", kind: "image", file: "sub-001_ses-M000_T1w.nii.gz" }], missing: [] },
  });
  const image = join(bids, "sub-001", "ses-M000", "anat", "sub-001_ses-M000_T1w.nii.gz");
  const { status, body } = await get(`/api/image?${EVALUATION}&${session}&layer=0`, known());
  expect(status).toBe(200);
  expect(body.equals(readFileSync(image))).toBe(true);
  // of the cohort, but not of this evaluation; a path; a layer that is none
  for (const other of [
    "participant=sub-011&session=ses-M000&layer=0",
    "participant=../sub-001&session=ses-M000&layer=0",
    `${session}&layer=1`,
  ]) {
    expect((await get(`/api/image?${EVALUATION}&${other}`, known())).status, other).toBe(404);
  }
});

it("gives the masks that samples carry, whichever way the dataset names them, and says why one is not there", async () => {
  const { datasetJson } = new Maps(maps).prediction.group("held");
  const kept = readFileSync(datasetJson, "utf8");
  const dataset = JSON.parse(kept);
  const common = join(bids, "sub-000", "ses-M000", "anat", "sub-000_ses-M000_T1w.nii.gz");
  const masks = {
    template: common,
    own: dataset.file_type,
    elsewhere: [dataset.bids, dataset.file_type],
    gone: [{ ...dataset.bids, path: join(folder, "gone") }, dataset.file_type],
    secret: "/etc/hostname",
    odd: [1, 2],
  };
  writeFileSync(datasetJson, JSON.stringify({ ...dataset, masks }));
  const session = "participant=sub-001&session=ses-M000";
  const { layers, missing } = (await json(`/api/layers?${EVALUATION}&${session}`)).value;
  const image = await get(`/api/image?${EVALUATION}&${session}&layer=1`, known());
  writeFileSync(datasetJson, kept);
  const file = "sub-001_ses-M000_T1w.nii.gz";
  expect(layers).toEqual([
    { name: "image", kind: "image", file },
    { name: "template", kind: "mask", file: "sub-000_ses-M000_T1w.nii.gz" },
    { name: "own", kind: "mask", file },
    { name: "elsewhere", kind: "mask", file },
  ]);
  expect(image.body.equals(readFileSync(common))).toBe(true);
  expect(missing).toEqual([
    expect.stringMatching(/gone/),
    "The mask 'secret' is no image: /etc/hostname.",
    "The mask 'odd' cannot be read from [1,2].",
  ]);
});

it("follows no link that leads out of the dataset", async () => {
  const secret = join(folder, "secret.nii.gz");
  writeFileSync(secret, "secret");
  const image = join(bids, "sub-002", "ses-M000", "anat", "sub-002_ses-M000_T1w.nii.gz");
  const kept = readFileSync(image);
  rmSync(image);
  symlinkSync(secret, image);
  const { status, body } = await get(`/api/image?${EVALUATION}&participant=sub-002&session=ses-M000&layer=0`, known());
  rmSync(image);
  writeFileSync(image, kept);
  expect(status).toBe(404);
  expect(body.toString()).toMatch(/is outside the MAPS and its dataset/);
});

/** Reads the stream until `enough` of it is there. */
async function news(enough: (text: string) => boolean, meanwhile: () => void): Promise<string> {
  const end = new AbortController();
  const response = await fetch(`http://127.0.0.1:${served.port}/api/news`, { headers: known(), signal: end.signal });
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of response.body!) {
    if (text === "") meanwhile();
    text += decoder.decode(part, { stream: true });
    if (enough(text)) break;
  }
  end.abort();
  return text;
}
const told = (text: string) =>
  [...text.matchAll(/^data: (\{.*\})$/gm)].map(
    ([, line]) => JSON.parse(line!) as { kind: string } & Record<string, unknown>,
  );

it("tells what a training adds to its events, whole lines once, and not what was there before", async () => {
  const { eventsJsonl } = new Maps(maps).training.split(1);
  const kept = readFileSync(eventsJsonl);
  const line = (fields: object) => `${JSON.stringify({ n: 9000, time: 0, ...fields })}\n`;
  const batch = { kind: "batch", rates: { optimizer: [0.5] }, seconds: 1 };
  const text = await news(
    (text) => text.includes('"changed"'),
    () => {
      appendFileSync(eventsJsonl, line({ ...batch, epoch: 4, batch: 2, losses: { loss: 0.25 } }));
      const second = line({ ...batch, epoch: 4, batch: 4, losses: { loss: "NaN" } });
      appendFileSync(eventsJsonl, second.slice(0, 30));
      setTimeout(
        () =>
          appendFileSync(
            eventsJsonl,
            second.slice(30) + line({ kind: "epoch", epoch: 4, losses: { loss: 1 }, seconds: 2 }),
          ),
        100,
      );
    },
  );
  writeFileSync(eventsJsonl, kept);
  const points = told(text).filter(({ kind }) => kind === "points");
  expect(points.map(({ split }) => split)).toEqual(points.map(() => 1));
  expect(points.flatMap(({ losses }) => losses)).toEqual([
    { x: 3.5, values: { loss: 0.25 } },
    { x: 4, values: { loss: null } },
  ]);
  expect(points.flatMap(({ learningRates }) => learningRates)).toEqual([
    { x: 3.5, values: { optimizer: 0.5 } },
    { x: 4, values: { optimizer: 0.5 } },
  ]);
  expect(points.flatMap(({ epochLosses }) => epochLosses)).toEqual([{ x: 4, values: { loss: 1 } }]);
});

it("tells of a split that begins, of a file that was written anew, and of a split that is gone", async () => {
  const split = new Maps(maps).training.split(2);
  const begun = await news(
    (text) => text.includes('"curves"'),
    () => mkdirSync(join(split.path, ".clinicadl-ts"), { recursive: true }),
  );
  expect(told(begun)).toEqual([
    { kind: "changed", maps: 0 },
    { kind: "curves", maps: 0, split: 2 },
  ]);
  const anew = await news(
    (text) => text.includes('"curves"'),
    () => writeFileSync(split.eventsJsonl, ""),
  );
  expect(told(anew)).toEqual([
    { kind: "changed", maps: 0 },
    { kind: "curves", maps: 0, split: 2 },
  ]);
  const gone = await news(
    (text) => text.includes('"changed"'),
    () => rmSync(split.path, { recursive: true }),
  );
  expect(told(gone)).toEqual([{ kind: "changed", maps: 0 }]);
});
