#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// Escaping for HTML and URLs (Tornado's `tornado.escape`). Pure functions, any thread.

namespace funnel {

/// Replaces `&`, `<`, `>`, `"` and `'` so that the text is safe in HTML, also inside
/// quoted attributes.
std::string xhtml_escape(std::string_view value);

/// Percent-encodes every byte but letters, digits and `_.-~`.
///
/// With `plus`, a space becomes `+`, as in forms and query strings. Without, it becomes
/// `%20` and `/` is kept, as in paths.
std::string url_escape(std::string_view value, bool plus = true);

/// Decodes percent-encoded bytes; with `plus`, also `+` to a space.
///
/// A `%` that two hexadecimal digits do not follow is kept as it is. The result is bytes:
/// nothing says that they are valid UTF-8.
std::string url_unescape(std::string_view value, bool plus = true);

/// Decodes a query string or a URL-encoded form into its pairs, in order.
///
/// Only `&` separates pairs. A blank value, with or without `=`, is kept as an empty
/// string; an empty piece (`a=1&&b=2`) is skipped.
std::vector<std::pair<std::string, std::string>> parse_qs(std::string_view text);

}  // namespace funnel
