import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freePort } from "./fixtures/free-port.ts";
import { type Ended, launch } from "./fixtures/launch.ts";

const PROGRAM = join(import.meta.dirname, "fixtures", "meeting-program.ts");

/** As a launcher that leaves those alone whose neighbour has ended. */
async function start(
  size: number,
  scenario: string,
  limit = "300",
  more: Readonly<Record<string, string>> = {},
): Promise<{ ended: Ended[]; place: string }> {
  const port = await freePort();
  const place = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${port}`, CLINICADL_JOIN_TIMEOUT: limit };
  return { ended: await launch(size, PROGRAM, scenario, { ...place, ...more }), place: `127.0.0.1:${port}` };
}
/** Of an error that ended a process: its class and message. */
const errorOf = ({ errors }: Ended | { errors: string }): string => /^\w*Error: .*$/m.exec(errors)?.[0] ?? errors;

describe("processes that meet", () => {
  it.each([2, 3])("hear of each other (%i)", async (size) => {
    const { ended } = await start(size, "meet");
    const all = Array.from({ length: size }, (_, rank) => `from ${rank}`);
    for (const { code, output, errors } of ended) {
      expect(code, errors).toBe(0);
      expect(JSON.parse(output)).toEqual(all);
      expect(errors).toBe("");
    }
  });

  it("reach each other by the interface by which they reach the place, where none is named", async () => {
    const { ended } = await start(2, "meet", "300", { GLOO_SOCKET_IFNAME: "", MASTER_ADDR: "localhost" });
    for (const { code, output, errors } of ended) {
      expect(code, errors).toBe(0);
      expect(JSON.parse(output)).toEqual(["from 0", "from 1"]);
    }
  });

  it("say who has not come within CLINICADL_JOIN_TIMEOUT, and who has", async () => {
    const { ended, place } = await start(3, "kill-1", "20");
    expect(ended[1]?.code).toBeNull();
    for (const rank of [0, 2]) {
      const [missing, there] = /has not come, (.*) has\./.exec(ended[rank]?.errors ?? "") ?? [];
      expect(missing, ended[rank]?.errors).toBeDefined();
      expect(there).toMatch(/^rank 0 \(.+, process \d+\), rank 2 \(.+, process \d+\)$/);
      expect(ended[rank]?.errors).toContain(
        `Rank ${rank} of 3 (as the environment says) has not met the others at ${place} within 20 s: rank 1 has not come`,
      );
      expect(ended[rank]?.code).toBe(1);
    }
  });

  it("say that rank 0 does not answer, where it has not come", async () => {
    const { ended, place } = await start(2, "kill-0", "10");
    expect(errorOf(ended[1] ?? { errors: "" })).toContain(`at ${place} within 10 s: rank 0 does not answer there`);
  });

  it("say that another program listens where rank 0 is to", async () => {
    const other = createServer();
    const port = await new Promise<number>((done) => {
      other.listen(0, "127.0.0.1", () => done((other.address() as AddressInfo).port));
    });
    const place = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${port}`, CLINICADL_JOIN_TIMEOUT: "10" };
    try {
      // that of rank 1 would be a client of the other program
      const [first] = await launch(1, PROGRAM, "meet", { ...place, WORLD_SIZE: "2" });
      expect(first?.code).toBe(1);
      expect(errorOf(first ?? { errors: "" })).toMatch(
        new RegExp(`^DistributedError: Rank 0 of 2 .* listens at port ${port}\\. End it, or give all processes`),
      );
    } finally {
      other.close();
    }
  });

  it("are a group of one, where a launcher has started one", async () => {
    const [only] = await launch(1, PROGRAM, "meet");
    expect(only?.code, only?.errors).toBe(0);
    expect(JSON.parse(only?.output ?? "")).toEqual(["from 0"]);
  });

  it("are not taken for those of another training that comes to their place", async () => {
    const place = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${await freePort()}`, WORLD_SIZE: "3" };
    const come = async (rank: number, launched: string) => {
      const [ended] = await launch(1, PROGRAM, "meet", { ...place, RANK: `${rank}`, TORCHELASTIC_RUN_ID: launched });
      return ended ?? { code: null, output: "", errors: "nothing ended" };
    };
    const first = come(0, "one");
    const other = await come(1, "two");
    expect(other.code).toBe(1);
    expect(errorOf(other)).toMatch(
      /^DistributedError: Rank 1 of 3 .* cannot meet the others at 127.*: rank 0 of another, .+, process \d+, has come there before\. Is it/,
    );
    // of the same name, as where a launcher gives none: the one that came later ends
    const twice = [come(1, "one"), come(1, "one")];
    const later = await Promise.race(twice);
    expect(later.code).toBe(1);
    expect(errorOf(later)).toMatch(
      /: another rank 1, .+, process \d+, has come there before\. Is it .* another MASTER_PORT\.$/,
    );
    const all = await Promise.all([first, come(2, "one"), ...twice]);
    const met = all.filter(({ code }) => code === 0);
    expect(met.map(({ output }) => JSON.parse(output))).toEqual(Array(3).fill(["from 0", "from 1", "from 2"]));
  });

  it("say which network interface is not there, before they meet", async () => {
    const { ended } = await start(2, "meet", "300", { GLOO_SOCKET_IFNAME: "none-7" });
    for (const one of ended) {
      expect(one.code).toBe(1);
      expect(errorOf(one)).toContain("ConfigError: The environment's GLOO_SOCKET_IFNAME is 'none-7', and ");
    }
  });

  it.each(["soon", "0", "-5", "Infinity"])("do not take %s for seconds", async (limit) => {
    const { ended } = await start(2, "meet", limit);
    for (const one of ended) {
      expect(errorOf(one)).toBe(
        `ConfigError: The environment's CLINICADL_JOIN_TIMEOUT is '${limit}'. Expected seconds, more than 0.`,
      );
      expect(one.code).toBe(1);
    }
  });
});

// with a limit of 300 s, they would be waited for beyond the time of a test
describe("processes of which one ends with an error before they meet", () => {
  it.each([
    ["throw-0", 0, "no such disk"],
    ["throw-1", 1, "no such disk"],
    ["throw-2", 2, "no such disk"],
    ["note-0", 0, "the file has no rows"],
    ["note-2", 2, "the file has no rows"],
    ["exit-1", 1, "it ended with exit code 3"],
  ])("end with that error, its rank, host and process: %s", async (scenario, victim, message) => {
    const { ended } = await start(3, scenario);
    const host = os.hostname().replaceAll(".", "\\.");
    for (const [rank, one] of ended.entries()) {
      if (rank === victim) continue;
      expect(one.code, one.errors).toBe(1);
      expect(errorOf(one)).toMatch(
        new RegExp(
          `^DistributedError: Rank ${rank} of 3 \\(as the environment says\\) has not met the others, because there was an error in ` +
            `rank ${victim} \\(${host}, process \\d+\\): ${message}$`,
        ),
      );
    }
    const { code, errors } = ended[victim] ?? {};
    expect(code).toBe(scenario.startsWith("exit") ? 3 : 1);
    if (scenario.startsWith("throw")) expect(errors).toContain("RangeError: no such disk");
  });

  it("end, where all of them have one, each with its own", async () => {
    const { ended } = await start(3, "all");
    for (const [rank, one] of ended.entries()) {
      expect(errorOf(one)).toBe(`Error: nothing goes in ${rank}`);
      expect(one.code).toBe(1);
    }
  });
});
