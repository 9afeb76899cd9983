// Preloaded by `clinicadl run`: a script with `import` runs in a folder made by `npm init -y`, too, whose package.json says
// "type": "commonjs". Node looks at the syntax of a script only where package.json is silent; here it is looked at always.
import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import { keepCompiled } from "./compiled.mjs";

keepCompiled();

const AS_MODULE = { commonjs: "module", "commonjs-typescript": "module-typescript" };
// what V8 says of modules that it compiles as something else
const MODULE_SYNTAX =
  /Cannot use import statement outside a module|Unexpected token 'export'|Cannot use 'import\.meta' outside a module|await is only valid in async functions/;

// its one warning, that it is experimental, would be the first thing that users see
const { emitWarning } = process;
process.emitWarning = () => {};
stripTypeScriptTypes("");
process.emitWarning = emitWarning;

registerHooks({
  load(url, context, nextLoad) {
    const format = AS_MODULE[context.format];
    if (format === undefined || !url.startsWith("file:") || url.includes("/node_modules/") || !isModule(url, format)) {
      return nextLoad(url, context);
    }
    return nextLoad(url, { ...context, format });
  },
});

function isModule(url, format) {
  try {
    const text = readFileSync(fileURLToPath(url), "utf8").replace(/^#!.*/, "");
    const code = format === "module-typescript" ? stripTypeScriptTypes(text) : text;
    compileFunction(code, ["exports", "require", "module", "__filename", "__dirname"]);
    return false;
  } catch (error) {
    // any other mistake is Node's to tell
    return error instanceof SyntaxError && MODULE_SYNTAX.test(error.message);
  }
}
