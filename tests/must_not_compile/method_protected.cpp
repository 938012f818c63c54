// expect: a handler's post must be public
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void get() {}

 protected:
  void post() {}
};

const auto route = funnel::web::route<Handler>("/");
