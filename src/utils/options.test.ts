import { expect, it } from "vitest";
import { ConfigError } from "./exceptions.ts";
import { refuseOthers, refuseUnknown } from "./options.ts";

it("unknown options are named, all of them", () => {
  expect(() => refuseUnknown("train", {})).not.toThrow();
  expect(() => refuseUnknown("train", { sed: 1 })).toThrow(
    new ConfigError("train: unknown option 'sed'. Check the spelling."),
  );
  expect(() => refuseUnknown("train", { a: 1, b: 2 }, { inside: "freeze" })).toThrow(
    "train: unknown options 'a', 'b' in 'freeze'. Check the spelling.",
  );
  expect(() => refuseOthers("torch.save", { dtype: 1 }, ["dtype"])).not.toThrow();
  expect(() => refuseOthers("torch.save", { dtyp: 1 }, ["dtype"])).toThrow(
    new TypeError("torch.save: unknown option 'dtyp'; known are dtype."),
  );
  expect(() => refuseOthers("nn.ReLU", { dim: 1 }, [])).toThrow("nn.ReLU: unknown option 'dim'; known are none.");
});
