import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Options = { readonly [name: string]: unknown };

const golden = JSON.parse(readFileSync(new URL("golden/networks.json", import.meta.url), "utf8")) as Record<
  string,
  { readonly config: Options & { readonly name_: string } }
>;

/** The values of each option, those of `conv_args` and `mlp_args` as well. */
function valuesOf(configs: readonly Options[], prefix = ""): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const config of configs) {
    for (const [name, value] of Object.entries(config)) {
      if (name === "conv_args" || name === "mlp_args") continue;
      const key = `${prefix}${name}`;
      found.set(key, (found.get(key) ?? new Set()).add(JSON.stringify(value)));
    }
  }
  for (const part of ["conv_args", "mlp_args"]) {
    const inner = configs.flatMap(({ [part]: value }) =>
      value === undefined || value === null ? [] : [value as Options],
    );
    if (inner.length > 0) for (const [key, values] of valuesOf(inner, `${part}.`)) found.set(key, values);
  }
  found.delete("name_");
  return found;
}

describe("what is compared with the original has two values of each option, so that one that is not looked at is found", () => {
  const classes = [...new Set(Object.values(golden).map(({ config }) => config.name_))].sort();
  it("of all networks whose layers are chosen", () => {
    expect(classes).toEqual([
      ...["AttentionUNet", "AutoEncoder", "CNN", "ConvDecoder", "ConvEncoder", "DenseNet", "Generator", "MLP"],
      ...["ResNet", "SEResNet", "UNet", "VAE", "ViT"],
    ]);
  });
  it.each(classes)("%s", (name) => {
    const configs = Object.values(golden).flatMap(({ config }) => (config.name_ === name ? [config] : []));
    // each written config has all options: that is compared when it is read
    const values = valuesOf(configs);
    expect([...values].flatMap(([option, seen]) => (seen.size < 2 ? [option] : []))).toEqual([]);
  });
});
