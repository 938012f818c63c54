// expect: use of deleted function|call to (implicitly-)?deleted (copy )?constructor
#include <funnel/web.h>

class Handler : public funnel::web::RequestHandler {
 public:
  void get() {}
};

Handler copy(const Handler& handler) { return handler; }
