// The README's handler that waits.

// #region program
#include <funnel/ioloop.h>
#include <funnel/simple_httpclient.h>
#include <funnel/web.h>

struct StoryHandler : funnel::web::RequestHandler {
  explicit StoryHandler(funnel::AsyncHTTPClient& client) : client_(client) {}

  funnel::Task<> get(int id) {  // from the path; "/story/x" is a 404 before this runs
    const auto url = "http://backend/story/" + std::to_string(id);
    const funnel::HTTPResponse story = co_await client_.fetch(url);
    write(story.body);
  }

  funnel::AsyncHTTPClient& client_;
};

int main() {
  funnel::AsyncHTTPClient client;
  funnel::web::Application app{
      funnel::web::route<StoryHandler>("/story/([0-9]+)", std::ref(client))};
  app.listen(8888);
  funnel::IOLoop::current().start();
}
// #endregion program
