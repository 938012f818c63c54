// expect: a handler's get must take its path arguments by value
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  funnel::Task<> get(const std::string&) { co_return; }
};

const auto route = funnel::web::route<Handler>("/(.*)");
