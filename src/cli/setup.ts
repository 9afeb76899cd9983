import type { Command } from "commander";

/** `clinicadl setup`: finds or fetches libtorch and builds the addon. */
export function registerSetup(program: Command): void {
  program
    .command("setup")
    .description("find or fetch libtorch, build the addon; does what is missing and nothing twice")
    .addHelpText(
      "after",
      "\nEnvironment:\n" +
        "  CLINICADL_LIBTORCH  the torch folder of a PyTorch of 2.11 to 2.15, to be taken\n" +
        "  CLINICADL_CUDA      1 or 0: with or without CUDA, whatever GPU is found\n" +
        "  XDG_CACHE_HOME      where downloads are kept (default ~/.cache)\n" +
        "  CXX                 the C++ compiler",
    )
    .action(async () => {
      // plain JavaScript outside src/, since it also runs before src/ is compiled
      const { main } = (await import(new URL("../../scripts/setup.mjs", import.meta.url).href)) as {
        main(args: string[]): Promise<void>;
      };
      await main([]);
    });
}
