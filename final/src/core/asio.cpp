// Asio's function bodies, in one place.
#include <asio/impl/src.hpp>
