// expect: a handler's head must be a plain member function, at most const, noexcept
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void head() & {}
};

const auto route = funnel::web::route<Handler>("/");
