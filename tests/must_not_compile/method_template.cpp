// expect: a handler's patch must be neither overloaded nor a template
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  template <typename T>
  void patch(T) {}
};

const auto route = funnel::web::route<Handler>("/(.*)");
