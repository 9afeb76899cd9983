/** The live page of some MAPS, served to the machine that it runs on. */
export { type Served, type ServeOptions, serve } from "./server.ts";
