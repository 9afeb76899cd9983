import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeEach, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { forgetWarnings, receiveWarnings } from "../../utils/warnings.ts";
import { NiftiContent } from "./content.ts";
import { gunzip, gunzipInto } from "./gunzip.ts";
import { readNifti, readNiftiHeader, readNiftiLabels, writeNifti } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "nifti-content-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);

const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
const shape = [5, 6, 70] as const;
const data = Float32Array.from({ length: 5 * 6 * 70 * 2 }, (_, i) => (i * 7919) % 10007);
writeNifti(file("plain.nii"), { data, shape, channels: 2, affine, dtype: "int16" });
const plain = readFileSync(file("plain.nii"));
const packed = gzipSync(plain);

let warnings: string[] = [];
beforeEach(() => {
  warnings = [];
  forgetWarnings();
  receiveWarnings((message) => warnings.push(message));
});

function read(name: string, bytes: Uint8Array): Float32Array | Float64Array {
  writeFileSync(file(name), bytes);
  return readNifti(file(name)).data;
}

it("reads what other tools read after the packed image, and says what is rubbish", () => {
  for (const zeros of [1, 1000])
    expect(read("zeros.nii.gz", Buffer.concat([packed, Buffer.alloc(zeros)]))).toEqual(data);
  expect(read("member.nii.gz", Buffer.concat([packed, gzipSync("another member")]))).toEqual(data);
  expect(warnings).toEqual([]);
  for (const rest of ["\n", "connection reset by peer\n"]) {
    expect(read(`rest ${rest.length}.nii.gz`, Buffer.concat([packed, Buffer.from(rest)]))).toEqual(data);
  }
  expect(warnings).toHaveLength(2);
  expect(warnings[1]).toMatch(
    /rest 25\.nii\.gz: what follows the end of the packed image is not gzip, and was ignored \(25 bytes\)/,
  );
});

it("takes members that follow one another for one stream, however they were cut", () => {
  for (const size of [1, 100, 348, 1000]) {
    const members: Buffer[] = [];
    for (let at = 0; at < plain.length && members.length < 300; at += size) {
      members.push(gzipSync(plain.subarray(at, members.length === 299 ? plain.length : at + size)));
    }
    expect(read("members.nii.gz", Buffer.concat(members))).toEqual(data);
    expect(readNiftiHeader(file("members.nii.gz")).shape).toEqual(shape);
    expect(() => read("cut.nii.gz", Buffer.concat(members.slice(0, -1)))).toThrow(
      size === 1
        ? /cut\.nii\.gz is truncated: its header needs 348 bytes, .* 299/
        : /cut\.nii\.gz is truncated or damaged: \d+ bytes expected after unpacking, got \d+/,
    );
  }
  expect(warnings).toEqual([]);
});

it("unpacks the same with libdeflate, where the system has it, and with zlib", () => {
  const members = Buffer.concat([gzipSync(plain.subarray(0, 777)), gzipSync(plain.subarray(777)), Buffer.alloc(9)]);
  for (const bytes of [packed, members]) {
    expect(Buffer.from(gunzip(bytes, plain.length, "x.nii.gz"))).toEqual(plain);
    using target = torch.empty([plain.length + 5], { dtype: "uint8" });
    const done = gunzipInto(bytes, target, plain.length, "x.nii.gz");
    expect(done).toBe(torch.decoding.inflater() === "libdeflate");
    if (done) expect(Buffer.from(target.toTypedArray().buffer, 0, plain.length)).toEqual(plain);
    // what zlib has to explain is left to it, as is what there is no room for
    for (const bad of [bytes.subarray(0, 100), Buffer.alloc(0), Buffer.from(bytes).fill(9, 60, 90)]) {
      expect(gunzipInto(bad, target, plain.length, "x.nii.gz")).toBe(false);
    }
    using small = torch.empty([plain.length - 1], { dtype: "uint8" });
    expect(gunzipInto(bytes, small, plain.length, "x.nii.gz")).toBe(false);
  }
});

it("unpacks the beginning of a stream, or nothing", () => {
  const piece = fc.record({ size: fc.integer({ min: 1, max: 3000 }), level: fc.constantFrom(0, 1, 9) });
  const given = fc.record({
    pieces: fc.array(piece, { minLength: 1, maxLength: 6 }),
    count: fc.integer({ min: 1, max: 1200 }),
    cut: fc.integer({ min: 0, max: 4000 }),
    from: fc.integer({ min: 0, max: 3000 }),
  });
  fc.assert(
    fc.property(given, ({ pieces, count, cut, from }) => {
      let at = from;
      const parts = pieces.map(({ size, level }, i) => {
        const finishFlush = i === pieces.length - 1 ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
        at += size;
        return deflateRawSync(plain.subarray(at - size, at), { level, finishFlush });
      });
      const stream = Buffer.concat([Buffer.from([7]), ...parts]);
      for (const bytes of [stream, stream.subarray(0, Math.max(1, stream.length - cut))]) {
        const target = new Uint8Array(count);
        if (!torch.decoding.inflateStart(bytes, 1, target)) continue;
        expect(Buffer.from(target)).toEqual(plain.subarray(from, Math.min(at, from + count)));
      }
    }),
  );
  const whole = deflateRawSync(plain);
  const isThere = torch.decoding.inflater() === "libdeflate";
  for (const bytes of [whole, whole.subarray(0, 4000)]) {
    const target = new Uint8Array(544);
    expect(torch.decoding.inflateStart(bytes, 0, target)).toBe(isThere);
    if (isThere) expect(Buffer.from(target)).toEqual(plain.subarray(0, 544));
  }
  expect(torch.decoding.inflateStart(whole, 0, new Uint8Array(plain.length + 1))).toBe(false);
  expect(torch.decoding.inflateStart(whole.subarray(0, 50), 0, new Uint8Array(544))).toBe(false);
  expect(() => torch.decoding.inflateStart(whole, whole.length + 1, new Uint8Array(1))).toThrow(/beyond the end/);
});

it("refuses what would leave the memory that it was given", () => {
  using target = torch.empty([2, 3, 4]);
  const place = { targetAt: 0, shape: [2, 3, 4], firstPlane: 0, planes: 4, slope: 1, inter: 0 } as const;
  const source = new Uint8Array(24);
  const job = { source, sourceAt: 0, stored: "uint8", swap: false, target, ...place, rule: "values" } as const;
  expect(torch.decoding.voxelsInto(job)).toBe(null);
  for (const change of [
    { sourceAt: 1 },
    { targetAt: 1 },
    { firstPlane: 1 },
    { planes: 5 },
    { firstPlane: 5, planes: 0 },
    { stored: "int16" },
    { shape: [2, 3, 5] },
    { shape: [2 ** 40, 2 ** 40, 1], planes: 1 },
    { sourceAt: 2 ** 52 },
    { targetAt: 2 ** 62 },
    { sourceRow: 1 },
    { sourceRow: 3 },
    { sourcePlane: 5 },
    { sourcePlane: 7 },
    { sourceRow: 2 ** 62 },
    { sourcePlane: 2 ** 62 },
  ] as const) {
    expect(() => torch.decoding.voxelsInto({ ...job, ...change })).toThrow(
      /does not lie in its source and its target|expected an integer/,
    );
  }
  using labels = torch.empty([2, 3, 4], { dtype: "int16" });
  expect(() => torch.decoding.voxelsInto({ ...job, target: labels })).toThrow(/uint8 are not read as int16/);
  expect(() => torch.decoding.inflateMember(source, 25, target, 0)).toThrow(/beyond the end/);
});

it("finds a member whose checksum is wrong, or that lacks it", () => {
  const wrong = Buffer.from(packed);
  wrong.writeUInt32LE(1, wrong.length - 8);
  expect(() => read("crc.nii.gz", wrong)).toThrow(
    /crc\.nii\.gz is damaged: it is not valid gzip \(incorrect data check\)/,
  );
  expect(() => read("no-crc.nii.gz", packed.subarray(0, -8))).toThrow(/truncated or damaged.*without their checksum/);
});

it("unpacks no more than the header asks for, and a little", () => {
  // 64 MB of zeros behind a small image, in one member: unpacked whole they would be in the array buffers
  const bomb = gzipSync(Buffer.concat([plain, Buffer.alloc(64 * 2 ** 20)]), { level: 9 });
  const before = process.memoryUsage().arrayBuffers;
  expect(read("bomb.nii.gz", bomb)).toEqual(data);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(48 * 2 ** 20);
  expect(read("some-more.nii.gz", gzipSync(Buffer.concat([plain, Buffer.alloc(2000, 1)])))).toEqual(data);
  expect(warnings).toEqual([]);
});

it("is not led astray: links in a circle, voxels beyond the file, a little that claims to be very much", () => {
  symlinkSync(file("circle-b.nii"), file("circle-a.nii"));
  symlinkSync(file("circle-a.nii"), file("circle-b.nii"));
  expect(() => readNifti(file("circle-a.nii"))).toThrow(
    /Cannot read the image .*circle-a\.nii: .*(ELOOP|too many symbolic)/,
  );
  const beyond = Buffer.from(plain);
  beyond.writeFloatLE(2 ** 30, 108);
  expect(() => read("beyond.nii", beyond)).toThrow(/beyond\.nii is truncated: .* need 8400 bytes, got 0/);
  expect(() => read("beyond.nii.gz", gzipSync(beyond))).toThrow(
    /1073750224 bytes expected after unpacking, got at most \d+/,
  );

  // NIfTI-2, whose header can claim 2^52 voxels
  const claims = Buffer.alloc(544);
  claims.writeInt32LE(540, 0);
  claims.write("n+2\0\r\n\x1a\n", 4, "latin1");
  claims.writeInt16LE(2, 12);
  [3, 2 ** 18, 2 ** 18, 2 ** 4].forEach((n, i) => {
    claims.writeBigInt64LE(BigInt(n), 16 + 8 * i);
  });
  for (const at of [104, 112, 120, 128]) claims.writeDoubleLE(1, at);
  claims.writeBigInt64LE(544n, 168);
  torch.memory.resetPeakMemoryStats();
  const { arrayBuffers } = process.memoryUsage();
  expect(() => read("claims.nii", claims)).toThrow(/need 1099511627776 bytes, got 0/);
  expect(() => read("claims.nii.gz", gzipSync(claims))).toThrow(
    /1099511628320 bytes expected after unpacking, got at most/,
  );
  // zeros pack best: as much as deflate can claim, and less than the header does
  const bomb = gzipSync(Buffer.concat([claims, Buffer.alloc(8 * 2 ** 20)]), { level: 9 });
  expect(() => read("bomb-2.nii.gz", bomb)).toThrow(/got at most \d+/);
  expect(torch.memory.maxMemoryAllocated()).toBeLessThan(2 ** 20);
  expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(32 * 2 ** 20);
});

it("reads regular files only: no pipe, which would wait, no device, which never ends, no folder", () => {
  execFileSync("mkfifo", [file("pipe.nii.gz")]);
  symlinkSync("/dev/zero", file("zero.nii"));
  const why = { "pipe.nii.gz": "a pipe", "zero.nii": "a device", ".": "a folder" };
  for (const [name, kind] of Object.entries(why)) {
    expect(() => readNifti(file(name))).toThrow(new RegExp(`Cannot read the image .*: it is ${kind}, not a file`));
    expect(() => readNiftiHeader(file(name))).toThrow(kind);
  }
});

it("reads a plain file in parts, whatever their size, in either byte order", () => {
  const big = Buffer.from(plain);
  const whole = Float32Array.from(data);
  for (const slabBytes of [1, 60 * 32, 60 * 64, 2 ** 22]) {
    using content = new NiftiContent(file("plain.nii"));
    const parts: number[] = [];
    const got = new Float32Array(whole.length);
    content.forEachSlab(({ bytes, begin, channel, firstPlane, planes }) => {
      parts.push(planes);
      if (!(bytes instanceof Uint8Array)) throw new Error("a plain file is read into bytes");
      const at = channel * 5 * 6 * 70;
      const voxels = new Int16Array(bytes.buffer, bytes.byteOffset + begin, planes * 30);
      for (let i = 0; i < voxels.length; i++) {
        const [x, y, z] = [i % 5, Math.floor(i / 5) % 6, Math.floor(i / 30)];
        got[at + (x * 6 + y) * 70 + firstPlane + z] = Number(voxels[i]);
      }
    }, slabBytes);
    expect(got).toEqual(whole);
    expect(parts.reduce((sum, n) => sum + n)).toBe(140);
    expect(parts.length).toBeGreaterThanOrEqual(slabBytes >= 60 * 70 ? 2 : 4);
  }
  // the header's fields that are read, and the voxels, the other way round
  for (const [at, size] of [[0, 4], ...[40, 42, 44, 46, 48, 70, 254].map((n) => [n, 2] as const)] as const) {
    big.subarray(at, at + size).reverse();
  }
  for (let at = 76; at < 124; at += 4) if (at !== 120) big.subarray(at, at + 4).reverse();
  for (let at = 280; at < 328; at += 4) big.subarray(at, at + 4).reverse();
  big.subarray(352).swap16();
  expect(read("big.nii", big)).toEqual(data);
  expect(read("big.nii.gz", gzipSync(big))).toEqual(data);
});

it("finds a file that became shorter, or is not there, or not fetched", () => {
  writeFileSync(file("short.nii"), plain);
  using content = new NiftiContent(file("short.nii"));
  truncateSync(file("short.nii"), 1000);
  expect(() => content.forEachSlab(() => undefined)).toThrow(
    /short\.nii is truncated: 5×6×70×2 voxels of int16 need 8400 bytes/,
  );
  expect(() => readNifti(file("none.nii"))).toThrow(/none\.nii: there is no such file/);
  writeFileSync(file("lfs.nii"), "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n");
  expect(() => readNifti(file("lfs.nii"))).toThrow(/lfs\.nii: .*git lfs pull/);
  expect(gunzipSync(packed)).toEqual(plain);
});

it("gives an image or an ImageError for whatever bytes", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(plain.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(plain.length), { freq: 5 }),
      (isPacked, changes, cut) => {
        const bytes = Buffer.from(plain);
        // most of them in the header
        for (const [at, value] of changes) bytes[value % 4 === 0 ? at : at % 352] = value;
        const part = bytes.subarray(0, cut ?? bytes.length);
        writeFileSync(file("any.nii"), isPacked ? gzipSync(part) : part);
        for (const reader of [readNifti, readNiftiLabels, readNiftiHeader]) {
          try {
            expect(reader(file("any.nii")).affine.every(Number.isFinite)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(ImageError);
          }
        }
      },
    ),
    { seed: 8, numRuns: 300 },
  );
});
