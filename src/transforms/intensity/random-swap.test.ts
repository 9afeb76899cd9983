import { compareTransform } from "../fixtures/golden.ts";

compareTransform("RandomSwap");
