import { afterEach, expect, it } from "vitest";
import { forgetWarnings, receiveWarnings, warn, warnOnce } from "./warnings.ts";

afterEach(() => forgetWarnings());

it("gives each warning to the receiver, and those with a key once", () => {
  const got: string[] = [];
  receiveWarnings((message) => got.push(message));
  warn("a");
  warn("a");
  warnOnce("key", "b");
  warnOnce("key", "b");
  expect(got).toEqual(["a", "a", "b"]);
  forgetWarnings();
  warnOnce("key", "b");
  expect(got).toEqual(["a", "a", "b", "b"]);
});

it("passes keys on where someone else counts", () => {
  const got: [string, string][] = [];
  receiveWarnings(
    () => {},
    (key, message) => got.push([key, message]),
  );
  warnOnce("key", "b");
  warnOnce("key", "b");
  expect(got).toEqual([["key", "b"]]);
});
