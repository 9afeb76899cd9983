/** What a file holds, so that it can be verified later. */
export interface FileSum {
  /** In bytes. */
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}
