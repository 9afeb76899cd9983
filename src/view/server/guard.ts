import { timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";

/** Names of this machine for itself. Another name in `Host` is that of a page elsewhere whose name was pointed here (DNS rebinding). */
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * What the browser may do with what it gets: nothing leaves this machine, nothing but the package's own scripts runs, and no other page
 * frames it. Pictures may be made by the page itself, as may WebAssembly, with which NiiVue decodes some images.
 */
const HEADERS: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'self'; img-src 'self' data: blob:; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  // what is read changes while a training goes on
  "Cache-Control": "no-store",
};

/**
 * Lets through who knows the token: from the address that was printed (then from a cookie, which other pages cannot make the browser
 * send), or from the header `Authorization: Bearer <token>`. Others get 403, other methods than GET and HEAD 405.
 */
export function guard(token: string): MiddlewareHandler {
  // cookies know no ports: several of these pages may be open
  const cookie = `clinicadl-${token.slice(0, 8)}`;
  return async (context, next) => {
    const { req } = context;
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
    if (!LOOPBACK.has(nameOf(req.header("host") ?? ""))) {
      return context.text("This page is for the machine that it runs on: open it as 127.0.0.1 or localhost.\n", 403);
    }
    if (req.method !== "GET" && req.method !== "HEAD") {
      return context.text("Nothing can be written through this page.\n", 405, { Allow: "GET, HEAD" });
    }
    const asked = req.query("token");
    const [, bearer] = /^Bearer (\S+)$/.exec(req.header("authorization") ?? "") ?? [];
    const given = asked ?? bearer ?? getCookie(context, cookie);
    if (given === undefined || !isEqual(given, token)) {
      return context.text("Open the address that `clinicadl watch` has printed, with its token.\n", 403);
    }
    if (asked !== undefined) setCookie(context, cookie, token, { httpOnly: true, sameSite: "Strict", path: "/" });
    return await next();
  };
}

/** Without the port, which is another where the address is forwarded (`ssh -L`). */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

/** In a time that does not tell how much of it was right. */
function isEqual(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
