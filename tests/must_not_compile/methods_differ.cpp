// expect: all methods of a handler must take the same path arguments
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void get(int) {}
  void post(long) {}
};

const auto route = funnel::web::route<Handler>("/([0-9]+)");
