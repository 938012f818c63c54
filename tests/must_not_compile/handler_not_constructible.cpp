// expect: the handler cannot be constructed from the arguments that were given to route
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  explicit Handler(int number) : number_(number) {}
  void get() { set_status(number_); }

 private:
  int number_;
};

const auto route = funnel::web::route<Handler>("/");
