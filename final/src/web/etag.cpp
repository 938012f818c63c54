#include "web/etag.h"

#include <openssl/evp.h>

#include <array>

namespace funnel::web {

std::string etag_of(std::string_view body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  static const EVP_MD* sha1 = EVP_sha1();
  EVP_Digest(body.data(), body.size(), digest.data(), &size, sha1, nullptr);
  constexpr std::string_view hex = "0123456789abcdef";
  std::string etag = "\"";
  for (unsigned i = 0; i < size; ++i) {
    etag += hex[digest[i] >> 4];
    etag += hex[digest[i] & 15];
  }
  etag += '"';
  return etag;
}

namespace {

std::string_view without_weakness(std::string_view etag) noexcept {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

}  // namespace

bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept {
  const std::string_view wanted = without_weakness(etag);
  std::string_view rest = if_none_match;
  if (rest == "*") return true;
  // A comma may stand inside an entity tag, so the list cannot be split at commas.
  while (!rest.empty()) {
    const std::size_t open = rest.find('"');
    if (open == std::string_view::npos) return false;
    const std::size_t close = rest.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (rest.substr(open, close - open + 1) == wanted) return true;
    rest.remove_prefix(close + 1);
  }
  return false;
}

}  // namespace funnel::web
