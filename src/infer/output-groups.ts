import type { nn } from "../torch/index.ts";

/** Some of a network's outputs, one after the other, that are of one question, such as a task's. */
export interface OutputGroup {
  readonly name: string;
  /** The number of its first output. */
  readonly start: number;
  readonly count: number;
}

/** A network whose outputs are of several questions, so that the largest of all of them says nothing. */
export interface HasOutputGroups {
  readonly outputGroups: readonly OutputGroup[];
}

/** Those of a network that knows them; null: its outputs are of one question. */
export function outputGroupsOf(network: nn.Module): readonly OutputGroup[] | null {
  return hasOutputGroups(network) ? network.outputGroups : null;
}

function hasOutputGroups(network: nn.Module): network is nn.Module & HasOutputGroups {
  return "outputGroups" in network;
}
