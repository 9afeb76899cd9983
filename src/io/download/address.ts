import { join } from "node:path";
import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * A file could not be downloaded.
 * @example
 * ```ts
 * try {
 *   // its name does not say what its content is
 *   downloadTo("weights.pth", "https://example.org/weights.pth");
 * } catch (error) {
 *   console.log(error instanceof DownloadError); // → true
 * }
 * ```
 */
export class DownloadError extends ClinicaDLException {}

/** A file on the web. */
export interface Remote {
  /** `https://…`, `http://…`, or `hf://owner/name/file` for a file of the Hugging Face hub (`hf://owner/name@revision/file`). */
  readonly url: string;
  /** The SHA-256 of the file, in hexadecimal digits; null, for the hub only: what the hub says. */
  readonly sha256: string | null;
}

/** Variables of the environment, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Address {
  readonly url: string;
  /** Where it is kept below the folder of downloads. */
  readonly place: string;
  readonly token: string | null;
}

const HUB = /^hf:\/\/([\w.-]+)\/([\w.-]+?)(?:@([\w.-]+))?\/(.+)$/;

/**
 * From where a file comes, and where it is kept: under its SHA-256, or one of the hub under its names there.
 * @throws DownloadError for a URL that is none.
 */
export function addressOf({ url, sha256 }: Remote, env: Environment): Address {
  if (url.startsWith("hf://")) {
    const [, owner, name, revision = "main", file] = HUB.exec(url) ?? [];
    const names = [owner, name, revision, ...(file ?? "").split("/")];
    if (
      owner === undefined ||
      name === undefined ||
      file === undefined ||
      names.some((each) => each === "" || each === "." || each === "..")
    ) {
      throw new DownloadError(
        `${url} is not a file of the hub: expected hf://owner/name/file or hf://owner/name@revision/file.`,
      );
    }
    const endpoint = (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, "");
    const path = file.split("/").map(encodeURIComponent).join("/");
    return {
      url: `${endpoint}/${owner}/${name}/resolve/${revision}/${path}`,
      place: sha256 === null ? join("hf", owner, name, revision, file) : join(sha256, file.split("/").at(-1) ?? file),
      token: env.HF_TOKEN || null,
    };
  }
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new DownloadError(`${url} is not a web address.`);
  if (sha256 === null) {
    throw new DownloadError(
      `${url} needs the SHA-256 of its file: what is there may change, and then give other results.`,
    );
  }
  const name =
    new URL(url).pathname
      .split("/")
      .at(-1)
      ?.replaceAll(/[^\w.-]/g, "_") ?? "";
  return { url, place: join(sha256, /^\.*$/.test(name) ? "file" : name), token: null };
}
