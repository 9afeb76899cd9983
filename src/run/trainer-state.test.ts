import { expect, it } from "vitest";
import { TrainerState } from "./trainer-state.ts";

const FRESH = {
  called: null,
  stage: null,
  should_stop: false,
  current_train_batch: 0,
  num_train_batches: 0,
  current_val_batch: 0,
  num_val_batches: 0,
  current_test_batch: 0,
  num_test_batches: 0,
  current_pred_batch: 0,
  num_pred_batches: 0,
  current_epoch: 0,
  num_epochs: 0,
  optim_step: 0,
  split_idx: null,
};

it("has the fields of ClinicaDL's state.json, in its order, and takes them back", () => {
  const state = new TrainerState();
  expect(JSON.stringify(state.toDict())).toBe(JSON.stringify(FRESH));
  const some = { ...FRESH, called: "train", stage: "evaluation", current_epoch: 3, optim_step: 12, split_idx: 1 };
  state.loadStateDict(some);
  expect(state.toDict()).toEqual(some);
  // what it does not know is left alone
  state.loadStateDict({ later: 1 });
  expect(state.toDict()).toEqual(some);
});

it("is reset for each thing that is done", () => {
  const state = new TrainerState();
  state.resetTraining(2, 9);
  expect(state.toDict()).toEqual({ ...FRESH, called: "train", split_idx: 2, num_epochs: 9 });
  state.resetEpoch(3, 10, 4);
  state.optimStep = 24;
  const training = {
    called: "train",
    stage: "training",
    current_epoch: 3,
    num_train_batches: 10,
    current_train_batch: 4,
  };
  expect(state.toDict()).toMatchObject(training);
  expect([state.currentBatch, state.numBatches]).toEqual([4, 10]);
  state.resetValidation(2, 5, true);
  expect(state.toDict()).toMatchObject({ ...training, stage: "evaluation", num_val_batches: 5, optim_step: 24 });
  state.currentValBatch = 3;
  expect([state.currentBatch, state.numBatches]).toEqual([3, 5]);
  state.resetValidation(1, 6, false);
  expect(state.toDict()).toMatchObject({ called: "validate", split_idx: 1, current_val_batch: 0 });
  state.resetTest(7);
  state.currentTestBatch = 1;
  expect(state.toDict()).toMatchObject({ called: "test", stage: "evaluation", split_idx: null });
  expect([state.currentBatch, state.numBatches]).toEqual([1, 7]);
  state.resetPrediction(8);
  expect(state.toDict()).toMatchObject({ called: "predict", stage: "prediction", split_idx: null });
  expect([state.currentBatch, state.numBatches]).toEqual([0, 8]);
  state.resetTraining(0, 1);
  expect(state.toDict()).toEqual({ ...FRESH, called: "train", split_idx: 0, num_epochs: 1 });
});
