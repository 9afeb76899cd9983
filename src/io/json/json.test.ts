import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { configClass, type JsonObject } from "../../utils/config.ts";
import {
  CannotReadJsonFieldError,
  MissingFieldsJsonError,
  NotInterpretableJsonError,
  WrongFieldsJsonError,
} from "../../utils/exceptions.ts";
import { FileExistsError, writeFileAtomic } from "../files/index.ts";
import {
  formatJson,
  hasFloats,
  loadConfig,
  markFloats,
  parseJson,
  pythonFloat,
  readJson,
  saveConfig,
  writeJson,
} from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "json-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("JSON as Python writes it", () => {
  it("has Python's layout, escapes and bare words", () => {
    const text = formatJson({
      name_: "É\u{1f9e0}\u007f",
      a: [],
      b: {},
      c: [1, Number.NaN, { d: Number.NEGATIVE_INFINITY }],
      e: 1e-7,
    });
    expect(text).toBe(
      '{\n    "name_": "\\u00c9\\ud83e\\udde0\\u007f",\n    "a": [],\n    "b": {},\n    "c": [\n        1,\n        NaN,\n        {\n            "d": -Infinity\n        }\n    ],\n    "e": 1e-07\n}',
    );
    expect(parseJson(text)).toEqual({
      name_: "É\u{1f9e0}\u007f",
      a: [],
      b: {},
      c: [1, Number.NaN, { d: Number.NEGATIVE_INFINITY }],
      e: 1e-7,
    });
  });
  it("prints floats as Python does", () => {
    const cases: [number, string][] = [
      [1, "1.0"],
      [0.1, "0.1"],
      [1e-4, "0.0001"],
      [1e-5, "1e-05"],
      [1.5e16, "1.5e+16"],
      [1e15, "1000000000000000.0"],
      [1e22, "1e+22"],
      [-0, "-0.0"],
    ];
    for (const [value, text] of cases) expect(pythonFloat(value)).toBe(text);
  });
  it("leaves NaN inside strings alone", () => {
    expect(parseJson('{"NaN": "a NaN \\" Infinity", "b": NaN}')).toEqual({ NaN: 'a NaN " Infinity', b: Number.NaN });
  });
  it("takes strings for what they are, and knows own members only", () => {
    for (const word of ["constructor", "toString", "NaN", "-Infinity"]) {
      const text = `\u0000clinicadl:${word}`;
      expect(parseJson(JSON.stringify({ a: text }))).toEqual({ a: text });
      expect(parseJson(`{"a": ${JSON.stringify(text)}, "b": NaN}`)).toEqual({ a: text, b: Number.NaN });
    }
    const read = parseJson('{"__proto__": {"gpu": true}, "constructor": 1, "b": NaN}') as JsonObject;
    expect(Object.keys(read)).toEqual(["__proto__", "constructor", "b"]);
    expect(read.gpu).toBeUndefined();
    expect(Object.keys(parseJson(formatJson(read)) as JsonObject)).toEqual(Object.keys(read));
  });
  it("keeps columns of floats floats", () => {
    const read = parseJson('{"age": {"0": 60.0, "1": 61.0}, "n": {"0": 1}, "gap": {"0": NaN, "1": 2.0}}') as Record<
      string,
      object
    >;
    expect([hasFloats(read.age as object), hasFloats(read.n as object), hasFloats(read.gap as object)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(formatJson({ age: markFloats({ "0": 60 }) })).toContain('"0": 60.0');
  });
});

describe("files", () => {
  it("are read in UTF-8 or UTF-16, and in no other encoding", () => {
    const path = join(folder, "encoded.json");
    const text = '\uFEFF{"Name": "Größe"}';
    for (const bytes of [Buffer.from(text), Buffer.from(text, "utf16le"), Buffer.from(text, "utf16le").swap16()]) {
      writeFileSync(path, bytes);
      expect(readJson(path)).toEqual({ Name: "Größe" });
    }
    writeFileSync(path, Buffer.from(text.slice(1), "latin1"));
    expect(() => readJson(path)).toThrow(NotInterpretableJsonError);
    expect(() => readJson(path)).toThrow(/encoded\.json, line 1: the byte 0xf6 at offset 12 is not UTF-8/);
  });
  it("keep the digits of integers that a number cannot hold", () => {
    expect(parseJson('{"id": {"0": 9007199254740993, "1": 5}, "x": [-9007199254740993, 1e300]}')).toEqual({
      id: { "0": "9007199254740993", "1": 5 },
      x: ["-9007199254740993", 1e300],
    });
  });
  it("names a truncated file instead of reading it as {}", () => {
    const path = join(folder, "model.json");
    for (const text of ['{"name_": "Superv', "", "not json", '{"a": NaN']) {
      writeFileSync(path, text);
      expect(() => readJson(path)).toThrow(NotInterpretableJsonError);
      expect(() => readJson(path)).toThrow(path);
    }
    writeFileSync(path, '"a text"');
    expect(() => readJson(path)).toThrow(/must hold a JSON object; it holds a string/);
  });
  it("replaces only when told", () => {
    const path = join(folder, "a", "b.json");
    writeJson(path, { a: 1 });
    expect(() => writeJson(path, { a: 2 })).toThrow(FileExistsError);
    expect(readJson(path)).toEqual({ a: 1 });
    writeJson(path, { a: 2 }, { overwrite: true });
    expect(readJson(path)).toEqual({ a: 2 });
    expect(readdirSync(join(folder, "a"))).toEqual(["b.json"]);
  });
  it("follows the umask", () => {
    const path = join(folder, "mode");
    writeFileAtomic(path, "x");
    writeFileSync(`${path}-plain`, "x");
    expect(statSync(path).mode).toBe(statSync(`${path}-plain`).mode);
    expect(readFileSync(path, "utf8")).toBe("x");
  });
  it("leaves nothing behind when it fails", () => {
    const path = join(folder, "folder");
    writeJson(join(path, "inside.json"), {});
    expect(() => writeFileAtomic(path, "x")).toThrow();
    expect(readdirSync(folder).filter((name) => name.startsWith(".tmp"))).toEqual([]);
  });
});

describe("configs in files", () => {
  class ToyConfig extends configClass(
    "Toy",
    z.strictObject({
      rate: z.number().default(1),
      steps: z.int().default(2),
      groups: z.record(z.string(), z.array(z.number())).default({ mlpHead: [1, 0.5] }),
      inner: z
        .strictObject({ dropOut: z.number().default(0), size: z.int().default(3) })
        .default({ dropOut: 0, size: 3 }),
      anything: z.unknown().default({ a: 1 }),
    }),
    { verbatim: ["groups"] },
  ) {}
  const path = join(folder, "toy.json");

  it("have floats where the schema has them", () => {
    saveConfig(new ToyConfig(), path);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(new ToyConfig().toDict());
    expect(readFileSync(path, "utf8").replace(/\s+/g, " ")).toBe(
      '{ "name_": "Toy", "rate": 1.0, "steps": 2, "groups": { "mlpHead": [ 1.0, 0.5 ] }, "inner": { "drop_out": 0.0, "size": 3 }, "anything": { "a": 1 } }',
    );
    expect(() => saveConfig(new ToyConfig(), path)).toThrow(FileExistsError);
    saveConfig(new ToyConfig({ rate: 3 }), path, { overwrite: true });
    expect(loadConfig(ToyConfig, path).rate).toBe(3);
    expect(loadConfig(ToyConfig, path, { steps: 5 }).fields()).toEqual(new ToyConfig({ rate: 3, steps: 5 }).fields());
  });
  it("that cannot be read are errors that name the file and what is wrong", () => {
    const dict = new ToyConfig().toDict();
    const load = (value: JsonObject): unknown => {
      writeFileSync(path, formatJson(value));
      try {
        return loadConfig(ToyConfig, path);
      } catch (error) {
        expect((error as Error).message).toContain(path);
        return error;
      }
    };
    const { rate: _, ...missing } = dict;
    expect(load(missing)).toBeInstanceOf(MissingFieldsJsonError);
    expect((load(missing) as Error).message).toContain("'rate'");
    expect(load({ ...dict, extra: 1 })).toBeInstanceOf(WrongFieldsJsonError);
    const unreadable = load({ ...dict, rate: "fast" });
    expect(unreadable).toBeInstanceOf(CannotReadJsonFieldError);
    expect((unreadable as CannotReadJsonFieldError).fieldNames).toEqual(["rate"]);
    writeFileSync(path, "[]");
    expect(() => loadConfig(ToyConfig, path)).toThrow(NotInterpretableJsonError);
    writeFileSync(path, '{"rate": 1');
    expect(() => loadConfig(ToyConfig, path)).toThrow(NotInterpretableJsonError);
  });
});
