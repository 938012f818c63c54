// expect: a handler's put must be a member function that is not static
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  static void put() {}
};

const auto route = funnel::web::route<Handler>("/");
