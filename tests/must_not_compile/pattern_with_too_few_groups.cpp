// expect: the_groups_of_the_pattern_do_not_match_the_parameters_of_the_handler
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void get(int, int) {}
};

const auto route = funnel::web::route<Handler>("/([0-9]+)");
