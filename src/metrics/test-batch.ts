import type { DType, NestedArray, Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";

/** A batch made of plain arrays, for the tests of this folder and of models. */
export class TestBatch {
  readonly participants: { participantId: string; sessionId: string }[];
  readonly #fields = new Map<string, Tensor>();

  constructor(fields: Readonly<Record<string, NestedArray | Tensor>>) {
    for (const [name, value] of Object.entries(fields)) {
      const tensor = value instanceof torch.Tensor ? value : torch.tensor(value);
      this.#fields.set(name, tensor.keep());
    }
    const [first] = this.#fields.values();
    this.participants = Array.from({ length: first?.shape[0] ?? 0 }, (_, i) => ({
      participantId: `sub-${String(i).padStart(3, "0")}`,
      sessionId: "ses-M000",
    }));
  }

  get length(): number {
    return this.participants.length;
  }
  getField(
    name: string,
    { dtype, ensureChannelDim = false }: { dtype?: DType; ensureChannelDim?: boolean } = {},
  ): Tensor {
    const field = this.#fields.get(name);
    if (field === undefined) throw new Error(`no field '${name}'`);
    const typed = dtype === undefined ? field.alias() : field.to({ dtype });
    return ensureChannelDim && typed.ndim === 1 ? typed.unsqueeze(1) : typed;
  }
  addField(name: string, values: Tensor): void {
    this.#fields.get(name)?.dispose();
    this.#fields.set(name, values.keep());
  }
  addImages(name: string, values: Tensor): void {
    this.addField(name, values);
  }
  addMasks(name: string, values: Tensor): void {
    this.addField(name, values);
  }
  to(): this {
    return this;
  }
  dispose(): void {
    for (const field of this.#fields.values()) field.dispose();
  }
}
