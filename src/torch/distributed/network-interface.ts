/**
 * By which of its network interfaces a process is reached by the others: the one by which it reaches the place where they meet. What
 * the name of its host resolves to says less: on many systems that is the loopback, which other hosts do not reach.
 */
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import os from "node:os";
import { ConfigError } from "../../utils/exceptions.ts";

/**
 * The name of this process' interface.
 * @param own the address by which it reached the meeting place.
 * @param all those of all processes. Of those on the host that the place is on, it may be the loopback.
 * @throws Error where there is no way to the others, or no interface that has the address.
 */
export async function networkInterface(own: string, all: readonly string[]): Promise<string> {
  const elsewhere = all.find((address) => !isLoopback(address));
  if (elsewhere === undefined) return named((entry) => entry.internal, own);
  const address = plain(isLoopback(own) ? await sourceTowards(elsewhere) : own);
  return named((entry) => entry.address === address, address);
}

/**
 * The interface that the environment names; null where it names none.
 * @throws ConfigError where this host has no such interface: gloo would say so without its name, and only when all have met.
 */
export function interfaceFromEnvironment(name: string | undefined): string | null {
  if (name === undefined || name === "") return null;
  const there = Object.keys(os.networkInterfaces());
  if (there.includes(name)) return name;
  throw new ConfigError(
    `The environment's GLOO_SOCKET_IFNAME is '${name}', and ${os.hostname()} has no network interface of that name with an address. It has ` +
      `${there.join(", ")}. Without the variable, it is that by which MASTER_ADDR is reached.`,
  );
}

const isLoopback = (address: string): boolean => address === "::1" || /^(::ffff:)?127\./.test(address);

/** As the table of interfaces has it: without the zone of a local one, and of IPv4 alone where a socket takes both. */
const plain = (address: string): string => address.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/, "");

function named(isIt: (entry: os.NetworkInterfaceInfo) => boolean, address: string): string {
  for (const [name, entries] of Object.entries(os.networkInterfaces())) if (entries?.some(isIt)) return name;
  throw new Error(`no network interface has the address ${address}`);
}

/** The address that what is sent to another comes from. Nothing is sent: it is the routes of this host that know. */
async function sourceTowards(address: string): Promise<string> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  try {
    await new Promise<void>((done, fail) => {
      socket.once("error", fail);
      // some port: it is not sent to
      socket.connect(9, address, done);
    });
    return socket.address().address;
  } finally {
    socket.close();
  }
}
