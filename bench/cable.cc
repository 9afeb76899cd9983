// A cable between two network namespaces that holds every packet for a time, each way, where the kernel has no netem: a tun device in each, and a
// thread for each way between them. usage: cable MICROSECONDS NAMESPACE DEVICE NAMESPACE DEVICE; says "ready", and goes on until its standard input ends.
// Packets of TCP come as the kernel joins them, of up to 64 KiB, with their virtio header, which the other side is given as it is.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;

// a virtio header and the longest packet of IP
constexpr size_t LONGEST = 64 + 65536;

int checked(int result, const std::string& what) {
  if (result < 0) throw std::runtime_error(what + ": " + std::strerror(errno));
  return result;
}

// A device stays where it was made, wherever this process goes.
int device(const std::string& space, const std::string& name) {
  const int where = checked(open(("/var/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC), space);
  checked(setns(where, CLONE_NEWNET), "setns " + space);
  close(where);
  const int tun = checked(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name.c_str());
  checked(ioctl(tun, TUNSETIFF, &request), "TUNSETIFF " + name);
  checked(ioctl(tun, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6), "TUNSETOFFLOAD " + name);
  return tun;
}

struct Packet {
  Clock::time_point due;
  std::vector<char> bytes;
};

bool notNow() { return errno == EAGAIN || errno == EINTR; }
// a full queue, or a device that is not up yet
bool notTaken() { return notNow() || errno == ENOBUFS || errno == EIO; }

void carry(int from, int to, Clock::duration delay) {
  // timers of a thread are late by 50 µs otherwise
  prctl(PR_SET_TIMERSLACK, 1UL);
  std::deque<Packet> held;
  std::vector<char> buffer(LONGEST);
  for (;;) {
    // as the network does, the other side drops what it has no place for
    while (!held.empty() && held.front().due <= Clock::now()) {
      const Packet& packet = held.front();
      if (write(to, packet.bytes.data(), packet.bytes.size()) < 0 && !notTaken())
        throw std::runtime_error(std::string("write: ") + std::strerror(errno));
      held.pop_front();
    }
    const ssize_t length = read(from, buffer.data(), buffer.size());
    if (length >= 0) {
      held.push_back({Clock::now() + delay, {buffer.begin(), buffer.begin() + length}});
      continue;
    }
    if (!notNow()) throw std::runtime_error(std::string("read: ") + std::strerror(errno));
    pollfd wanted{from, POLLIN, 0};
    timespec wait{};
    if (!held.empty()) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(held.front().due - Clock::now()).count();
      wait = {left <= 0 ? 0 : static_cast<time_t>(left / 1'000'000'000), left <= 0 ? 0 : static_cast<long>(left % 1'000'000'000)};
    }
    ppoll(&wanted, 1, held.empty() ? nullptr : &wait, nullptr);
  }
}

// An error in one of the threads is the end of the process.
void carryOrEnd(int from, int to, Clock::duration delay) {
  try {
    carry(from, to, delay);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cable: %s\n", error.what());
    std::_Exit(1);
  }
}

int main(int count, char** words) try {
  if (count != 6) throw std::runtime_error("usage: cable MICROSECONDS NAMESPACE DEVICE NAMESPACE DEVICE");
  const std::chrono::microseconds delay(std::stol(words[1]));
  const int one = device(words[2], words[3]);
  const int other = device(words[4], words[5]);
  std::thread(carryOrEnd, one, other, delay).detach();
  std::thread(carryOrEnd, other, one, delay).detach();
  std::puts("ready");
  std::fflush(stdout);
  char ignored;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  // the threads are at work still
  std::_Exit(0);
} catch (const std::exception& error) {
  std::fprintf(stderr, "cable: %s\n", error.what());
  return 1;
}
