#include <funnel/netutil.h>

#include <doctest/doctest.h>

#include <funnel/cancel.h>
#include <funnel/error.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "../../support/time_scale.h"
#include "../core/support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::Started;
using test_support::time_limit;

TEST_SUITE("net.netutil") {
  TEST_CASE("addresses are written with brackets where there are colons") {
    CHECK(Address("127.0.0.1", 80).to_string() == "127.0.0.1:80");
    CHECK(Address("::1", 80).to_string() == "[::1]:80");
    CHECK(Address("::1", 80).is_ipv6());
    CHECK(!Address("127.0.0.1", 80).is_ipv6());
  }

  TEST_CASE("numeric addresses are told from everything else") {
    for (const char* good : {"127.0.0.1", "::1", "2620:0:1cfe:face:b00c::3", "255.255.255.255"}) {
      CAPTURE(good);
      CHECK(is_valid_ip(good));
    }
    for (const char* bad : {"", " ", "localhost", "4.4.4.4<", " 127.0.0.1", "127.0.0.1 ", "\n",
                            "127.0.0.256", "127.0.0", "1:2", "[::1]", "::1::2", "127.0.0.1:80"}) {
      CAPTURE(bad);
      CHECK(!is_valid_ip(bad));
    }
    CHECK(!is_valid_ip(std::string_view("127.0.0.1\0", 10)));
    CHECK(!is_valid_ip(std::string(100, '1')));
  }

  TEST_CASE("a link-local address may name its interface, and nothing else") {
    for (const char* good : {"fe80::1%eth0", "fe80::1%2", "FE80::a:b%br-lan_0.100"}) {
      CAPTURE(good);
      CHECK(is_valid_ip(good));
    }
    for (const char* bad :
         {"::1%<script>\r\nX: y", "::1%eth0", "2001:db8::1%eth0", "127.0.0.1%eth0", "fe80::1%",
          "fe80::1%a b", "fe80::1%a\r\n", "fe80::1%a/b", "fe80::1%a%b", "%eth0", "%"}) {
      CAPTURE(bad);
      CHECK(!is_valid_ip(bad));
    }
  }

  TEST_CASE("what is no address is not resolved as one") {
    IOLoop loop;
    CHECK_THROWS_AS(loop.run_sync(default_resolver().resolve("::1%<script>", 80), time_limit(10s)),
                    std::system_error);
  }

  TEST_CASE("an override without addresses is a name that does not exist") {
    IOLoop loop;
    OverrideResolver resolver({{"host", std::vector<Address>()}});
    CHECK_THROWS_WITH_AS(loop.run_sync(resolver.resolve("host", 80)),
                         "cannot resolve host: Name or service not known", std::system_error);
  }

  TEST_CASE("an override replaces a name, keeps the port where it names none, and no other name") {
    IOLoop loop;
    OverrideResolver resolver({{"host", {Address("192.0.2.1", 0), Address("192.0.2.2", 99)}}});
    const auto found = loop.run_sync(resolver.resolve("host", 80));
    REQUIRE(found.size() == 2);
    CHECK(found[0].to_string() == "192.0.2.1:80");
    CHECK(found[1].to_string() == "192.0.2.2:99");
    const auto other = loop.run_sync(resolver.resolve("192.0.2.7", 80));
    REQUIRE(other.size() == 1);
    CHECK(other[0].to_string() == "192.0.2.7:80");
  }

  TEST_CASE("a name has addresses, each with the port that was asked for") {
    IOLoop loop;
    const auto found = loop.run_sync(default_resolver().resolve("localhost", 81), time_limit(10s));
    REQUIRE(!found.empty());
    for (const Address& address : found) {
      CHECK(is_valid_ip(address.ip));
      CHECK(address.port == 81);
    }
  }

  TEST_CASE("a look-up can be given up") {
    IOLoop loop;
    CancelSource scope;
    bool cancelled = false;
    const auto look_up = [](bool* flag) -> Task<> {
      try {
        (void)co_await default_resolver().resolve("localhost", 80);
      } catch (const Cancelled&) {
        *flag = true;
      }
    };
    {
      const Started waiting(look_up(&cancelled), scope.token());
      scope.cancel();
      testing::run_ready(loop);
      CHECK(cancelled);
    }
    { Started waiting(look_up(&cancelled)); }
  }
}
