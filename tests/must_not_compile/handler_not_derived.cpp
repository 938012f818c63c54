// expect: a handler must derive publicly from funnel::web::RequestHandler
#include <funnel/web.h>

class Handler {
 public:
  void get() {}
};

const auto route = funnel::web::route<Handler>("/");
