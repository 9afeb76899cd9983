#include "arena.h"

#include <sys/mman.h>

#include <algorithm>

namespace clinicadl {
namespace {

constexpr size_t kHuge = 2 * 1024 * 1024;
// Address space costs nothing until it is touched; the system is told so (MAP_NORESERVE).
constexpr size_t kStretch = size_t{1} << 30;

char* map(char* where, size_t size, int flags) {
  void* data = mmap(where, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  if (data == MAP_FAILED) return nullptr;
#if defined(MADV_HUGEPAGE)
  madvise(data, size, MADV_HUGEPAGE);
#endif
  return static_cast<char*>(data);
}

// A stretch that begins where a huge page does.
char* map_aligned(size_t size) {
  char* data = map(nullptr, size + kHuge, 0);
  if (data == nullptr) return nullptr;
  const size_t beyond = reinterpret_cast<uintptr_t>(data) % kHuge, lead = beyond == 0 ? 0 : kHuge - beyond;
  if (lead > 0) munmap(data, lead);
  munmap(data + lead + size, kHuge - lead);
  return data + lead;
}

}  // namespace

void Arenas::enlist(Block* block) {
  list_of(block).insert(block);
  if (block->used) cached_ += static_cast<int64_t>(block->size);
}

void Arenas::strike(Block* block) {
  list_of(block).erase(block);
  if (block->used) cached_ -= static_cast<int64_t>(block->size);
}

// `right` becomes a part of `left`; neither is in a list.
Arenas::Block* Arenas::join(Block* left, Block* right) {
  left->size += right->size;
  left->after = right->after;
  if (left->after != nullptr) left->after->before = left;
  delete right;
  return left;
}

// With those beside it that are free and like it. It is in no list.
Arenas::Block* Arenas::join_neighbours(Block* block) {
  auto alike = [&](const Block* other) { return other != nullptr && other->free && other->used == block->used; };
  if (alike(block->after)) {
    strike(block->after);
    join(block, block->after);
  }
  if (alike(block->before)) {
    Block* before = block->before;
    strike(before);
    block = join(before, block);
  }
  return block;
}

// The first `size` bytes of a block that is in no list; what is left of it is free.
void* Arenas::occupy(Block* block, size_t size) {
  if (block->size > size) {
    Block* rest = new Block{block->data + size, block->size - size, true, block->used, block, block->after};
    if (rest->after != nullptr) rest->after->before = rest;
    block->after = rest;
    block->size = size;
    enlist(rest);
  }
  block->free = false;
  block->used = true;
  live_.emplace(block->data, block);
  return block->data;
}

Arenas::Block* Arenas::first_of(Free& list, size_t size) {
  const Block wanted{nullptr, size, true, false, nullptr, nullptr};
  auto found = list.lower_bound(const_cast<Block*>(&wanted));
  return found == list.end() ? nullptr : *found;
}

// A used block that is large enough with the untouched one behind it: the one of which the least is new.
Arenas::Block* Arenas::grown(size_t size) {
  for (auto each = used_.rbegin(); each != used_.rend(); ++each) {
    Block *block = *each, *after = block->after;
    if (after == nullptr || !after->free || after->used || block->size + after->size < size) continue;
    strike(block);
    strike(after);
    // what is left of the untouched one stays so
    Block* rest = block->size + after->size == size ? nullptr : after;
    const size_t missing = size - block->size;
    if (rest == nullptr) return join(block, after);
    rest->data += missing;
    rest->size -= missing;
    block->size = size;
    enlist(rest);
    return block;
  }
  return nullptr;
}

bool Arenas::reserve(size_t size) {
  const size_t least = (size + kHuge - 1) / kHuge * kHuge;
  size_t length = std::max(least, kStretch);
  char* data = map_aligned(length);
  if (data == nullptr && length > least) data = map_aligned(length = least);
  if (data == nullptr) return false;
  enlist(new Block{data, length, true, false, nullptr, nullptr});
  return true;
}

void* Arenas::take_used(size_t size) {
  Block* block = first_of(used_, size);
  if (block == nullptr) return nullptr;
  strike(block);
  return occupy(block, size);
}

void* Arenas::take(size_t size) {
  if (void* data = take_used(size)) return data;
  if (Block* block = grown(size)) return occupy(block, size);
  if (first_of(untouched_, size) == nullptr && !reserve(size)) return nullptr;
  Block* block = first_of(untouched_, size);
  strike(block);
  return occupy(block, size);
}

size_t Arenas::give_back(void* data) {
  auto found = live_.find(data);
  Block* block = found->second;
  live_.erase(found);
  const size_t size = block->size;
  block->free = true;
  enlist(join_neighbours(block));
  return size;
}

bool Arenas::shrink() {
  if (used_.empty()) return false;
  Block* block = *used_.rbegin();
  strike(block);
#if defined(__linux__)
  madvise(block->data, block->size, MADV_DONTNEED);
#else
  map(block->data, block->size, MAP_FIXED);
#endif
  block->used = false;
  block = join_neighbours(block);
  // the stretch is empty
  if (block->before == nullptr && block->after == nullptr) {
    munmap(block->data, block->size);
    delete block;
  } else {
    enlist(block);
  }
  return true;
}

}  // namespace clinicadl
