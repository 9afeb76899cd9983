import { expect, it } from "vitest";
import type { Row } from "../../io/tsv/index.ts";
import { votes } from "./votes.ts";

const patch = (participant_id: string, session_id: string, output: number | null, label: number): Row => ({
  ...{ participant_id, session_id, patch: "0x0x0", label, output },
});
const rows = [
  patch("sub-1", "a", 0.9, 1),
  patch("sub-1", "a", 0.4, 1),
  patch("sub-1", "a", 0.4, 1),
  patch("sub-1", "b", 0.1, 1),
  patch("sub-2", "a", 0.25, 0),
  patch("sub-2", "a", 0.75, 0),
];

it("counts the mean of scores, or the decisions of most", () => {
  const [mean, majority] = (["mean", "majority"] as const).map((method) =>
    votes(rows, { outputs: ["output"], method, keep: ["label"] }),
  );
  const first = { participant_id: "sub-1", session_id: "a", label: 1, n_samples: 3 };
  expect(mean?.[0]).toEqual({ ...first, output: (0.9 + 0.4 + 0.4) / 3, decided: 1, agreement: 1 / 3 });
  expect(majority?.[0]).toEqual({ ...mean?.[0], decided: 0, agreement: 2 / 3 });
  // a draw, which the mean decides
  expect(majority?.[2]).toEqual({
    ...first,
    participant_id: "sub-2",
    label: 0,
    output: 0.5,
    decided: 1,
    agreement: 0.5,
    n_samples: 2,
  });
  expect(votes(rows, { outputs: ["output"], per: "participant", threshold: 0.45 })).toEqual([
    { participant_id: "sub-1", output: (0.9 + 0.4 + 0.4 + 0.1) / 4, decided: 1, agreement: 0.25, n_samples: 4 },
    { participant_id: "sub-2", output: 0.5, decided: 1, agreement: 0.5, n_samples: 2 },
  ]);
  expect(votes([], { outputs: ["output"] })).toEqual([]);
});

it("takes the greatest of several classes", () => {
  const classes = [
    { participant_id: "sub-1", session_id: "a", output_0: 0.1, output_1: 0.2, output_2: 0.7 },
    { participant_id: "sub-1", session_id: "a", output_0: 0.5, output_1: 0.4, output_2: 0.1 },
    { participant_id: "sub-1", session_id: "a", output_0: 0.4, output_1: 0.3, output_2: 0.3 },
  ];
  const outputs = ["output_0", "output_1", "output_2"];
  expect(votes(classes, { outputs })[0]).toMatchObject({ decided: 2, agreement: 1 / 3 });
  expect(votes(classes, { outputs, method: "majority" })[0]).toMatchObject({ decided: 0, agreement: 2 / 3 });
});

it("says what is missing, or is not the same", () => {
  expect(() => votes(rows, { outputs: ["score"], keep: ["sex"] })).toThrow(
    /no column 'sex', 'score'. There are: participant_id/,
  );
  expect(() => votes(rows, { outputs: [] })).toThrow(/'outputs' is empty/);
  expect(() => votes([patch("sub-1", "a", null, 1)], { outputs: ["output"] })).toThrow(/'output' is null for sub-1, a/);
  const endless = [patch("sub-1", "a", Number.POSITIVE_INFINITY, 1), patch("sub-1", "a", Number.NEGATIVE_INFINITY, 1)];
  expect(() => votes(endless, { outputs: ["output"] })).toThrow(/'output' is Infinity for sub-1, a.*finite number/);
  const unknown = [patch("sub-1", "a", 1, Number.NaN), patch("sub-1", "a", 1, Number.NaN)];
  expect(votes(unknown, { outputs: ["output"], keep: ["label"] })[0]?.label).toBeNull();
  const other = [patch("sub-1", "a", 1, 1), patch("sub-1", "a", 1, 0)];
  expect(() => votes(other, { outputs: ["output"], keep: ["label"] })).toThrow(/'label' is 1 and 0 for sub-1/);
});
