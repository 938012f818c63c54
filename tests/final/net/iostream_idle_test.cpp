#include <funnel/iostream.h>

#include <doctest/doctest.h>

#include <string>

#include "../core/support.h"
#include "streams.h"

using namespace funnel;
using namespace net_tests;
using core_tests::Started;

namespace {

bool has_buffer(const IOStream& stream) { return stream.buffered().data() != nullptr; }

}  // namespace

TEST_SUITE("net.iostream.idle") {
  TEST_CASE("an idle stream gives its buffer back and goes on") {
    over_each([](Pair& pair) {
      pair.a.release_idle_buffer();  // nothing is read: nothing happens
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(5), &result));
      pair.settle();
      CHECK(has_buffer(pair.a));
      pair.a.release_idle_buffer();
      pair.a.release_idle_buffer();
      pair.settle();
      CHECK(!has_buffer(pair.a));
      pair.a.release_idle_buffer();  // waits without a buffer already
      pair.settle();
      CHECK(!has_buffer(pair.a));
      (void)pair.b.write("hello");
      pair.settle();
      CHECK(result == "hello");
    });
  }

  TEST_CASE("a buffer is not given back under data that arrives at that moment") {
    over_each([](Pair& pair) {
      for (int i = 0; i < 3; ++i) {
        std::string result;
        const Started reader(read_into(pair.a.read_bytes(10), &result));
        pair.settle();
        if (i != 1) pair.a.release_idle_buffer();
        (void)pair.b.write("hello");
        if (i != 0) pair.a.release_idle_buffer();
        pair.settle();
        pair.a.release_idle_buffer();  // there are bytes in it
        CHECK(pair.a.buffered() == "hello");
        (void)pair.b.write("world");
        pair.settle();
        CHECK(result == "helloworld");
      }
    });
  }

  TEST_CASE("data that arrives while the buffer is given back ends the read") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(5), &result));
      pair.settle();
      pair.a.release_idle_buffer();
      (void)pair.b.write("hello");
      pair.settle();
      CHECK(result == "hello");
    });
  }

  TEST_CASE("giving the buffer back does not disturb what is sent") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(1), &result));
      (void)pair.a.write(std::string(8'000'000, 'x'));
      pair.settle();
      CHECK(pair.a.writing());
      pair.a.release_idle_buffer();
      pair.settle();
      CHECK(has_buffer(pair.a));  // it is not idle
      CHECK(pair.read(pair.b.read_bytes(8'000'000)).size() == 8'000'000);
      (void)pair.b.write("y");
      pair.settle();
      CHECK(result == "y");
    });
  }

  TEST_CASE("an idle stream without a buffer notices the end") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(1), &result));
      pair.a.release_idle_buffer();
      pair.settle();
      CHECK(!has_buffer(pair.a));
      pair.b.close();
      pair.settle();
      CHECK(result == "closed");
    });
  }

  TEST_CASE("a read can be given up while the buffer is given back") {
    over_each([](Pair& pair) {
      std::string result;
      Started reader(read_into(pair.a.read_bytes(5), &result));
      pair.settle();
      pair.a.release_idle_buffer();
      reader.destroy();
      pair.settle();
      CHECK(!has_buffer(pair.a));
      (void)pair.b.write("hello");
      pair.settle();
      CHECK(pair.read(pair.a.read_bytes(5)) == "hello");
    });
  }
}
