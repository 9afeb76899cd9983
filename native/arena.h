// Large blocks, cut from stretches of address space and joined with their neighbours again when they are free: what a small image has left
// serves a large one, so that no more memory is touched than is in use at once, but for gaps.
#pragma once
#include <cstddef>
#include <cstdint>
#include <set>
#include <unordered_map>

namespace clinicadl {

// Not for several threads at once: whoever owns it has a lock.
class Arenas {
 public:
  static constexpr size_t kStep = 64 * 1024;  // sizes are multiples of it

  // A block from memory that has been used before, or null. `size`: a multiple of kStep.
  void* take_used(size_t size);
  // A block, for as much of it as there is from memory that has been used before and lies before what has not; null where the system has none.
  void* take(size_t size);
  // Takes a block back; returns its size.
  size_t give_back(void* data);
  // Gives the largest free block that has been used to the system, and says whether there was one.
  bool shrink();
  // The bytes that have been used, and are free.
  int64_t cached() const { return cached_; }

 private:
  struct Block {
    char* data;
    size_t size;
    bool free, used;
    Block *before, *after;  // the neighbours in the same stretch
  };
  // The smallest block first; of two, the one at the lower address, so that the upper end stays untouched.
  struct Order {
    bool operator()(const Block* a, const Block* b) const { return a->size != b->size ? a->size < b->size : a->data < b->data; }
  };
  using Free = std::set<Block*, Order>;

  Free& list_of(const Block* block) { return block->used ? used_ : untouched_; }
  void enlist(Block* block);
  void strike(Block* block);
  void* occupy(Block* block, size_t size);
  Block* join(Block* left, Block* right);
  Block* join_neighbours(Block* block);
  Block* first_of(Free& list, size_t size);
  Block* grown(size_t size);
  bool reserve(size_t size);

  Free used_, untouched_;
  std::unordered_map<void*, Block*> live_;
  int64_t cached_ = 0;
};

}  // namespace clinicadl
