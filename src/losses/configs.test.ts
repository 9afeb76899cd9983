import { compareConfigs, readGolden } from "../io/json/fixtures/config-golden.ts";
import * as losses from "./index.ts";

compareConfigs(readGolden(new URL("golden/configs.json", import.meta.url)), { ...losses });
