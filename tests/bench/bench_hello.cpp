// The hello demo with a port of one's choice, for `./learn bench http`. What costs nothing to the
// raw server is off here too: the automatic Etag and the access log.

#include <funnel/ioloop.h>
#include <funnel/web.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

struct MainHandler : funnel::web::RequestHandler {
  void get() { write("Hello, world"); }
};

int main(int argc, char** argv) {
  const bool has_port = argc == 3 && std::string_view(argv[1]) == "--port";
  const auto port = static_cast<std::uint16_t>(has_port ? std::atoi(argv[2]) : 0);
  funnel::web::Settings settings;
  settings.automatic_etag = false;
  settings.access_log = false;
  funnel::web::Application app({funnel::web::route<MainHandler>("/")}, settings);
  std::printf("listening on http://127.0.0.1:%d\n", app.listen(port, "127.0.0.1").port());
  std::fflush(stdout);
  funnel::IOLoop::current().start();
}
