// expect: a handler class must not be final
#include <funnel/web.h>

class Handler final : public funnel::web::RequestHandler {
 public:
  void get() {}
};

const auto route = funnel::web::route<Handler>("/");
