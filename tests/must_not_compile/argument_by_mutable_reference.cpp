// expect: a handler's get must take its path arguments by value
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void get(std::string&) {}
};

const auto route = funnel::web::route<Handler>("/(.*)");
