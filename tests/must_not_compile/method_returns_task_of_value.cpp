// expect: a handler's options must return void or funnel::Task<>
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  funnel::Task<int> options() { co_return 200; }
};

const auto route = funnel::web::route<Handler>("/");
