import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addressOf } from "./address.ts";
import { DownloadError, downloaded, downloadTo } from "./index.ts";

const CONTENT = "weights, so to speak";
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

/** `downloaded` waits, so the server has a thread of its own. It answers by the path, and counts and notes requests. */
const SERVER = `
  const { createServer } = require("node:http");
  const { parentPort, workerData } = require("node:worker_threads");
  const seen = [];
  const answers = {
    "/file.pth": (_, response) => response.end(workerData.content),
    "/broken": (_, response) => {
      response.writeHead(200, { "content-length": 1000 });
      response.write("a part");
      setTimeout(() => response.destroy(), 20);
    },
    "/moved": (_, response) => response.writeHead(302, { location: "/file.pth" }).end(),
    "/away": (_, response) => response.writeHead(307, { location: other + "/file.pth" }).end(),
    "/round": (_, response) => response.writeHead(301, { location: "/round" }).end(),
    "/local": (_, response) => response.writeHead(302, { location: "file:///etc/hostname" }).end(),
    "/owner/name/resolve/main/a%20folder/file.pth": (_, response) =>
      response.writeHead(302, { location: other + "/file.pth", "x-linked-etag": '"' + workerData.sha256 + '"' }).end(),
    "/owner/name/resolve/v1/wrong.pth": (_, response) =>
      response.writeHead(302, { location: "/file.pth", "x-linked-etag": '"' + "0".repeat(64) + '"' }).end(),
    "/owner/name/resolve/main/secret.pth": (_, response) => response.writeHead(401).end(),
  };
  const answer = (request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization ?? null, port: request.socket.localPort });
    (answers[request.url] ?? ((_, r) => r.writeHead(404).end()))(request, response);
  };
  let other = "";
  const second = createServer(answer).listen(0, "127.0.0.1", () => {
    other = "http://127.0.0.1:" + second.address().port;
    const first = createServer(answer).listen(0, "127.0.0.1", () => parentPort.postMessage(first.address().port));
  });
  parentPort.on("message", () => parentPort.postMessage(seen.splice(0)));
`;

interface Seen {
  readonly url: string;
  readonly authorization: string | null;
  readonly port: number;
}

let server: Worker;
let port = 0;
let dir = "";
let env: Record<string, string> = {};
const requests = async (): Promise<Seen[]> => {
  const answer = new Promise<Seen[]>((resolve) => server.once("message", resolve));
  server.postMessage("seen");
  return await answer;
};
/** At which nothing listens. */
async function closedPort(): Promise<number> {
  const listening = createServer();
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  await new Promise((resolve) => listening.close(resolve));
  if (address === null || typeof address === "string") throw new TypeError("a port has a number");
  return address.port;
}
const url = (path: string) => `http://127.0.0.1:${port}${path}`;
const cached = () => readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

beforeAll(async () => {
  server = new Worker(SERVER, { eval: true, execArgv: [], workerData: { content: CONTENT, sha256: SHA256 } });
  port = await new Promise((resolve) => server.once("message", resolve));
});
afterAll(async () => {
  await server.terminate();
});
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "download-"));
  // without the proxies of this machine
  env = { XDG_CACHE_HOME: dir, HF_ENDPOINT: url("/"), HF_TOKEN: "secret" };
  await requests();
  return () => rmSync(dir, { recursive: true, force: true });
});

describe("a file from the web", () => {
  it("is downloaded once, kept under its checksum, and again if the copy is damaged", async () => {
    const remote = { url: url("/file.pth?download=true"), sha256: SHA256.toUpperCase() };
    expect(() => downloaded(remote, env)).toThrow(/\?download=true was not downloaded: the answer is '404 Not Found'/);
    const path = downloaded({ ...remote, url: url("/file.pth") }, env);
    expect(path).toBe(join(dir, "clinicadl/downloads", SHA256, "file.pth"));
    expect(readFileSync(path, "utf8")).toBe(CONTENT);
    downloaded({ ...remote, url: url("/file.pth") }, env);
    expect((await requests()).map((request) => request.url)).toEqual(["/file.pth?download=true", "/file.pth"]);
    writeFileSync(path, "damaged");
    downloaded({ ...remote, url: url("/file.pth") }, env);
    expect(readFileSync(path, "utf8")).toBe(CONTENT);
  });

  it("is had after redirects, without end or to a file of this machine excepted", () => {
    expect(readFileSync(downloaded({ url: url("/moved"), sha256: SHA256 }, env), "utf8")).toBe(CONTENT);
    expect(() => downloaded({ url: url("/round"), sha256: SHA256 }, env)).toThrow(/redirected without end/);
    expect(() => downloaded({ url: url("/local"), sha256: SHA256 }, env)).toThrow(
      /redirected to file:.*no web address/,
    );
  });

  it("leaves nothing when it breaks off, is another, or cannot be reached", async () => {
    const failing =
      (path: string, sha256 = SHA256) =>
      () =>
        downloaded({ url: url(path), sha256 }, env);
    expect(failing("/broken")).toThrow(/broke off after 6 of 1000 bytes \(.+\). Nothing is kept of it: try again/);
    expect(failing("/file.pth", "1".repeat(64))).toThrow(
      new RegExp(`has the SHA-256 ${SHA256}, and 1{64} is expected`),
    );
    const closed = await closedPort();
    expect(() => downloaded({ url: `http://127.0.0.1:${closed}/x`, sha256: SHA256 }, env)).toThrow(
      /cannot be reached: .*ECONNREFUSED.* On a machine without network, put the file at .*\/x, or give the path of a copy/,
    );
    expect(cached()).toEqual([]);
    expect(failing("/broken")).toThrow(DownloadError);
  });

  it("is downloaded to where PyTorch looks for it, if its name has the digits of its checksum", () => {
    const path = (digits: string) => join(dir, "checkpoints", `resnet-${digits}.pth`);
    const right = path(SHA256.slice(0, 8));
    downloadTo(right, url("/file.pth"), env);
    expect(readFileSync(right, "utf8")).toBe(CONTENT);
    const other = path("0".repeat(8));
    expect(() => downloadTo(other, url("/file.pth"), env)).toThrow(/and 0{8} is expected: it is another file/);
    expect(() => downloadTo(other, url("/none"), env)).toThrow(/404/);
    expect(() => downloadTo(join(dir, "resnet.pth"), url("/file.pth"), env)).toThrow(/has no digits of its SHA-256/);
    expect(cached().map(({ name }) => name)).toEqual([`resnet-${SHA256.slice(0, 8)}.pth`]);
  });

  it("needs a web address, and its checksum", () => {
    expect(() => downloaded({ url: "ftp://a/b", sha256: SHA256 }, env)).toThrow(/ftp:\/\/a\/b is not a web address/);
    expect(() => downloaded({ url: url("/file.pth"), sha256: null }, env)).toThrow(/needs the SHA-256/);
    const { place } = addressOf({ url: "https://a.org/x/..%2f..%2fetc", sha256: SHA256 }, {});
    expect(place).toBe(join(SHA256, ".._2f.._2fetc"));
    expect(addressOf({ url: "https://a.org/", sha256: SHA256 }, {}).place).toBe(join(SHA256, "file"));
  });
});

describe("a file of the hub", () => {
  it("is checked with what the hub says, and the token goes nowhere else", async () => {
    const remote = { url: "hf://owner/name/a folder/file.pth", sha256: null };
    const path = downloaded(remote, env);
    expect(path).toBe(join(dir, "clinicadl/downloads/hf/owner/name/main/a folder/file.pth"));
    downloaded(remote, env);
    const [first, second, ...others] = await requests();
    expect(first).toMatchObject({ port, authorization: "Bearer secret" });
    expect(second).toMatchObject({ url: "/file.pth", authorization: null });
    expect(second?.port).not.toBe(port);
    expect(others).toEqual([]);
    expect(() => downloaded({ url: "hf://owner/name@v1/wrong.pth", sha256: null }, env)).toThrow(
      /and 0{64} is expected/,
    );
    expect(existsSync(join(dir, "clinicadl/downloads/hf/owner/name/v1/wrong.pth"))).toBe(false);
  });

  it("says what is missing", () => {
    expect(() => downloaded({ url: "hf://owner/name/secret.pth", sha256: null }, env)).toThrow(
      /the answer is '401 Unauthorized'. If it is not public, HF_TOKEN must be/,
    );
    expect(() => downloaded({ url: "hf://owner/file.pth", sha256: null }, env)).toThrow(
      /expected hf:\/\/owner\/name\/file/,
    );
    expect(() => downloaded({ url: "hf://owner/name/../../x", sha256: null }, env)).toThrow(/is not a file of the hub/);
    expect(addressOf({ url: "hf://a/b/c", sha256: null }, {}).url).toBe("https://huggingface.co/a/b/resolve/main/c");
  });
});
