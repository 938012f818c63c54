// expect: a handler's get must return void or funnel::Task<>
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  int get() { return 200; }
};

const auto route = funnel::web::route<Handler>("/");
