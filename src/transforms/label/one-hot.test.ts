import { compareTransform } from "../fixtures/golden.ts";

compareTransform("OneHot");
