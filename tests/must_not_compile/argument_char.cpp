// expect: the path arguments of a handler.s get must be strings, string_views or numbers
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void get(char) {}
};

const auto route = funnel::web::route<Handler>("/(.*)");
