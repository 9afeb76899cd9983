import { describe, expect, it } from "vitest";
import type { ByteSource } from "./byte-source.ts";
import { ZipReader } from "./zip-reader.ts";

/** A file that is read but for its last bytes never exists: zeros, with pieces put over them. */
function sparse(size: number, pieces: readonly [number, Uint8Array][]): ByteSource {
  return {
    name: "<sparse>",
    size,
    read(offset, length) {
      const out = new Uint8Array(length);
      for (const [start, bytes] of pieces) {
        for (let i = Math.max(0, offset - start); i < bytes.length && start + i < offset + length; i++) {
          out[start + i - offset] = bytes[i] ?? 0;
        }
      }
      return out;
    },
    [Symbol.dispose]() {},
  };
}

describe("zip64", () => {
  it("finds sizes and offsets beyond 4 GiB", () => {
    const name = new TextEncoder().encode("a/data/0");
    const entrySize = 5 * 2 ** 30;
    const offset = 6 * 2 ** 30;
    const directory = Buffer.alloc(46 + name.length + 28);
    directory.writeUInt32LE(0x02014b50, 0);
    directory.writeUInt32LE(0xffffffff, 20);
    directory.writeUInt32LE(0xffffffff, 24);
    directory.writeUInt16LE(name.length, 28);
    directory.writeUInt16LE(28, 30);
    directory.writeUInt32LE(0xffffffff, 42);
    directory.set(name, 46);
    directory.writeUInt16LE(1, 46 + name.length);
    directory.writeUInt16LE(24, 48 + name.length);
    directory.writeBigUInt64LE(BigInt(entrySize), 50 + name.length);
    directory.writeBigUInt64LE(BigInt(entrySize), 58 + name.length);
    directory.writeBigUInt64LE(BigInt(offset), 66 + name.length);
    const start = 12 * 2 ** 30;
    const end = Buffer.alloc(98);
    end.writeUInt32LE(0x06064b50, 0);
    end.writeBigUInt64LE(1n, 24);
    end.writeBigUInt64LE(1n, 32);
    end.writeBigUInt64LE(BigInt(directory.length), 40);
    end.writeBigUInt64LE(BigInt(start), 48);
    end.writeUInt32LE(0x07064b50, 56);
    end.writeBigUInt64LE(BigInt(start + directory.length), 64);
    end.writeUInt32LE(0x06054b50, 76);
    end.writeUInt32LE(0xffffffff, 92);
    const zip = new ZipReader(
      sparse(start + directory.length + end.length, [
        [start, directory],
        [start + directory.length, end],
      ]),
    );
    expect(zip.names()).toEqual(["a/data/0"]);
    expect(zip.sizeOf("a/data/0")).toBe(entrySize);
  });
});
