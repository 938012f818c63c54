// expect: nothing, it compiles
#include <funnel/gen.h>
#include <funnel/web.h>

#include <functional>

using funnel::Task;
using funnel::web::Application;
using funnel::web::RequestHandler;
using funnel::web::route;
using funnel::web::runtime;

namespace {

class EveryMethod : public RequestHandler {
 public:
  void get() {}
  void head() const {}
  Task<> post() { co_return; }
  Task<> put() const { return {}; }
  void patch() noexcept {}
  Task<> options() const noexcept { return {}; }
  virtual void delete_() {}
};

class EveryArgument : public RequestHandler {
 public:
  Task<> get(int, unsigned long long, double, std::string, std::string_view) { co_return; }
  void post(int, unsigned long long, double, const std::string&, const std::string_view) {}
};

class FromBase : public EveryMethod {};

class WithArguments : public RequestHandler {
 public:
  WithArguments(int& counter, std::string name) : counter_(counter), name_(std::move(name)) {}
  Task<> get() {
    ++counter_;
    co_await funnel::gen::sleep(std::chrono::seconds(1));
    write(name_);
    flush();  // whoever does not stream much need not wait
  }

 private:
  int& counter_;
  std::string name_;
};

}  // namespace

std::string serve(const std::string& pattern) {
  static int counter = 0;
  Application app{
      route<EveryMethod>("/"),
      route<EveryMethod>(R"(/[(\])]\(\?(?:x|y))").name("no_groups"),
      route<EveryArgument>(R"(/(-?\d+)/(\d+)/([0-9.]+)/(?P<name>[^/]+)/(.*))").head_from_get(),
      route<FromBase>(runtime(pattern)),
      route<WithArguments>("/counter", std::ref(counter), "name"),
  };
  return app.url_for<EveryArgument>(-1, 2U, 0.5, "a", std::string("b")) +
         app.url_for<WithArguments>();
}
