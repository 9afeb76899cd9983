import { TensorFileFormatError } from "./errors.ts";
import { isNumpyCode, type NumpyCode, numbersFromBytes, orderC } from "./numpy.ts";
import { PickleGlobal } from "./pickle-global.ts";
import { NdArray, type NumericArray, Tuple } from "./python-values.ts";

/** A numpy dtype or array while its pickle is read: BUILD fills it in. */
export class PickledDType {
  readonly code: string;
  bigEndian = false;
  constructor(code: string) {
    this.code = code;
  }
}
export class PickledArray {
  value: NdArray | undefined;
}

/** What numpy's arrays and numbers are pickled by. */
export function numpyGlobals(
  file: string,
  damaged: (what: string) => Error,
  spend: (count: number) => void,
): PickleGlobal[] {
  const knownCode = ({ code }: PickledDType): NumpyCode => {
    if (isNumpyCode(code)) return code;
    throw new TensorFileFormatError(file, `the file holds numpy's dtype '${code}', which is not read.`);
  };
  const numbers = (dtype: PickledDType, data: Uint8Array): NumericArray => {
    const code = knownCode(dtype);
    if (data.byteLength % Number(code.slice(1)) !== 0) throw damaged("a numpy number has too few bytes");
    spend(data.byteLength);
    return numbersFromBytes(data, code, dtype.bigEndian);
  };
  const reconstruct = (name: string) =>
    new PickleGlobal(name, {
      call: () => new PickledArray(),
      build(object, state) {
        if (!(object instanceof PickledArray) || !(state instanceof Tuple))
          throw damaged("a numpy array cannot be read");
        const [, shape, dtype, fortran, data] = state;
        if (!isSizes(shape) || !(dtype instanceof PickledDType)) throw damaged("a numpy array has no shape or dtype");
        if (!(data instanceof Uint8Array)) {
          throw new TensorFileFormatError(
            file,
            `the file holds a numpy array of dtype '${dtype.code}', which is not read.`,
          );
        }
        // a dtype such as "f0", which has no size, would never come to an end
        const size = Number(knownCode(dtype).slice(1));
        if (shape.reduce((a, b) => a * b, size) !== data.byteLength)
          throw damaged("a numpy array does not have its size");
        object.value = new NdArray(numbers(dtype, fortran === true ? orderC(data, size, shape) : data), [...shape]);
      },
    });
  const scalar = (name: string) =>
    new PickleGlobal(name, {
      call: ([dtype, data]) => {
        if (!(dtype instanceof PickledDType) || !(data instanceof Uint8Array))
          throw damaged("a numpy number cannot be read");
        const value = numbers(dtype, data)[0] ?? null;
        return dtype.code === "b1" ? value === 1 : value;
      },
    });
  return [
    reconstruct("numpy.core.multiarray._reconstruct"),
    reconstruct("numpy._core.multiarray._reconstruct"),
    scalar("numpy.core.multiarray.scalar"),
    scalar("numpy._core.multiarray.scalar"),
    new PickleGlobal("numpy.ndarray"),
    new PickleGlobal("numpy.dtype", {
      call: ([code]) => new PickledDType(String(code)),
      build(object, state) {
        if (!(object instanceof PickledDType) || !(state instanceof Tuple))
          throw damaged("a numpy dtype cannot be read");
        object.bigEndian = state[1] === ">";
      },
    }),
  ];
}

function isSizes(value: unknown): value is readonly number[] {
  // numpy has no more dimensions
  return Array.isArray(value) && value.length <= 64 && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
