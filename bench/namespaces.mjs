// For `npm run bench -- ranks --namespaces` and `npm run test:launchers -- --namespaces`: two network namespaces as two hosts, and a cable of so many
// bits a second between them, with a delay or none of its own. They meet over TCP at the address of the first. Linux, as root, with iproute2.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { Cable } from "./cable.mjs";

const NAMES = ["clinicadl-bench-0", "clinicadl-bench-1"];
const DEVICES = ["cdl0", "cdl1"];
const ADDRESSES = ["10.77.0.1", "10.77.0.2"];

/** @param words of a command, without spaces in them. */
function call(words) {
  const [command, ...args] = words.split(" ");
  const { status, error, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${words}: ${error?.message ?? stderr.trim()}`);
}
const inside = (which, words) => call(`ip netns exec ${NAMES[which]} ${words}`);

/** Two hosts, until they are disposed. */
export class Hosts {
  /** @type {Cable | null} */
  #cable = null;

  /** @param {number | null} delayMs for which a program holds each packet, each way; null: the kernel joins them, without one. */
  static async start(delayMs = null) {
    const hosts = new Hosts();
    // what a run has left that was ended from outside
    hosts[Symbol.dispose]();
    for (const name of NAMES) call(`ip netns add ${name}`);
    try {
      await hosts.#join(delayMs);
    } catch (problem) {
      hosts[Symbol.dispose]();
      throw problem;
    }
    return hosts;
  }

  async #join(delayMs) {
    const veth = `type veth peer name ${DEVICES[1]} netns ${NAMES[1]}`;
    if (delayMs === null) call(`ip link add ${DEVICES[0]} netns ${NAMES[0]} ${veth}`);
    else this.#cable = await Cable.between(delayMs, NAMES, DEVICES);
    for (const which of [0, 1]) {
      inside(which, `ip address add ${ADDRESSES[which]}/24 dev ${DEVICES[which]}`);
      inside(which, `ip link set ${DEVICES[which]} up`);
      inside(which, "ip link set lo up");
    }
  }

  /** @param gigabits a second, each way; null: as fast as this machine copies. */
  cable(gigabits) {
    // what may be sent at once: what the rate gives between two ticks of the kernel
    const bucket = `tbf rate ${gigabits}gbit burst ${gigabits * 500}kb latency 50ms`;
    for (const which of [0, 1]) {
      inside(which, `tc qdisc replace dev ${DEVICES[which]} root ${gigabits === null ? "pfifo limit 1000" : bucket}`);
    }
  }

  /** By which address the other reaches it. @param {number} which */
  address(which) {
    return ADDRESSES[which];
  }

  /** What stands before a command that is run in one of them. @param {number} which */
  enter(which) {
    return ["ip", "netns", "exec", `${NAMES[which]}`];
  }

  /** How a program is run in one of them, and where they meet. */
  place(which, port) {
    return {
      command: [...this.enter(which), process.execPath],
      meeting: `tcp://${ADDRESSES[0]}:${port}`,
      device: DEVICES[which],
    };
  }

  [Symbol.dispose]() {
    this.#cable?.[Symbol.dispose]();
    for (const name of NAMES) spawnSync("ip", ["netns", "delete", name]);
  }
}
