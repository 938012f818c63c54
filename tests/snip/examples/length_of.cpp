// The first coroutine of the book's introduction, and the call that its text names.

#include <funnel/gen.h>
#include <funnel/simple_httpclient.h>

#include <string>

using funnel::AsyncHTTPClient;
using funnel::HTTPResponse;
using funnel::Task;

// #region length-of
Task<std::size_t> length_of(std::string url) {
  AsyncHTTPClient client;
  HTTPResponse page = co_await client.fetch(url);
  co_return page.body.size();
}
// #endregion length-of

std::size_t length_in_a_program_without_a_server() {
  return funnel::run_sync(length_of("http://…"));
}
