import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findTools } from "./addon.mjs";
import { FakeMachine, writeProgram } from "./fake-machine.ts";
import { installModules, modulesNeeded } from "./node-modules.mjs";
import { asSetupError, SetupError } from "./report.mjs";
import { hashOf } from "./stamp.mjs";

describe("the tools that build the addon", () => {
  it("are named one by one when they are missing, with the way to get them", async () => {
    using machine = new FakeMachine(["cat"]);
    await expect(findTools(machine.env)).rejects.toThrow(/CMake was not found[\s\S]*apt install cmake/);
    writeProgram(join(machine.bin, "cmake"), "#!/bin/sh\necho cmake version 3.10.2\n");
    await expect(findTools(machine.env)).rejects.toThrow(/version 3\.10; 3\.20 or newer[\s\S]*pip install cmake/);
    writeProgram(join(machine.bin, "cmake"), "#!/bin/sh\necho cmake version 3.25.1\n");
    await expect(findTools(machine.env)).rejects.toThrow(/No C\+\+ compiler[\s\S]*apt install g\+\+/);
    writeProgram(join(machine.bin, "c++"), "#!/bin/sh\necho \"unrecognized option '-std=c++20'\" >&2\nexit 1\n");
    await expect(findTools(machine.env)).rejects.toThrow(/cannot compile C\+\+20[\s\S]*set CXX/);
    writeProgram(join(machine.bin, "c++"), "#!/bin/sh\ncat >/dev/null\n");
    await expect(findTools(machine.env)).rejects.toThrow(/Neither make nor ninja/);
    writeProgram(join(machine.bin, "ninja"), "#!/bin/sh\n");
    expect(await findTools(machine.env)).toMatchObject({ generator: ["-G", "Ninja"] });
  });
});

describe("npm ci", () => {
  function project(machine: FakeMachine, installed: object): string {
    const root = machine.path("project");
    const entry = { version: "1.0.0", integrity: "sha512-x" };
    const wanted = { "": {}, "node_modules/a": entry, "node_modules/other-platform": { ...entry, optional: true } };
    mkdirSync(join(root, "node_modules", "a"), { recursive: true });
    writeFileSync(join(root, "node_modules", "a", "package.json"), "{}");
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: wanted }));
    writeFileSync(join(root, "node_modules", ".package-lock.json"), JSON.stringify({ packages: installed }));
    return root;
  }

  it("is needed only when what is installed is not what the lock asks for", () => {
    using machine = new FakeMachine();
    const right = { version: "1.0.0", integrity: "sha512-x" };
    expect(modulesNeeded(machine.path("fresh"))).toMatch(/missing/);
    expect(modulesNeeded(project(machine, { "node_modules/a": right }))).toBeUndefined();
    expect(modulesNeeded(project(machine, { "node_modules/a": { ...right, version: "0.9.0" } }))).toMatch(
      /0\.9\.0, not 1\.0\.0/,
    );
    expect(modulesNeeded(project(machine, {}))).toMatch(/node_modules\/a is missing/);
  });

  it("says why it failed without npm's usage", async () => {
    using machine = new FakeMachine();
    await expect(installModules(machine.folder, machine.env)).rejects.toThrow(/npm was not found/);
    writeProgram(
      join(machine.bin, "npm"),
      "#!/bin/sh\necho 'npm error code EUSAGE'\necho 'npm error Missing: a@1'\necho 'npm error Clean install a project'\necho noise\nexit 1\n",
    );
    const failed = installModules(machine.folder, machine.env);
    await expect(failed).rejects.toThrow(
      /Missing: a@1\npackage.json and package-lock.json do not agree: run npm install/,
    );
    writeProgram(join(machine.bin, "npm"), "#!/bin/sh\necho 'npm error code ENOSPC'\nexit 1\n");
    await expect(installModules(machine.folder, machine.env)).rejects.toThrow(/The disk is full/);
  });

  it("is tried once more when the network fails, and no more than once", async () => {
    using machine = new FakeMachine(["touch"]);
    const once = machine.path("once");
    const npm = (end: string) =>
      writeProgram(
        join(machine.bin, "npm"),
        `#!/bin/sh\nif [ -e ${once} ]; then ${end}; fi\ntouch ${once}\necho 'npm error code ECONNRESET'\nexit 1\n`,
      );
    npm("exit 0");
    await installModules(machine.folder, machine.env);
    rmSync(once);
    npm("echo 'npm error code ETIMEDOUT'; exit 1");
    await expect(installModules(machine.folder, machine.env)).rejects.toThrow(/ETIMEDOUT[\s\S]*Check the network/);
  });
});

describe("messages", () => {
  it("turn what the system refuses into a way out, and nothing else", () => {
    const refused = (code: string) => asSetupError(Object.assign(new Error(code), { code }), "somewhere");
    expect(refused("ENOSPC")).toBeInstanceOf(SetupError);
    expect(refused("EROFS").message).toMatch(/may not write to somewhere/);
    expect(refused("EINVAL")).not.toBeInstanceOf(SetupError);
  });
});

describe("stamps", () => {
  it("change with a file's content, its name and the further facts", () => {
    using machine = new FakeMachine();
    const [a, b] = [machine.path("a"), machine.path("b")];
    writeFileSync(a, "1");
    writeFileSync(b, "1");
    const hashes = [hashOf(machine.folder, [a]), hashOf(machine.folder, [b]), hashOf(machine.folder, [a], ["x"])];
    writeFileSync(a, "2");
    hashes.push(hashOf(machine.folder, [a]));
    expect(new Set(hashes).size).toBe(4);
  });
});
