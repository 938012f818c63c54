// expect: a pattern that is not a literal must be wrapped in funnel::web::runtime
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void get() {}
};

funnel::web::Route make(const std::string& pattern) { return funnel::web::route<Handler>(pattern); }
