import type { BatchType } from "../data/dataloader/index.ts";
import { markRead, markUnread } from "../run/index.ts";
import * as torch from "../torch/index.ts";

/** The losses of one batch. */
interface Entry {
  readonly batch: BatchType;
  /** Its number in the epoch. */
  readonly number: number;
  readonly tensors: Readonly<Record<string, torch.Tensor>>;
  readonly losses: Record<string, number>;
}

/**
 * The losses of a window's batches. They stay on their device until one of them is looked at, and then come together, so
 * that a GPU is waited for once. Takes the tensors over.
 */
export class LossReader implements Disposable {
  readonly #entries: Entry[] = [];
  #read = 0;

  /** An object with the loss under each name, which is read when it is looked at. */
  add(tensors: Readonly<Record<string, torch.Tensor>>, batch: BatchType, number: number): Record<string, number> {
    const losses: Record<string, number> = {};
    for (const name of Object.keys(tensors)) {
      const get = (): number => {
        this.read();
        return losses[name] ?? Number.NaN;
      };
      Object.defineProperty(losses, name, { enumerable: true, configurable: true, get });
    }
    markUnread(losses);
    this.#entries.push({ batch, number, tensors, losses });
    return losses;
  }

  /** Reads all that was not read yet, with `other`, whose value is returned; they come from the device in one piece. */
  read(other: torch.Tensor | null = null): number {
    const unread = this.#entries.slice(this.#read);
    const tensors = [...unread.flatMap((entry) => Object.values(entry.tensors)), ...(other === null ? [] : [other])];
    const [first] = tensors;
    if (first === undefined) return Number.NaN;
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    // float64 holds every type of loss as it is
    const alike = tensors.map((tensor) => tensor.detach().to({ dtype: "float64", device: first.device }).reshape([]));
    const values = Array.from(torch.stack(alike).to({ device: "cpu" }).toTypedArray(), Number);
    let next = 0;
    for (const { tensors, losses } of unread) {
      for (const [name, tensor] of Object.entries(tensors)) {
        Object.defineProperty(losses, name, { enumerable: true, value: values[next++] });
        tensor.dispose();
      }
      markRead(losses);
    }
    this.#read = this.#entries.length;
    return values[next] ?? Number.NaN;
  }

  /** The losses that are NaN or infinite. */
  notFinite(): { readonly name: string; readonly value: number; readonly batch: BatchType; readonly number: number }[] {
    return this.#entries.flatMap(({ batch, number, losses }) =>
      Object.entries(losses).flatMap(([name, value]) =>
        Number.isFinite(value) ? [] : [{ name, value, batch, number }],
      ),
    );
  }

  /** What was not read by now is read: the objects that were given may be looked at later. */
  [Symbol.dispose](): void {
    this.read();
  }
}
