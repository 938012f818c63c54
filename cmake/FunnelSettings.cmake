# funnel_settings: the warnings and sanitizers of everything that is compiled here. A target
# links it where it is defined: flags that are added later do not reach it.

add_library(funnel_settings INTERFACE)
target_compile_features(funnel_settings INTERFACE cxx_std_20)
target_compile_options(
  funnel_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                            $<$<BOOL:${FUNNEL_WERROR}>:-Werror>)

# What __FILE__ says: no folder of the machine that built it.
target_compile_options(funnel_settings INTERFACE -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)

# g++ 12 sees an overlap in `"x" + string` that is not there (GCC PR 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(funnel_settings INTERFACE -Wno-restrict)
endif()

# g++ takes what a batch of sources includes for headers, where an unnamed namespace is a mistake.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(
    funnel_settings
    INTERFACE $<$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>:-Wno-subobject-linkage>)
endif()

if(FUNNEL_SANITIZE)
  set(flags -fsanitize=${FUNNEL_SANITIZE} -fno-omit-frame-pointer)
  if(FUNNEL_SANITIZE MATCHES undefined)
    list(APPEND flags -fno-sanitize-recover=undefined)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      list(APPEND flags -fno-sanitize=function) # clang before 15 fails on coroutine templates
    endif()
  endif()
  if(FUNNEL_FUZZ)
    target_compile_options(funnel_settings INTERFACE -fsanitize=fuzzer-no-link)
  endif()
  target_compile_options(funnel_settings INTERFACE ${flags})
  target_link_options(funnel_settings INTERFACE ${flags})
endif()
