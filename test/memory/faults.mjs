// Whether AddressSanitizer sees what it is there for: programs with one fault each, which must not live on.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

/**
 * The faults, what is done, and what must stand in the report. 1001 bytes: an overrun by one is seen.
 * @type {[string, string, RegExp][]}
 */
const FAULTS = [
  [
    "a read beyond a tensor's end",
    "faults.readBeyond(torch.ones([1001], { dtype: 'uint8' }).view_().buffer)",
    /use-after-poison|heap-buffer-overflow/,
  ],
  [
    "a write beyond a tensor's end",
    "faults.writeBeyond(torch.ones([100_001], { dtype: 'uint8' }).view_().buffer)",
    /use-after-poison|heap-buffer-overflow/,
  ],
  [
    "a write beyond a tensor's end by what is not instrumented",
    "const x = torch.ones([1001], { dtype: 'uint8' }); faults.writeBeyondUnseen(torch.narrow(x, 0, 0, 1001).view_().buffer); globalThis.given = null; x.dispose(); await new Promise((resolve) => setTimeout(resolve)); gc(); await new Promise((resolve) => setTimeout(resolve, 50)); gc(); torch.ones([1]).dispose(); await new Promise((resolve) => setTimeout(resolve, 50))",
    /AddressSanitizer[\s\S]*allocator\.cc/,
  ],
  [
    "a read of a tensor that is gone",
    `(() => { const x = torch.ones([1000]); faults.remember(x.view_().buffer); x.dispose(); })();
     await new Promise((resolve) => setTimeout(resolve)); gc(); await new Promise((resolve) => setTimeout(resolve, 50)); gc();
     faults.readRemembered()`,
    /heap-use-after-free/,
  ],
  [
    "a read by the addon's own kernel",
    `const x = torch.toChannelsLast(torch.ones([1, 16, 4, 4, 4])); faults.forbid(x.permute([0, 2, 3, 4, 1]).view_().buffer);
     torch.normActPool(x, { weight: null, bias: null, runningMean: null, runningVar: null, training: true, groups: 16, slope: 0, pool: true, momentum: 0.1, eps: 1e-5 })`,
    /use-after-poison[\s\S]*norm_act_pool/,
  ],
  [
    "a copy by the addon",
    "const x = torch.ones([1000]); faults.forbid(x.view_().buffer); x.toBytes()",
    /use-after-poison[\s\S]*bytes\.cc/,
  ],
];

/** Those of the faults that went unseen, and what happened in their place; a program without a fault must end well. */
export function tryFaults({ root, folder, compiler, headers, env, takeReports }) {
  const addon = join(folder, "faults.node");
  const options = ["-fsanitize=address", "-g", "-O1", "-fPIC", "-shared", "-std=c++20", `-I${headers}`, "-o", addon];
  const built = spawnSync(compiler, [...options, join(root, "test/memory/faults.cc")], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(`${compiler} could not build test/memory/faults.cc: ${built.stderr}`);
  const index = JSON.stringify(pathToFileURL(join(root, "src/torch/index.ts")).href);
  const unseen = [];
  /** @type {[string, string, null]} */
  const none = ["no fault", "torch.ones([1000]).view_()", null];
  for (const [name, code, expected] of [none, ...FAULTS]) {
    const program = `import { createRequire } from "node:module";
      const torch = await import(${index});
      const faults = createRequire("/")(${JSON.stringify(addon)});
      ${code};
      console.log("lived on");`;
    const { stdout } = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", program], {
      cwd: root,
      env,
      encoding: "utf8",
    });
    const reports = takeReports();
    const lived = String(stdout).includes("lived on");
    const right =
      expected === null ? lived && reports.length === 0 : !lived && reports.some((text) => expected.test(text));
    if (!right)
      unseen.push(`${name} (${lived ? "the program lived on" : (reports[0] ?? "the program ended without a report")})`);
  }
  return unseen;
}
