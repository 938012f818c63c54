// Answers "Hello, world" on port 8888 of this machine.

#include <funnel/ioloop.h>
#include <funnel/web.h>

struct MainHandler : funnel::web::RequestHandler {
  void get() { write("Hello, world"); }
};

int main() {
  funnel::web::Application app{funnel::web::route<MainHandler>("/")};
  app.listen(8888);
  funnel::IOLoop::current().start();
}
