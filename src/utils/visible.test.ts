import { expect, it } from "vitest";
import { ClinicaDLException } from "./exceptions.ts";
import { visible, visibleLines } from "./visible.ts";

it("shows every control character as an escape, and leaves all other text as it is", () => {
  expect(visible("sub-\u001b[2J1")).toBe("sub-\\x1b[2J1");
  expect(visible("a\nb\r\tc\0\u007f\u009b")).toBe("a\\nb\\r\\tc\\x00\\x7f\\x9b");
  expect(visible("\u2028\u2029\u202e\u2066\ud800")).toBe("\\u2028\\u2029\\u202e\\u2066\\ud800");
  for (const text of ["Müller → 1.5 × 10⁻³", "日本語", "C:\\new", "👩‍🔬"]) expect(visible(text)).toBe(text);
});

it("leaves lines and tabs of text that has several lines on purpose", () => {
  expect(visibleLines("a\n\tb\u001b[0m\r\n")).toBe("a\n\tb\\x1b[0m\\r\n");
});

it("is how errors of this library say what they found", () => {
  expect(new ClinicaDLException("The group 'a\u001b[2Jb' is not there.").message).toBe(
    "The group 'a\\x1b[2Jb' is not there.",
  );
});
