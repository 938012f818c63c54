// expect: a handler's delete_ must be neither overloaded nor a template
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void delete_() {}
  void delete_(int) {}
};

const auto route = funnel::web::route<Handler>("/");
