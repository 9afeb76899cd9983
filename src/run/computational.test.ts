import process from "node:process";
import { afterEach, describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { DETERMINISTIC, GLOBAL_SEED } from "../utils/seed.ts";
import { receiveWarnings } from "../utils/warnings.ts";
import { ComputationalConfig } from "./computational.ts";

afterEach(() => {
  delete process.env[GLOBAL_SEED];
  delete process.env[DETERMINISTIC];
  receiveWarnings((message) => process.stderr.write(message));
});
const fields = (options = {}) => new ComputationalConfig(options).toDict();

describe("ComputationalConfig", () => {
  it("asks the machine whether there is a GPU, and mixes precisions there (D2)", () => {
    const gpu = torch.cuda.isAvailable();
    const rest = { non_blocking: true, channels_last: true, seed: null, deterministic: false };
    expect(fields()).toEqual({ gpu, amp: gpu, ...rest });
    expect(fields({ gpu: true })).toEqual({ gpu: true, amp: true, ...rest });
    expect(fields({ gpu: false })).toEqual({ gpu: false, amp: false, ...rest });
    expect(fields({ gpu: false, amp: true })).toEqual({ gpu: false, amp: true, ...rest });
    expect(new ComputationalConfig({ gpu: true }).device).toBe("cuda");
    expect(new ComputationalConfig({ gpu: false }).device).toBe("cpu");
  });

  it("leaves mixed precision out of a training where the processor has no bfloat16, and says so", () => {
    const asked = new ComputationalConfig({ gpu: false, amp: true, seed: 3 });
    const said: string[] = [];
    receiveWarnings((message) => said.push(message));
    const begin = (config: ComputationalConfig, onednn: string | null) => config.forTraining({ onednn });
    for (const onednn of ["AVX512_CORE_BF16", "AVX512_CORE_AMX", null]) expect(begin(asked, onednn)).toBe(asked);
    expect(begin(new ComputationalConfig({ gpu: false, amp: false }), "AVX2").amp).toBe(false);
    expect(said).toEqual([]);
    for (const onednn of ["AVX2", "AVX512_CORE_VNNI"])
      expect(begin(asked, onednn).toDict()).toEqual({ ...asked.toDict(), amp: false });
    expect(said).toEqual(Array(2).fill(expect.stringMatching(/no instructions for bfloat16/)));
    const gpu = new ComputationalConfig({ gpu: true, amp: true });
    expect(begin(gpu, "AVX2")).toBe(gpu);
  });

  it("takes seed and determinism of the process, unless it has its own", () => {
    process.env[GLOBAL_SEED] = "7";
    process.env[DETERMINISTIC] = "true";
    expect(fields()).toMatchObject({ seed: 7, deterministic: true });
    expect(fields({ seed: 8, deterministic: false })).toMatchObject({ seed: 8, deterministic: false });
    expect(fields({ seed: null })).toMatchObject({ seed: null });
    process.env[GLOBAL_SEED] = "seven";
    expect(() => new ComputationalConfig()).toThrow(/'seed' got NaN/);
  });

  it("scales losses in float16 only, that is on a GPU", () => {
    const enabled = (gpu: boolean, amp: boolean) => {
      using scaler = new ComputationalConfig({ gpu, amp }).getScaler();
      return scaler.isEnabled();
    };
    expect([enabled(true, true), enabled(true, false), enabled(false, true)]).toEqual([true, false, false]);
  });

  it("goes to ClinicaDL's JSON and back, without name", () => {
    const config = new ComputationalConfig({ gpu: false, amp: true, seed: 3, nonBlocking: false, channelsLast: false });
    const dict = JSON.parse(JSON.stringify(config.toDict()));
    expect(Object.keys(dict)).toEqual(["gpu", "non_blocking", "amp", "channels_last", "seed", "deterministic"]);
    process.env[GLOBAL_SEED] = "9";
    expect(ComputationalConfig.fromDict(dict).toDict()).toEqual(dict);
    // null was recorded: it does not mean the seed of now
    expect(ComputationalConfig.fromDict({ ...dict, seed: null }).toDict()).toMatchObject({ seed: null });
    const { amp: _, ...less } = dict;
    expect(() => ComputationalConfig.fromDict(less)).toThrow(/missing 'amp'/);
    expect(() => ComputationalConfig.fromDict({ ...dict, tpu: true })).toThrow(/unknown 'tpu'/);
  });

  it("writes what ClinicaDL does not have where it is used only", () => {
    const ours = { syncBatchnorm: true, gradientCompression: "bfloat16", fullyShardedDataParallel: true } as const;
    const dict = JSON.parse(JSON.stringify(new ComputationalConfig({ gpu: false, ...ours }).toDict()));
    expect(dict).toMatchObject({
      sync_batchnorm: true,
      gradient_compression: "bfloat16",
      fully_sharded_data_parallel: true,
    });
    expect(ComputationalConfig.fromDict(dict).toDict()).toEqual(dict);
    const plain = new ComputationalConfig({ gpu: false });
    const { syncBatchnorm, gradientCompression, fullyShardedDataParallel } = plain;
    expect([syncBatchnorm, gradientCompression, fullyShardedDataParallel]).toEqual([false, null, false]);
  });

  it("is shown as ClinicaDL shows it", () => {
    expect(String(new ComputationalConfig({ gpu: false }))).toBe(
      "gpu=False non_blocking=True amp=False channels_last=True seed=None deterministic=False",
    );
  });

  it.each<[object, RegExp]>([
    [{ gpu: "yes" }, /'gpu' got 'yes'/],
    [{ seed: -1 }, /'seed' got -1/],
    [{ seed: 2 ** 32 }, /'seed' got 4294967296/],
    [{ seed: 0.5 }, /'seed' got 0\.5/],
    [{ gradientCompression: "int8" }, /'gradientCompression' got 'int8'.*"float16"/],
    [{ channelLast: true }, /unknown option 'channelLast'/],
  ])("refuses %o", (options, message) => {
    expect(() => new ComputationalConfig(options)).toThrow(message);
  });

  it("says of a GPU that is not there what to do, in one sentence", () => {
    const check = () => new ComputationalConfig({ gpu: true }).takeDevice();
    if (torch.cuda.isAvailable()) check();
    else
      expect(check).toThrow(
        /'gpu' is true, but .*\. Use new ComputationalConfig\(\{ gpu: false \}\), or leave gpu out\./,
      );
    new ComputationalConfig({ gpu: false }).takeDevice();
  });
});
