#include "net/buffer.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

using funnel::detail::InputBuffer;

namespace {

void append(InputBuffer& buffer, std::string_view text) {
  while (!text.empty()) {
    const auto [data, size] = buffer.prepare();
    const std::size_t count = std::min(size, text.size());
    std::memcpy(data, text.data(), count);
    buffer.commit(count);
    text.remove_prefix(count);
  }
}

std::string numbers(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; text.size() < count; ++i) text += std::to_string(i) + ",";
  text.resize(count);
  return text;
}

}  // namespace

TEST_SUITE("net.buffer") {
  TEST_CASE("what is appended comes out in order") {
    InputBuffer buffer;
    CHECK(buffer.empty());
    append(buffer, "hello, ");
    append(buffer, "world");
    CHECK(buffer.data() == "hello, world");
    buffer.consume(7);
    CHECK(buffer.data() == "world");
    CHECK(buffer.size() == 5);
    buffer.consume(5);
    CHECK(buffer.empty());
  }

  TEST_CASE("the block grows with what lies in it, and reads get longer") {
    InputBuffer buffer;
    const std::string text = numbers(1'000'000);
    append(buffer, text);
    CHECK(buffer.data() == text);
    buffer.consume(text.size());
    CHECK(buffer.prepare().second == InputBuffer::read_size);
    buffer.commit(0);
  }

  TEST_CASE("a body that is consumed as it comes is read in ever longer pieces") {
    InputBuffer buffer;
    for (std::size_t size = InputBuffer::first_block; size <= InputBuffer::read_size; size *= 2) {
      const auto [data, room] = buffer.prepare();
      CHECK(room == size);
      std::memset(data, 'x', room);
      buffer.commit(room);
      buffer.consume(room);
    }
    CHECK(buffer.prepare().second == InputBuffer::read_size);
    buffer.commit(0);
  }

  TEST_CASE("a stream of any length passes through a block of the same size") {
    InputBuffer buffer;
    const std::string text = numbers(3'000);
    for (int i = 0; i < 1000; ++i) {
      append(buffer, text);
      if (i > 0) buffer.consume(text.size());
      CHECK(buffer.data() == text);
    }
    CHECK(buffer.prepare().second < 16 * 1024);
    buffer.commit(0);
  }

  TEST_CASE("consuming all starts over at the front of the block") {
    InputBuffer buffer;
    const char* const begin = buffer.prepare().first;
    buffer.commit(100);
    buffer.consume(100);
    CHECK(buffer.prepare().first == begin);
    buffer.commit(0);
  }

  TEST_CASE("a read that is under way is not disturbed by consuming") {
    InputBuffer buffer;
    append(buffer, "first");
    const auto [data, size] = buffer.prepare();
    buffer.consume(5);
    REQUIRE(size >= 6);
    std::memcpy(data, "second", 6);
    buffer.commit(6);
    CHECK(buffer.data() == "second");
  }

  TEST_CASE("what was detached stays where it is while the buffer goes on") {
    InputBuffer buffer;
    append(buffer, "the head");
    append(buffer, "the body");
    const std::string_view head = buffer.data().substr(0, 8);
    const std::shared_ptr<const char[]> pin = buffer.detach(8);
    CHECK(buffer.data() == "the body");
    buffer.consume(8);
    const std::string text = numbers(100'000);
    append(buffer, text);
    CHECK(head == "the head");
    CHECK(buffer.data() == text);
  }

  TEST_CASE("what was detached outlives the buffer") {
    std::shared_ptr<const char[]> pin;
    std::string_view head;
    {
      InputBuffer buffer;
      append(buffer, "the head");
      head = buffer.data();
      pin = buffer.detach(8);
    }
    CHECK(head == "the head");
  }

  TEST_CASE("the block is used again when the detached part is let go") {
    InputBuffer buffer;
    append(buffer, "the head");
    const char* const begin = buffer.data().data();
    std::shared_ptr<const char[]> pin = buffer.detach(8);
    pin.reset();
    append(buffer, "next");
    buffer.consume(4);
    CHECK(buffer.prepare().first == begin);
    buffer.commit(0);
  }

  TEST_CASE("a released buffer holds nothing and can be used again") {
    InputBuffer buffer;
    append(buffer, "text");
    buffer.consume(4);
    buffer.release();
    CHECK(buffer.empty());
    buffer.consume(0);
    append(buffer, "again");
    CHECK(buffer.data() == "again");
  }
}
