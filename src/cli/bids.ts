/** `npx clinicadl bids`: what is in a BIDS dataset, and which of its sessions have a file of some type. */
import { type Command, InvalidArgumentError } from "commander";
import { answer } from "../utils/output.ts";

type Entities = Readonly<Record<string, string>>;
interface Flags {
  readonly suffix?: string;
  readonly dataType?: string;
  readonly extension?: string;
  readonly with?: Entities;
  readonly without?: Entities;
  readonly json: boolean;
}

function entity(text: string, before: Entities = {}): Entities {
  const [, key, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (key !== undefined && value !== undefined) return { ...before, [key]: value };
  throw new InvalidArgumentError("Give an entity and its value, as desc=Crop.");
}

export function registerBids(program: Command): void {
  program
    .command("bids")
    .description("Show what kinds of files a BIDS dataset has, or which sessions have a file of one type.")
    .argument("<bids>", "the directory of the dataset, derivative or CAPS")
    .option("--suffix <text>", "the type: what names end with, as T1w")
    .option("--data-type <text>", "the folder of the type below the session, as anat")
    .option("--extension <text>", "its extension (default: .nii.*)")
    .option("--with <entity=value...>", "what names must have, as space=MNI152.*", entity)
    .option("--without <entity=value...>", "what names must not have, as desc=Crop", entity)
    .option("--json", "print it as JSON", false)
    .action(async (path: string, { json, ...flags }: Flags) => {
      const { Bids, BidsFileType } = await import("../io/bids/index.ts");
      const { contentOf, contentText, sessionsText, sessionsWith } = await import("./bids/content.ts");
      const bids = new Bids(path);
      const { suffix, dataType, extension, with: withEntities, without: withoutEntities } = flags;
      const given = { suffix, dataType, extension, withEntities, withoutEntities };
      const options = Object.entries(given).filter(([, value]) => value !== undefined);
      if (options.length === 0) {
        const content = contentOf(bids);
        answer(json ? JSON.stringify(content) : contentText(content));
        return;
      }
      const fileType = BidsFileType.fromOptions(Object.fromEntries(options));
      const found = sessionsWith(bids, fileType);
      answer(json ? JSON.stringify({ fileType: fileType.toDict(), ...found }) : sessionsText(fileType, found));
    });
}
