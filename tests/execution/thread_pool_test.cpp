#include <gtap/execution/progress.hpp>
#include <gtap/execution/thread_pool.hpp>

#include "catch.hpp"

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

TEST_CASE("each chunk runs once, by a worker that has no other", "[threads]") {
  for (const std::size_t threads : {1u, 2u, 5u}) {
    gtap::ThreadPool pool(threads);
    REQUIRE(pool.size() == threads);
    for (const std::size_t chunks : {0u, 1u, 2u, 97u}) {
      CAPTURE(threads, chunks);
      std::vector<int> runs(chunks, 0);
      std::vector<std::atomic<int>> inside(threads);
      std::atomic<int> overlaps = 0;
      pool.run(chunks, [&](std::size_t chunk, std::size_t worker) {
        if (inside[worker].fetch_add(1) != 0) ++overlaps;
        ++runs[chunk];
        inside[worker].fetch_sub(1);
      });
      CHECK(runs == std::vector<int>(chunks, 1));
      CHECK(overlaps == 0);
    }
  }
}

TEST_CASE("the exception of the lowest chunk reaches the caller and the pool lives on",
          "[threads]") {
  for (const std::size_t threads : {1u, 2u, 4u}) {
    gtap::ThreadPool pool(threads);
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::string message;
      try {
        pool.run(50, [](std::size_t chunk, std::size_t) {
          if (chunk >= 7) throw std::runtime_error(std::to_string(chunk));
        });
      } catch (const std::runtime_error& error) {
        message = error.what();
      }
      CHECK(message == "7");
    }
    std::atomic<int> count = 0;
    pool.run(10, [&](std::size_t, std::size_t) { ++count; });
    CHECK(count == 10);
  }
}

TEST_CASE("work for each thread runs once on each, between rounds of chunks", "[threads]") {
  gtap::ThreadPool pool(3);
  std::vector<std::thread::id> ids(3);
  const auto started = [&] {
    std::atomic<std::size_t> calls = 0;
    pool.on_each_thread([&](std::size_t) { ++calls; });
    return calls.load();
  };
  // Threads are there once there were chunks for them.
  CHECK(started() == 1);
  pool.run(2, [](std::size_t, std::size_t) {});
  CHECK(started() == 2);
  pool.run(9, [](std::size_t, std::size_t) {});
  CHECK(started() == 3);
  for (int round = 0; round < 3; ++round) {
    std::atomic<std::size_t> calls = 0;
    pool.on_each_thread([&](std::size_t worker) {
      ids[worker] = std::this_thread::get_id();
      ++calls;
    });
    CHECK(calls == 3);
    std::atomic<std::size_t> chunks = 0;
    pool.run(10, [&](std::size_t, std::size_t) { ++chunks; });
    CHECK(chunks == 10);
  }
  CHECK(ids[0] == std::this_thread::get_id());
  CHECK(std::set<std::thread::id>(ids.begin(), ids.end()).size() == 3);
}

TEST_CASE("parallel_chunks starts no more threads than chunks", "[threads]") {
  std::atomic<std::size_t> highest = 0;
  gtap::parallel_chunks(8, 2, [&](std::size_t, std::size_t worker) {
    if (worker > highest) highest = worker;
  });
  CHECK(highest < 2);
  CHECK(gtap::thread_count(0) >= 1);
  CHECK(gtap::thread_count(3) == 3);
}

TEST_CASE("no more threads are started than there are chunks, however many are asked for",
          "[threads]") {
  for (const std::size_t threads : {std::size_t(100'000), static_cast<std::size_t>(-1)}) {
    CHECK(gtap::thread_count(threads) == gtap::most_threads);
    gtap::ThreadPool pool(threads);
    for (const std::size_t chunks : {1u, 3u, 2u, 7u}) {
      std::vector<int> runs(chunks, 0);
      pool.run(chunks, [&](std::size_t chunk, std::size_t) { ++runs[chunk]; });
      CHECK(runs == std::vector<int>(chunks, 1));
    }
    std::atomic<std::size_t> started = 0;
    pool.on_each_thread([&](std::size_t) { ++started; });
    CHECK(started == 7);
    // More chunks than threads: each of them once.
    std::vector<int> runs(3 * gtap::most_threads, 0);
    pool.run(runs.size(), [&](std::size_t chunk, std::size_t) { ++runs[chunk]; });
    CHECK(runs == std::vector<int>(runs.size(), 1));
  }
}

TEST_CASE("progress counts what was done before, but not as speed", "[progress]") {
  std::vector<gtap::Progress> seen;
  const gtap::ProgressMeter meter([&](const gtap::Progress& p) { seen.push_back(p); }, 100, 40);
  meter.report(40);
  meter.report(70);
  meter.report(100);
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].rate == 0.0);
  CHECK(seen[0].seconds_left == 0.0);
  CHECK(seen[1].done == 70);
  CHECK(seen[1].total == 100);
  CHECK(seen[1].rate == Approx(30.0 / seen[1].seconds));
  CHECK(seen[1].seconds_left == Approx(30.0 / seen[1].rate));
  CHECK(seen[2].seconds_left == 0.0);
  CHECK(seen[2].seconds >= seen[1].seconds);
  gtap::ProgressMeter({}, 10).report(5);
}
