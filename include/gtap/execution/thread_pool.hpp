#pragma once

#include <gtap/core/target.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace gtap {

/// The most threads that a procedure works with; more would only wait for each other.
inline constexpr std::size_t most_threads = 1024;

/// The number of threads that a request means: itself, up to most_threads, or for 0 what the
/// machine offers.
inline std::size_t thread_count(std::size_t requested) {
  if (requested != 0) return requested < most_threads ? requested : most_threads;
  const std::size_t hardware = std::thread::hardware_concurrency();
  return hardware == 0 ? 1 : hardware;
}

/// Threads for one procedure; the caller is one of them, so a pool of one starts none. Others are
/// started when there are chunks for them, so there are never more threads than chunks, and fewer
/// where the system refuses to start more. Work comes as numbered chunks. Which thread runs a chunk
/// is left to chance, so results must be stored by chunk and merged in chunk order; then they do
/// not depend on the threads.
///
/// One caller at a time, and not from inside a chunk. The destructor joins all threads.
class ThreadPool {
 public:
  /// At most thread_count(threads) threads.
  explicit ThreadPool(std::size_t threads = 0) : size_(thread_count(threads)) {}

  ~ThreadPool() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    begin_.notify_all();  // once for all: a stop token of each would wake all threads for each
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// The most threads that work, the caller among them. Workers are numbered 0 (the caller) to
  /// size() - 1.
  std::size_t size() const { return size_; }

  /// Calls `work(chunk, worker)` for each chunk below `chunks` and returns when all are done. No
  /// two calls run at the same time with the same worker number, so scratch memory may be kept by
  /// worker. When chunks throw, chunks not yet begun are skipped and the exception of the lowest
  /// one is rethrown: the same for any number of threads, as chunks begin in order.
  template <class Work>
  void run(std::size_t chunks, Work&& work) {
    if (size() == 1 || chunks <= 1) {
      for (std::size_t chunk = 0; chunk < chunks; ++chunk)
        work(chunk, std::size_t{0});
      return;
    }
    start(chunks);
    begin(chunks, work);
    take_chunks(0);
    end();
  }

  /// Calls `work(worker)` once on each thread that has been started and on the caller's, and
  /// returns when all are done; `work` must not throw.
  template <class Work>
  void on_each_thread(Work&& work) {
    const auto own = [&](std::size_t, std::size_t worker) { work(worker); };
    begin(0, own);
    own(0, 0);
    end();
  }

 private:
  /// Starts threads that are missing for so many chunks. No round is under way.
  void start(std::size_t chunks) {
    const std::size_t wanted = chunks < size_ ? chunks : size_;
    try {
      while (threads_.size() + 1 < wanted) {
        const std::size_t worker = threads_.size() + 1;
        threads_.emplace_back([this, worker, seen = round_] { serve(worker, seen); });
      }
    } catch (const std::system_error&) {
      size_ = threads_.size() + 1;
    }
  }

  /// Wakes the threads: `work` for chunks as they come, or for 0 chunks once each.
  template <class Work>
  void begin(std::size_t chunks, Work& work) {
    {
      const std::lock_guard lock(mutex_);
      context_ = const_cast<void*>(static_cast<const void*>(std::addressof(work)));
      call_ = [](void* context, std::size_t chunk, std::size_t worker) {
        (*static_cast<Work*>(context))(chunk, worker);
      };
      next_ = 0;
      chunks_ = chunks;
      busy_ = threads_.size();
      error_ = nullptr;
      ++round_;
    }
    begin_.notify_all();
  }

  void end() {
    std::unique_lock lock(mutex_);
    end_.wait(lock, [this] { return busy_ == 0; });
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  /// `seen` is the round before the thread's first.
  void serve(std::size_t worker, std::uint64_t seen) {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        begin_.wait(lock, [&] { return round_ != seen || ending_; });
        if (ending_) return;
        seen = round_;
      }
      if (chunks_ == 0) {
        call_(context_, 0, worker);
      } else {
        take_chunks(worker);
      }
      const std::lock_guard lock(mutex_);
      if (--busy_ == 0) end_.notify_one();
    }
  }

  void take_chunks(std::size_t worker) {
    while (true) {
      std::size_t chunk = 0;
      {
        const std::lock_guard lock(mutex_);
        if (next_ >= chunks_) return;
        chunk = next_++;
      }
      try {
        call_(context_, chunk, worker);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        next_ = chunks_;
        if (!error_ || chunk < error_chunk_) {
          error_ = std::current_exception();
          error_chunk_ = chunk;
        }
      }
    }
  }

  std::size_t size_;
  std::mutex mutex_;
  std::condition_variable begin_;
  std::condition_variable end_;
  void* context_ = nullptr;
  void (*call_)(void*, std::size_t, std::size_t) = nullptr;
  std::size_t next_ = 0;
  std::size_t chunks_ = 0;
  std::size_t busy_ = 0;
  std::uint64_t round_ = 0;
  bool ending_ = false;
  std::exception_ptr error_;
  std::size_t error_chunk_ = 0;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

/// One round of ThreadPool::run on threads of its own; `threads` 0 means those of the machine.
template <class Work>
void parallel_chunks(std::size_t threads, std::size_t chunks, Work&& work) {
  ThreadPool(threads).run(chunks, work);
}

}  // namespace gtap
