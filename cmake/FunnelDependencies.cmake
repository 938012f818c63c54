# What `final` is made of. A missing package is an error that names the package to install.

function(funnel_missing what package)
  message(FATAL_ERROR "${what} was not found; install it (Debian: apt-get install ${package})")
endfunction()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

find_package(fmt 9 QUIET)
if(NOT fmt_FOUND)
  funnel_missing("fmt 9" libfmt-dev)
endif()

find_package(OpenSSL 3 QUIET)
if(NOT OPENSSL_FOUND)
  funnel_missing("OpenSSL 3" libssl-dev)
endif()

find_package(RE2 QUIET)
if(NOT RE2_FOUND)
  funnel_missing("RE2" libre2-dev)
endif()

# Asio ships no CMake package.
find_path(FUNNEL_ASIO_INCLUDE_DIR asio.hpp)
mark_as_advanced(FUNNEL_ASIO_INCLUDE_DIR)
if(NOT FUNNEL_ASIO_INCLUDE_DIR)
  funnel_missing("standalone Asio 1.22" libasio-dev)
endif()
file(STRINGS "${FUNNEL_ASIO_INCLUDE_DIR}/asio/version.hpp" asio_version REGEX "define ASIO_VERSION ")
string(REGEX MATCH "[0-9]+" asio_version "${asio_version}")
if(asio_version LESS 102200)
  funnel_missing("standalone Asio 1.22 or later (found ${asio_version})" libasio-dev)
endif()

add_library(funnel_asio INTERFACE)
target_include_directories(funnel_asio SYSTEM INTERFACE "${FUNNEL_ASIO_INCLUDE_DIR}")
# The same macros must reach every file that sees Asio, or its types differ between them.
target_compile_definitions(
  funnel_asio
  INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_SEPARATE_COMPILATION
            # Asio would ask a macro that is there only where a header of the standard library came
            # before: memory from aligned_alloc would go back with operator delete.
            ASIO_DISABLE_STD_ALIGNED_ALLOC
            # clang 14: Asio 1.22 does not notice that coroutines are there
            $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT>
            $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_STD_COROUTINE>)
target_link_libraries(funnel_asio INTERFACE Threads::Threads)
