import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

let folder = "";
let maps = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "watch-command-"));
  maps = join(folder, "maps");
  mkdirSync(join(maps, "training"), { recursive: true });
  writeFileSync(join(maps, "summary.log"), "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = join(import.meta.dirname, "index.ts");

it("is a command that loads no engine, prints the address, and ends at once", async () => {
  const child = spawn(process.execPath, [PROGRAM, "watch", maps, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
  const [printed] = await new Promise<Buffer[]>((done) => child.stdout.once("data", (data: Buffer) => done([data])));
  const { url, port } = JSON.parse(String(printed)) as { url: string; port: number };
  expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/\\?token=[\\w-]{32}$`));
  // with a stream open, which would keep a server from closing
  const stream = await fetch(`http://127.0.0.1:${port}/api/news${new URL(url).search}`);
  expect(stream.status).toBe(200);
  if (process.platform === "linux") {
    expect(readFileSync(`/proc/${child.pid}/maps`, "utf8")).not.toMatch(/libtorch/);
  }
  child.kill("SIGINT");
  expect(await new Promise((done) => child.once("exit", (code, signal) => done([code, signal])))).toEqual([0, null]);
});

it("says what is wrong with a port, and with what is no MAPS", async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  const { port } = other.address() as { port: number };
  const watch = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, "watch", ...args], { encoding: "utf8" });
    return { status, stdout, stderr };
  };
  expect(watch(maps, "--port", String(port))).toEqual({
    status: 1,
    stdout: "",
    stderr: `clinicadl: Port ${port} is in use. Give another with --port, or none: then a free one is taken.\n`,
  });
  other.close();
  expect(watch(maps, "--port", "80x").stderr).toMatch(/Give a number between 0 and 65535/);
  expect(watch(join(folder, "nothing")).stderr).toMatch(/nothing does not exist\. Check the path of the MAPS/);
  expect(watch(folder).stderr).toMatch(/is no MAPS/);
});
