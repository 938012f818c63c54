#pragma once

// What the library uses of Asio. Compiled once, in asio.cpp (ASIO_SEPARATE_COMPILATION).

#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
