// expect: a handler's get must be a member function that is not static
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  int get = 0;
};

const auto route = funnel::web::route<Handler>("/");
