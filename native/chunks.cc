// Chunks of volumes as they lie in a file: checked, unpacked, and what is wanted of them put in its place, in the type in which it is
// wanted, in one pass.
#include <cstring>

#include "addon.h"
#include "unpacker.h"

namespace clinicadl {
namespace {

constexpr size_t kMostBytes = 8;

// Elements as they were stored: the bytes of each together, or in planes, all first bytes before all second ones, which packs floats better.
struct Stored {
  const uint8_t* plane[kMostBytes] = {};
  size_t size = 0;  // bytes of an element
  bool planes = false;
};

template <size_t Size>
void join_row(const Stored& from, size_t at, size_t n, uint8_t* __restrict out) {
  const uint8_t* __restrict a = from.plane[0] + at;
  const uint8_t* __restrict b = from.plane[1] + at;
  if constexpr (Size == 2) {
    for (size_t i = 0; i < n; i++) {
      out[2 * i] = a[i];
      out[2 * i + 1] = b[i];
    }
  } else {
    const uint8_t* __restrict c = from.plane[2] + at;
    const uint8_t* __restrict d = from.plane[3] + at;
    if constexpr (Size == 4) {
      for (size_t i = 0; i < n; i++) {
        out[4 * i] = a[i];
        out[4 * i + 1] = b[i];
        out[4 * i + 2] = c[i];
        out[4 * i + 3] = d[i];
      }
    } else {
      for (size_t i = 0; i < n; i++)
        for (size_t byte = 0; byte < Size; byte++) out[Size * i + byte] = from.plane[byte][at + i];
    }
  }
}

// Rows of a chunk are short: a call of memcpy for each takes as long as the copy.
void copy_row(const uint8_t* __restrict from, size_t bytes, uint8_t* __restrict out) {
  constexpr size_t kBlock = 16;
  if (bytes < kBlock || bytes > 16 * kBlock) {
    std::memcpy(out, from, bytes);
    return;
  }
  for (size_t at = 0; at + kBlock < bytes; at += kBlock) std::memcpy(out + at, from + at, kBlock);
  std::memcpy(out + bytes - kBlock, from + bytes - kBlock, kBlock);
}

void take_row(const Stored& from, size_t at, size_t n, uint8_t* out) {
  if (!from.planes) return copy_row(from.plane[0] + at * from.size, n * from.size, out);
  if (from.size == 2) return join_row<2>(from, at, n, out);
  if (from.size == 4) return join_row<4>(from, at, n, out);
  return join_row<8>(from, at, n, out);
}

template <typename From>
void to_floats(const uint8_t* __restrict from, size_t n, uint8_t* __restrict out) {
  for (size_t i = 0; i < n; i++) {
    From value;
    std::memcpy(&value, from + i * sizeof(From), sizeof value);
    const float converted = static_cast<float>(value);
    std::memcpy(out + i * sizeof converted, &converted, sizeof converted);
  }
}

// As take_row, integers that become float32.
template <typename From>
void take_floats(const Stored& from, size_t at, size_t n, uint8_t* out) {
  if constexpr (sizeof(From) == 2) {
    if (from.planes) {
      constexpr size_t kBlock = 64;
      uint8_t joined[kBlock * sizeof(From)];
      for (size_t done = 0; done < n; done += kBlock) {
        const size_t now = std::min(kBlock, n - done);
        join_row<2>(from, at + done, now, joined);
        to_floats<From>(joined, now, out + done * sizeof(float));
      }
      return;
    }
  }
  to_floats<From>(from.plane[0] + at * sizeof(From), n, out);
}

using TakeRow = void (*)(const Stored&, size_t, size_t, uint8_t*);

TakeRow row_taker(at::ScalarType stored, at::ScalarType wanted) {
  if (stored == wanted) return take_row;
  if (wanted == at::kFloat && stored == at::kByte) return take_floats<uint8_t>;
  if (wanted == at::kFloat && stored == at::kShort) return take_floats<int16_t>;
  throw std::invalid_argument(std::string("chunksInto: ") + dtype_name(stored) + " cannot be taken as " + dtype_name(wanted));
}

// A chunk, and where what is wanted of it goes.
struct Chunk {
  size_t start, length;  // in the source, in bytes
  uint32_t checksum;
  size_t shape[3];
  size_t from[3], count[3];  // what is wanted
  size_t at;                 // where that begins in the target, in elements
};
constexpr size_t kNumbers = 13;

size_t elements_of(const Chunk& chunk) { return chunk.shape[0] * chunk.shape[1] * chunk.shape[2]; }

Chunk chunk_of(const double* numbers) {
  constexpr double kMost = 1099511627776.0;  // so that products of three of the smaller ones are looked at below
  for (size_t i = 0; i < kNumbers; i++)
    if (!(numbers[i] >= 0 && numbers[i] <= kMost)) throw std::invalid_argument("chunksInto: a number of a chunk is none that can be");
  const auto whole = [&](size_t i) { return static_cast<size_t>(numbers[i]); };
  Chunk chunk{whole(0), whole(1), static_cast<uint32_t>(whole(2)), {}, {}, {}, whole(12)};
  for (size_t axis = 0; axis < 3; axis++) {
    chunk.shape[axis] = whole(3 + axis);
    chunk.from[axis] = whole(6 + axis);
    chunk.count[axis] = whole(9 + axis);
  }
  return chunk;
}

// Throws where a chunk does not go together with the source, the target or itself.
void check(const Chunk& chunk, const Span& source, size_t target, const std::vector<int64_t>& row) {
  if (chunk.start > source.size || chunk.length > source.size - chunk.start) throw std::invalid_argument("chunksInto: a chunk is beyond the end");
  for (size_t axis = 0; axis < 3; axis++) {
    if (chunk.count[axis] < 1 || chunk.count[axis] > chunk.shape[axis] || chunk.from[axis] > chunk.shape[axis] - chunk.count[axis] || static_cast<int64_t>(chunk.count[axis]) > row[axis])
      throw std::invalid_argument("chunksInto: the axes do not go together");
  }
  const double elements = static_cast<double>(chunk.shape[0]) * static_cast<double>(chunk.shape[1]) * static_cast<double>(chunk.shape[2]);
  constexpr double kMostElements = 1073741824.0;
  if (elements > kMostElements) throw std::invalid_argument("chunksInto: a chunk has too many elements");
  // in floating point: nothing can wrap around
  const double last = static_cast<double>(chunk.at) + (static_cast<double>(chunk.count[0] - 1) * static_cast<double>(row[1]) + static_cast<double>(chunk.count[1] - 1)) * static_cast<double>(row[2]) +
                      static_cast<double>(chunk.count[2]);
  if (last > static_cast<double>(target)) throw std::invalid_argument("chunksInto: the target is too small");
}

// The elements of a chunk, in its parts: one, or one for each plane. Each is the bytes of it as uint32, then these; stored as they are
// where they are as many as unpacked. False where it is none.
bool read_parts(const Chunk& chunk, const uint8_t* packed, Packer packer, Unpacker& unpacker, uint8_t* room, Stored& out) {
  const uint8_t* const end = packed + chunk.length;
  const size_t parts = out.planes ? out.size : 1;
  const size_t part = elements_of(chunk) * out.size / parts;
  for (size_t i = 0; i < parts; i++) {
    if (end - packed < 4) return false;
    const size_t taken = packed[0] | packed[1] << 8 | packed[2] << 16 | static_cast<size_t>(packed[3]) << 24;
    packed += 4;
    if (taken > static_cast<size_t>(end - packed)) return false;
    if (taken == part) out.plane[i] = packed;
    else if (unpacker.unpack(packer, packed, taken, room + i * part, part)) out.plane[i] = room + i * part;
    else return false;
    packed += taken;
  }
  return packed == end;
}

struct Target {
  uint8_t* data;
  size_t size;  // bytes of an element
  const std::vector<int64_t>& shape;
};

struct Unpacked {
  Chunk chunk;
  Stored stored;
};

// So many bytes of chunks are unpacked before they are put in their place: they are still in the processor's cache then.
constexpr size_t kGroup = 512 * 1024;

// Whether the rows of two chunks lie in the same rows of the target.
bool alongside(const Chunk& a, const Chunk& b) {
  for (size_t axis = 0; axis < 2; axis++)
    if (a.shape[axis] != b.shape[axis] || a.from[axis] != b.from[axis] || a.count[axis] != b.count[axis]) return false;
  return true;
}

// Row by row of the target, each from chunk after chunk: memory is written from its beginning to its end, which is several times as fast as in
// pieces of a chunk's row.
void place(const std::vector<Unpacked>& group, TakeRow take, const Target& target) {
  const Chunk& first = group.front().chunk;
  for (size_t i = 0; i < first.count[0]; i++) {
    for (size_t j = 0; j < first.count[1]; j++) {
      for (const auto& [chunk, stored] : group) {
        const size_t from = ((chunk.from[0] + i) * chunk.shape[1] + chunk.from[1] + j) * chunk.shape[2] + chunk.from[2];
        take(stored, from, chunk.count[2], target.data + (chunk.at + (i * target.shape[1] + j) * target.shape[2]) * target.size);
      }
    }
  }
}

// chunksInto(source, chunks, lz4, planes, stored, target, targetShape): what is wanted of some chunks, each 13 numbers, goes into a tensor of which
// `targetShape` are the last three axes. `stored` is the type of their elements; integers of 8 and 16 bits become float32 where the target is.
// null, or [the number of the first chunk that is not what it was, whether its checksum tells]
napi_value chunks_into(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const Span source = span_of(state, args[0]), list = span_of(state, args[1]);
    const Packer packer = to_bool(env, args[2]) ? Packer::lz4 : Packer::zstd;
    const at::ScalarType type = dtype_from_name(to_string(env, args[4]));
    Stored kind;
    kind.size = c10::elementSize(type);
    kind.planes = to_bool(env, args[3]);
    const at::Tensor& tensor = state.get(to_handle(env, args[5]));
    const Span memory = span_of(state, args[5]);
    const auto shape = to_ints(env, args[6]);
    if (shape.size() != 3) throw std::invalid_argument("chunksInto: three axes are needed");
    if (kind.planes && kind.size != 2 && kind.size != 4 && kind.size != 8) throw std::invalid_argument("chunksInto: only elements of 2, 4 and 8 bytes can lie in planes");
    const TakeRow take = row_taker(type, tensor.scalar_type());
    if (!can_unpack(packer)) throw std::runtime_error("chunksInto: there is nothing to unpack with");
    const Target target{memory.data, static_cast<size_t>(tensor.element_size()), shape};
    thread_local Unpacker unpacker;
    std::vector<Chunk> chunks(list.size / (kNumbers * sizeof(double)));
    for (size_t i = 0; i < chunks.size(); i++) {
      double numbers[kNumbers];
      std::memcpy(numbers, list.data + i * sizeof numbers, sizeof numbers);
      chunks[i] = chunk_of(numbers);
      check(chunks[i], source, memory.size / target.size, shape);
    }
    std::vector<Unpacked> group;
    for (size_t begin = 0, end = 0; begin < chunks.size(); begin = end) {
      size_t bytes = 0;
      while (end < chunks.size() && (end == begin || (bytes < kGroup && alongside(chunks[begin], chunks[end])))) bytes += elements_of(chunks[end++]) * kind.size;
      uint8_t* room = unpacker.room(bytes);
      group.clear();
      for (size_t i = begin; i < end; i++) {
        const Chunk& chunk = chunks[i];
        const uint8_t* packed = source.data + chunk.start;
        Stored stored = kind;
        const bool intact = checksum(packed, chunk.length) == chunk.checksum;
        if (!intact || !read_parts(chunk, packed, packer, unpacker, room, stored)) {
          napi_value bad = make_array(env, 2);
          set_element(env, bad, 0, make_number(env, static_cast<double>(i)));
          set_element(env, bad, 1, make_bool(env, !intact));
          return bad;
        }
        room += elements_of(chunk) * stored.size;
        group.push_back({chunk, stored});
      }
      place(group, take, target);
    }
    return make_null(env);
  });
}

}  // namespace

void define_chunks(napi_env env, napi_value exports) { define(env, exports, "chunksInto", chunks_into); }

}  // namespace clinicadl
