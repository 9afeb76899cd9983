import { findProgram } from "../system/program.ts";

/**
 * The Chromium of the tests of the live page: CLINICADL_CHROMIUM names one; else that of the system.
 * @throws Error that says how to get one.
 */
export function findChromium(): string {
  const named = process.env.CLINICADL_CHROMIUM;
  if (named) return named;
  return findProgram({
    who: "The tests of the live page",
    names: ["chromium", "chromium-browser", "google-chrome"],
    packages: ["chromium"],
    instead: "or name one in CLINICADL_CHROMIUM",
  });
}
