/** What has a state that a checkpoint captures and puts back; callbacks are such. */
export interface Stateful {
  /** Numbers, text, null, tensors, and arrays, Maps, Sets and plain objects of them. */
  stateDict(): unknown;
  loadStateDict(state: unknown): void;
  /** Whether nothing but a record is lost where a checkpoint of ClinicaDL, which has nothing like it, holds no state of it. */
  readonly stateIsOptional?: boolean;
}
