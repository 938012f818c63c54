// expect: the arguments of url_for do not fit the parameters of the handler.s methods
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void get(int) {}
};

std::string url(const funnel::web::Application& app) { return app.url_for<Handler>('7'); }
