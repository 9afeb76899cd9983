import { createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { freePort } from "./fixtures/free-port.ts";
import { untilListening } from "./listening.ts";

const server = createServer((socket) => void socket.destroy());
afterEach(() => void server.close());

it("waits for who comes later", async () => {
  const port = await freePort();
  let listens = false;
  const waited = untilListening("127.0.0.1", port, 600_000).then((from) => ({ from, listens }));
  await new Promise((done) => setTimeout(done, 500));
  await new Promise<void>((done) => {
    server.listen(port, "127.0.0.1", done);
  });
  listens = true;
  expect(await waited).toEqual({ from: "127.0.0.1", listens: true });
});

it("says why, when the time is over", async () => {
  const port = await freePort();
  await expect(untilListening("127.0.0.1", port, 1000)).rejects.toThrow(`connect ECONNREFUSED 127.0.0.1:${port}`);
  await expect(untilListening("localhost", port, 1000)).rejects.toThrow(/^connect ECONNREFUSED/);
  await expect(untilListening("no-such-host.invalid", port, 1000)).rejects.toThrow(/no-such-host\.invalid/);
});
