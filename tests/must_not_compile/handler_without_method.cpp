// expect: a handler must have at least one of get, head, post, put, patch, options, delete_
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void fetch() {}
};

const auto route = funnel::web::route<Handler>("/");
