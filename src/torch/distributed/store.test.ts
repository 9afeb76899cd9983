import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { native } from "../native.ts";
import { freePort } from "./fixtures/free-port.ts";

/** A way to a port of this machine that takes `ms` in each direction. */
async function slowWay(port: number, ms: number): Promise<{ port: number; close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    sockets.push(near, far);
    near.on("data", (data) => setTimeout(() => far.write(data), ms));
    far.on("data", (data) => setTimeout(() => near.write(data), ms));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

it("what is in the store is read, though its answer takes longer than the limit", async () => {
  const port = await freePort();
  const store = await native.tcpStore("127.0.0.1", port, true, 30_000);
  const way = await slowWay(port, 30);
  const far = await native.tcpStore("127.0.0.1", way.port, false, 30_000);
  try {
    await native.storeSet(store, "host/2", "here");
    expect(await native.storeGet(far, "host/2", 1)).toBe("here");
    await expect(native.storeGet(far, "host/1", 1)).rejects.toThrow(/timeout/);
    expect(await native.storeGet(far, "host/2", 1)).toBe("here");
  } finally {
    native.storeClose(far);
    native.storeClose(store);
    way.close();
  }
});
