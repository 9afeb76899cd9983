import os from "node:os";
import { expect, it } from "vitest";
import { networkInterface } from "./network-interface.ts";

const all = Object.values(os.networkInterfaces()).flatMap((entries) => entries ?? []);
const outer = all.filter((entry) => !entry.internal && entry.family === "IPv4").map((entry) => entry.address);

it.each(["127.0.0.1", "127.0.1.1", "::1"])("is the loopback where all are on one host, from %s", async (own) => {
  const name = await networkInterface(own, [own, "127.0.0.1"]);
  expect(os.networkInterfaces()[name]?.every((entry) => entry.internal)).toBe(true);
});

// a machine without a network has none of these
it.each(outer)("is the one that has the address %s, where others are elsewhere", async (address) => {
  const addresses = async (own: string) =>
    os.networkInterfaces()[await networkInterface(own, ["127.0.0.1", address])]?.map((entry) => entry.address);
  expect(await addresses(address)).toContain(address);
  // the place is on this host, which reaches it by the loopback
  expect(await addresses("127.0.0.1")).toContain(address);
});

it("is an error where no interface has the address", async () => {
  // of no network, by RFC 5737
  await expect(networkInterface("192.0.2.7", ["192.0.2.7", "127.0.0.1"])).rejects.toThrow(
    "no network interface has the address 192.0.2.7",
  );
});
