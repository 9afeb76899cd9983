// Loaded by every Node and worker thread under test:memory: where the addon is asked for, the one with AddressSanitizer is
// loaded, and a mark is left that it was. CommonJS, since worker threads do not wait for what is imported before them.
const { appendFileSync } = require("node:fs");
const process = require("node:process");

const { dlopen } = process;
const { CLINICADL_SANITIZED_ADDON: sanitized, CLINICADL_SANITIZED_LOADS: loads } = process.env;

process.dlopen = (module, path, ...rest) => {
  if (!path.endsWith("build/native/clinicadl.node")) return dlopen.call(process, module, path, ...rest);
  appendFileSync(loads, ".");
  return dlopen.call(process, module, sanitized, ...rest);
};
