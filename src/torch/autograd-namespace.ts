/** `torch.autograd`: gradients, modes, functions of one's own. */
export * from "./autograd.ts";
export { defineFunction, type FunctionContext, type FunctionDefinition } from "./function.ts";
