#include "web/mime.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

namespace funnel::web {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 34> types{{
    {"avif", "image/avif"},
    {"bin", "application/octet-stream"},
    {"css", "text/css; charset=UTF-8"},
    {"csv", "text/csv; charset=UTF-8"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html; charset=UTF-8"},
    {"html", "text/html; charset=UTF-8"},
    {"ico", "image/vnd.microsoft.icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=UTF-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"md", "text/markdown; charset=UTF-8"},
    {"mjs", "text/javascript; charset=UTF-8"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=UTF-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
}};

}  // namespace

std::string_view mime_type(std::string_view filename) noexcept {
  constexpr std::string_view unknown = "application/octet-stream";
  const std::size_t dot = filename.rfind('.');
  if (dot == std::string_view::npos || filename.size() - dot > 16) return unknown;
  std::string extension(filename.substr(dot + 1));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::find_if(types.begin(), types.end(),
                                  [&](const auto& entry) { return entry.first == extension; });
  return found == types.end() ? unknown : found->second;
}

}  // namespace funnel::web
