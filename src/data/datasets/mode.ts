/**
 * How a dataset gives its items: for training (with augmentations) or evaluation, in which epoch, with which seed. What is random in an
 * item follows from the last two and its number.
 */
export abstract class DatasetMode {
  #evalMode = false;
  #epoch = 0;
  #seed = 0;

  get evalMode(): boolean {
    return this.#evalMode;
  }
  get epoch(): number {
    return this.#epoch;
  }
  get seed(): number {
    return this.#seed;
  }
  train(): void {
    this.#evalMode = false;
  }
  eval(): void {
    this.#evalMode = true;
  }
  setEpoch(epoch: number): void {
    this.#epoch = epoch;
  }
  setSeed(seed: number): void {
    this.#seed = seed;
  }

  /** Gives a part of this dataset its mode, epoch and seed. */
  protected passOn<D extends DatasetMode>(part: D): D {
    if (this.#evalMode) part.eval();
    else part.train();
    part.setEpoch(this.#epoch);
    part.setSeed(this.#seed);
    return part;
  }
}
