/** Tensors across JavaScript threads: the handle changes hands, nothing is copied. */
import { native } from "./native.ts";
import { Tensor } from "./tensor.ts";

/** Gives the tensor up on this thread; the id is posted to the other one. */
export function release(tensor: Tensor): number {
  return tensor.surrender("transfer.release", native.transferRelease);
}
/** Takes over what another thread released. */
export function adopt(id: number): Tensor {
  return new Tensor(native.transferAdopt(id));
}
/** This thread's number, for {@link dropFrom}. */
export function owner(): number {
  return native.transferOwner();
}
/** Frees what a thread that has ended had released and nobody adopted; how many. */
export function dropFrom(ownerId: number): number {
  return native.transferDropFrom(ownerId);
}
/** Tensors between threads at this moment. */
export function inFlight(): number {
  return native.transferCount();
}
