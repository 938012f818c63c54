// expect: a handler must derive publicly from funnel::web::RequestHandler
#include <funnel/web.h>

std::string url(const funnel::web::Application& app) { return app.url_for<int>(); }
