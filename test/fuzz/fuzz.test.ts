import { describe, expect, it } from "vitest";
import { FORMATS, problemOf, subjects } from "./formats.ts";

// for longer, and from other seeds: npm run test:fuzz -- --minutes 10
const ROUNDS = { pt: 400, safetensors: 3200, image: 40 };

describe.each(FORMATS)(
  "any change of a file gives a value or an error that names the file, and leaves no tensor: %s",
  (format) => {
    it.each(subjects(format).map((subject) => [subject.name, subject] as const))("%s", (_name, subject) => {
      for (let seed = 0; seed < ROUNDS[format]; seed++) {
        for (const { what, bytes } of subject.trials(seed))
          expect([what, seed, problemOf(format, bytes)]).toEqual([what, seed, null]);
      }
    });
  },
);
