// expect: a handler's get must be public
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
  void get() {}
};

const auto route = funnel::web::route<Handler>("/");
