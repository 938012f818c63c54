// A program of somebody who uses the library: serves, asks itself, prints the answer.

#include <funnel/gen.h>
#include <funnel/ioloop.h>
#include <funnel/tcpclient.h>
#include <funnel/web.h>

#include <cstdio>

namespace web = funnel::web;

class Hello : public web::RequestHandler {
 public:
  funnel::Task<> get(std::string name) {
    co_await funnel::gen::sleep(std::chrono::milliseconds(1));
    finish("Hello, " + name);
  }
};

funnel::Task<> ask(std::uint16_t port, std::string path) {
  funnel::TCPClient client;
  funnel::IOStream stream = co_await client.connect("127.0.0.1", port);
  stream.write("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string answer = co_await stream.read_until_close();
  std::puts(answer.substr(answer.find("\r\n\r\n") + 4).c_str());
}

int main() {
  web::Application app{web::route<Hello>("/hello/([a-z]+)")};
  const std::uint16_t port = app.listen(0, "127.0.0.1").port();
  funnel::run_sync(ask(port, app.url_for<Hello>("consumer")));
}
