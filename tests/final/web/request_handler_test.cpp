#include <funnel/web.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

using Events = std::vector<std::string>;

/// Writes down what happens to it, and does something at one of the moments.
class Recorder : public RequestHandler {
 public:
  using Work = std::function<void(Recorder&)>;

  explicit Recorder(Events& events, Work work = nullptr) : work_(std::move(work)), events_(events) {
    events_.push_back("made");
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() override { events_.push_back("gone"); }

  void set_default_headers() override {
    events_.push_back("set_default_headers");
    set_header("X-Default", "yes");
  }
  void get() {
    events_.push_back("get");
    if (work_) work_(*this);
  }
  void on_finish() override {
    events_.push_back(finished() ? "on_finish" : "on_finish, unanswered");
  }

 protected:
  Work work_;
  Events& events_;
};

class Preparing : public Recorder {
 public:
  using Recorder::Recorder;
  Task<> prepare() override {
    events_.push_back("prepare");
    if (work_) work_(*this);
    return {};
  }
  void get() { events_.push_back("get"); }
};

class PreparingSlowly : public Recorder {
 public:
  using Recorder::Recorder;
  Task<> prepare() override {
    events_.push_back("prepare");
    co_await gen::sleep(1s);
    events_.push_back("prepared");
    if (work_) work_(*this);
  }
  Task<> get(std::string text) {
    events_.push_back("get " + text);
    co_await gen::sleep(1s);
    write(text);
  }
};

class Slow : public Recorder {
 public:
  using Recorder::Recorder;
  Task<> get() {
    events_.push_back("get");
    try {
      co_await gen::sleep(1s);
    } catch (const Cancelled&) {
      events_.push_back("cancelled");
      throw;
    }
    if (work_) work_(*this);
  }
};

/// What happens when a handler of type `H` with this work is asked for `target`.
template <typename H>
Events events_of(Recorder::Work work, std::string_view method = "GET") {
  Events events;
  {
    Site site({route<H>("/", std::ref(events), std::move(work))});
    raw::Client client = site.fixture.connect();
    client.send(Site::head(method, "/"));
    site.fixture.pass(3s);
  }
  return events;
}

/// How often `on_finish` ran.
std::size_t finishes(const Events& events) {
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(),
                    [](const std::string& event) { return event.starts_with("on_finish"); }));
}

/// Touches the handler when it dies, as the locals of a method may.
class Farewell {
 public:
  Farewell(Events& events, const RequestHandler& handler) : events_(events), handler_(handler) {}
  Farewell(const Farewell&) = delete;
  Farewell& operator=(const Farewell&) = delete;
  ~Farewell() { events_.push_back("farewell " + std::string(handler_.request().path())); }

 private:
  Events& events_;
  const RequestHandler& handler_;
};

/// Waits in `get`.
class Waiting : public RequestHandler {
 public:
  explicit Waiting(Events& events) : events_(events) {}
  Task<> get() { return wait(); }

 protected:
  Task<> wait() {
    const Farewell farewell(events_, *this);
    co_await gen::sleep(1000s);
  }

 private:
  Events& events_;
};

/// Waits in `prepare`.
class WaitingBefore : public Waiting {
 public:
  using Waiting::Waiting;
  Task<> prepare() override { return wait(); }
};

/// Waits in `get` after a `prepare` that waited.
class WaitingAfter : public Waiting {
 public:
  using Waiting::Waiting;
  Task<> prepare() override { co_await gen::sleep(0s); }
};

std::vector<Route> waiting_routes(Events& events) {
  return {route<Waiting>("/get", std::ref(events)),
          route<WaitingBefore>("/before", std::ref(events)),
          route<WaitingAfter>("/after", std::ref(events))};
}

}  // namespace

TEST_SUITE("web.request_handler") {
  TEST_CASE("a handler is made, gets its headers, answers, and goes") {
    CHECK(events_of<Recorder>(nullptr) ==
          Events{"made", "set_default_headers", "get", "on_finish", "gone"});
    CHECK(events_of<Preparing>(nullptr) ==
          Events{"made", "set_default_headers", "prepare", "get", "on_finish", "gone"});
    CHECK(events_of<Slow>(nullptr) ==
          Events{"made", "set_default_headers", "get", "on_finish", "gone"});
  }

  TEST_CASE("prepare may wait, and the method runs after it with its arguments") {
    Events events;
    Site site({route<PreparingSlowly>("/(.*)", std::ref(events))});
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/a%20b"));
    CHECK(events == Events{"made", "set_default_headers", "prepare"});
    site.fixture.pass(1s);
    CHECK(events.back() == "get a b");
    CHECK(client.received().empty());
    site.fixture.pass(1s);
    CHECK(Site::reply(client).body == "a b");
    CHECK(events == Events{"made", "set_default_headers", "prepare", "prepared", "get a b",
                           "on_finish", "gone"});
  }

  TEST_CASE("when prepare finishes the answer the method does not run") {
    const auto finish = [](Recorder& handler) { handler.finish("done"); };
    CHECK(events_of<Preparing>(finish) ==
          Events{"made", "set_default_headers", "prepare", "on_finish", "gone"});
    Events events;
    Site site({route<Preparing>("/", std::ref(events), finish),
               route<PreparingSlowly>("/slow/(.*)", std::ref(events), finish)});
    CHECK(site.get("/").body == "done");
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/slow/"));
    site.fixture.pass(1s);
    CHECK(Site::reply(client).body == "done");
    CHECK(std::count(events.begin(), events.end(), "get ") == 0);
  }

  TEST_CASE("when prepare throws the method does not run") {
    const auto refuse = [](Recorder&) { throw HTTPError(403); };
    CHECK(events_of<Preparing>(refuse) == Events{"made", "set_default_headers", "prepare",
                                                 "set_default_headers", "on_finish", "gone"});
    Events events;
    Site site({route<Preparing>("/", std::ref(events), refuse),
               route<PreparingSlowly>("/slow/(.*)", std::ref(events), refuse)});
    CHECK(site.get("/").code == 403);
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/slow/"));
    site.fixture.pass(1s);
    CHECK(Site::reply(client).code == 403);
    CHECK(std::count(events.begin(), events.end(), "get ") == 0);
  }

  TEST_CASE("on_finish runs once, however the answer ends") {
    struct Ending {
      const char* name;
      Recorder::Work work;
    };
    const std::vector<Ending> endings = {
        {"without a word", nullptr},
        {"finish", [](Recorder& h) { h.finish("x"); }},
        {"flush", [](Recorder& h) { h.flush(); }},
        {"redirect", [](Recorder& h) { h.redirect("/x"); }},
        {"send_error", [](Recorder& h) { h.send_error(503); }},
        {"HTTPError", [](Recorder&) { throw HTTPError(404); }},
        {"another exception", [](Recorder&) { throw std::runtime_error("x"); }},
        {"what is no std::exception", [](Recorder&) { throw 42; }},
        {"an exception after flush",
         [](Recorder& h) {
           h.write("x");
           h.flush();
           throw std::runtime_error("x");
         }},
        {"an exception after finish",
         [](Recorder& h) {
           h.finish("x");
           throw std::runtime_error("x");
         }},
        {"finish twice",
         [](Recorder& h) {
           h.finish("x");
           h.finish("y");
         }},
    };
    for (const Ending& ending : endings) {
      CAPTURE(ending.name);
      for (const Events& events :
           {events_of<Recorder>(ending.work), events_of<Slow>(ending.work),
            events_of<Preparing>(ending.work), events_of<Recorder>(ending.work, "POST")}) {
        CHECK(finishes(events) == 1);
        REQUIRE(events.size() > 2);
        CHECK(events[events.size() - 2] == "on_finish");
        CHECK(events.back() == "gone");
      }
    }
  }

  TEST_CASE("a handler whose client has gone is cancelled, and on_finish runs once") {
    Events events;
    Site site({route<Slow>("/", std::ref(events)),
               route<PreparingSlowly>("/prepare/(.*)", std::ref(events))});
    for (const char* path : {"/", "/prepare/"}) {
      events.clear();
      raw::Client client = site.fixture.connect();
      client.send(Site::head("GET", path));
      client.close();
      site.fixture.run();
      CHECK(finishes(events) == 1);
      CHECK(events[events.size() - 2] == "on_finish, unanswered");
      CHECK(events.back() == "gone");
      CHECK(std::count(events.begin(), events.end(), "get ") == 0);
    }
    REQUIRE(site.fixture.log.size() == 2);  // the two lines of the access log
    const auto records = site.fixture.log.records();
    CHECK(records[0].message.starts_with("499 GET / (192.0.2.1) "));
    CHECK(records[1].message.starts_with("499 GET /prepare/ (192.0.2.1) "));
    CHECK(records[0].level == log::Level::warning);
  }

  TEST_CASE("a client that leaves in the middle of an answer is logged with the status it got") {
    Site site({route<Await>("/", [](Await& handler) -> Task<> {
      handler.set_status(203);
      co_await handler.flush();
      co_await gen::sleep(1s);
    })});
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/"));
    client.close();
    site.fixture.run();
    REQUIRE(site.fixture.log.size() == 1);
    CHECK(site.fixture.log.records()[0].message.starts_with("203 GET / (192.0.2.1) "));
  }

  TEST_CASE("a handler that fails for another reason after its client has gone is logged") {
    Site site({route<Await>("/", [](Await&) -> Task<> {
      try {
        co_await gen::sleep(1s);
      } catch (const Cancelled&) {
        throw std::runtime_error("while cleaning up");
      }
    })});
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/"));
    client.close();
    site.fixture.run();
    CHECK(site.logged("Uncaught exception GET / (192.0.2.1): while cleaning up"));
  }

  TEST_CASE("on_finish runs once although log_function throws, and both failures are logged") {
    class Failing : public Recorder {
     public:
      using Recorder::Recorder;
      void on_finish() override {
        Recorder::on_finish();
        throw std::runtime_error("from on_finish");
      }
    };
    Events events;
    Settings settings;
    settings.log_function = [](const RequestHandler&) { throw std::runtime_error("from the log"); };
    Site site({route<Failing>("/", std::ref(events))}, settings);
    CHECK(site.get("/").code == 200);
    CHECK(site.get("/").code == 200);
    CHECK(finishes(events) == 2);
    CHECK(site.logged("Uncaught exception in log_function, GET / (192.0.2.1): from the log"));
    CHECK(site.logged("Uncaught exception in on_finish, GET / (192.0.2.1): from on_finish"));
  }

  TEST_CASE("what is no std::exception does not escape from log_function and on_finish either") {
    class Failing : public Recorder {
     public:
      using Recorder::Recorder;
      void on_finish() override {
        Recorder::on_finish();
        throw 42;
      }
    };
    Events events;
    Settings settings;
    settings.log_function = [](const RequestHandler&) { throw 42; };
    Site site({route<Failing>("/", std::ref(events)), route<Slow>("/slow", std::ref(events))},
              settings);
    const Reply reply = site.get("/");
    CHECK(reply.code == 200);
    CHECK(!reply.ended);
    CHECK(finishes(events) == 1);
    CHECK(site.logged("Uncaught exception in log_function, GET / (192.0.2.1)"));
    CHECK(site.logged("Uncaught exception in on_finish, GET / (192.0.2.1)"));
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/slow"));
    site.fixture.pass(1s);
    CHECK(Site::reply(client).code == 200);
    CHECK(finishes(events) == 2);
  }

  TEST_CASE("on_finish cannot write any more") {
    class Late : public RequestHandler {
     public:
      void get() { write("early"); }
      void on_finish() override { write("late"); }
    };
    Site site({route<Late>("/")});
    CHECK(site.get("/").body == "early");
    CHECK(site.logged("Uncaught exception in on_finish, GET / (192.0.2.1): write: the answer"));
  }

  TEST_CASE("a handler that waits when its client goes dies after the locals of its method") {
    for (const std::string path : {"/get", "/before", "/after"}) {
      Events events;
      Site site(waiting_routes(events));
      raw::Client client = site.fixture.connect();
      client.send(Site::head("GET", path));
      client.close();
      site.fixture.run();
      CHECK(events == Events{"farewell " + path});
    }
  }

  TEST_CASE("a handler that waits when its server is destroyed dies after those locals too") {
    for (const std::string path : {"/get", "/before", "/after"}) {
      Events events;
      Site site(waiting_routes(events));
      raw::Client client = site.fixture.connect();
      client.send(Site::head("GET", path));
      site.fixture.server.reset();
      CHECK(events == Events{"farewell " + path});
    }
  }
}
