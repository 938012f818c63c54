# funnel_chapter(chNN_NAME [LIBRARIES …] [EXAMPLE_LIBRARIES EXAMPLE=LIBRARY …])
#
# The targets of a chapter of the course. LIBRARIES are what its own library needs besides fmt and
# threads, EXAMPLE_LIBRARIES what one of its examples needs; an example whose library is missing is
# left out. Both name libraries of funnel_chapter_find. For each of the chapter's variants
#
#   funnel    the reference, chapters/chNN_NAME
#   mine      the learner's, work/chNN_NAME, where that folder exists
#   variant   a copy of the reference that `learn` breaks on purpose, in the build folder's
#             variants/chNN_NAME, where that folder exists
#
#   onmine    the learner's on the learner's chapters before it, where those are there too
#
# there are PREFIX_chNN, a library of FOLDER/funnel/*.cpp; test_PREFIX_chNN_FILE for each test file
# tests/chNN_NAME/FILE_test.cpp, so that a change costs only the tests that are asked for; and
# PREFIX_chNN_NAME for each FOLDER/examples/NAME.cpp. test_final_chNN runs the test files that say
# `// final: yes` against the framework itself. challenges_mine_chNN are the tests of
# tests/book/challenges on the learner's challenges.h, where that is there, challenges_funnel_chNN on
# the solution.
#
# Part of `all` is what somebody runs: the reference with its tests in preset `learner`, without its
# tests where nothing is sanitized (the examples are measured there), and test_final_chNN in preset
# `dev`.

find_package(doctest QUIET)
if(NOT doctest_FOUND)
  funnel_missing("doctest" doctest-dev)
endif()

# What a learner's code is compiled with: the same, but no warning is an error, and what is not
# used yet is no mistake.
get_target_property(options funnel_settings INTERFACE_COMPILE_OPTIONS)
list(FILTER options EXCLUDE REGEX "Werror")
get_target_property(link_options funnel_settings INTERFACE_LINK_OPTIONS)
if(NOT link_options)
  set(link_options "")
endif()
add_library(funnel_learner_settings INTERFACE)
target_compile_features(funnel_learner_settings INTERFACE cxx_std_20)
target_compile_options(funnel_learner_settings INTERFACE ${options} -Wno-unused
                                                         -Wno-unused-parameter)
target_link_options(funnel_learner_settings INTERFACE ${link_options})

# doctest's main function, the narrator and the system calls that misbehave: compiled once.
add_library(
  chapter_main OBJECT EXCLUDE_FROM_ALL
  "${PROJECT_SOURCE_DIR}/tests/support/chapter_main.cpp"
  "${PROJECT_SOURCE_DIR}/tests/support/faulty_calls.cpp"
  "${PROJECT_SOURCE_DIR}/tests/support/story.cpp")
target_link_libraries(chapter_main PUBLIC doctest::doctest PRIVATE funnel_settings)
target_compile_definitions(chapter_main PUBLIC DOCTEST_CONFIG_USE_STD_HEADERS)
target_include_directories(chapter_main PUBLIC "${PROJECT_SOURCE_DIR}/tests")
set_target_properties(chapter_main PROPERTIES CXX_EXTENSIONS OFF)

# Sets RESULT to the sources in FOLDER whose names end with SUFFIX. Editors leave others beside them:
# the lock `.#hello.cpp` leads nowhere, and `hello copy.cpp` makes no name of a target. The pattern
# leaves out the first kind by itself, so that it does not make CMake run again at each save.
function(funnel_sources RESULT FOLDER SUFFIX)
  file(GLOB sources CONFIGURE_DEPENDS "${FOLDER}/[A-Za-z0-9_]*${SUFFIX}")
  list(FILTER sources INCLUDE REGEX "/[A-Za-z0-9_-]+\\.cpp$")
  set(${RESULT} "${sources}" PARENT_SCOPE)
endfunction()

# Compiles the headers that most files of TARGET include once, and HEADERS with them: half of what a
# learner waits for after a save. It also hides an #include that is missing, so the other presets,
# and clang-tidy, which cannot read g++'s, compile the reference without.
function(funnel_chapter_precompile TARGET PREFIX)
  if(FUNNEL_ONLY_CHAPTERS OR PREFIX MATCHES "mine$")
    target_precompile_headers(
      ${TARGET} PRIVATE <algorithm> <chrono> <fmt/format.h> <memory> <optional> <stdexcept>
                        <string> <string_view> <system_error> <utility> <vector> ${ARGN})
  endif()
endfunction()

# Makes SOURCES a part of the test program TARGET of LIBRARY.
function(funnel_chapter_test TARGET LIBRARY SETTINGS)
  add_executable(${TARGET} ${ARGN})
  target_include_directories(${TARGET} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${TARGET} PRIVATE chapter_main ${LIBRARY} ${SETTINGS})
  set_target_properties(${TARGET} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# Sets RESULT to the target of a library by the name that chapters use for it, empty where it is
# not installed, and RESULT_PACKAGE to what Debian calls it.
function(funnel_chapter_find RESULT NAME)
  set(target "")
  if(NAME STREQUAL "asio")
    set(package libasio-dev)
    set(target funnel_asio_alone)
    if(NOT TARGET funnel_asio_alone)
      find_path(FUNNEL_ASIO_INCLUDE_DIR asio.hpp)
      add_library(funnel_asio_alone INTERFACE)
      target_include_directories(funnel_asio_alone SYSTEM INTERFACE "${FUNNEL_ASIO_INCLUDE_DIR}")
      target_compile_definitions(funnel_asio_alone INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)
    endif()
    if(NOT FUNNEL_ASIO_INCLUDE_DIR)
      set(target "")
    endif()
  elseif(NAME STREQUAL "openssl")
    set(package libssl-dev)
    find_package(OpenSSL 3 QUIET)
    if(OPENSSL_FOUND)
      set(target OpenSSL::Crypto)
    endif()
  elseif(NAME STREQUAL "re2")
    set(package libre2-dev)
    find_package(RE2 QUIET)
    if(RE2_FOUND)
      set(target re2::re2)
    endif()
  elseif(NAME STREQUAL "sqlite")
    set(package libsqlite3-dev)
    find_package(SQLite3 QUIET)
    if(SQLite3_FOUND)
      set(target SQLite::SQLite3)
    endif()
  else()
    message(FATAL_ERROR "funnel_chapter: nothing is known of a library ${NAME}")
  endif()
  set(${RESULT} "${target}" PARENT_SCOPE)
  set(${RESULT}_PACKAGE ${package} PARENT_SCOPE)
endfunction()

# Adds the example SOURCE of LIBRARY, unless what it needs is missing.
function(funnel_chapter_example LIBRARY SETTINGS SOURCE)
  get_filename_component(name "${SOURCE}" NAME_WE)
  set(needed "")
  foreach(pair IN LISTS CHAPTER_EXAMPLE_LIBRARIES)
    if(pair MATCHES "^${name}=(.+)$")
      funnel_chapter_find(found "${CMAKE_MATCH_1}")
      if(NOT found)
        message(STATUS "the example ${name} is left out: it needs ${CMAKE_MATCH_1} "
                       "(Debian: apt-get install ${found_PACKAGE})")
        return()
      endif()
      list(APPEND needed ${found})
    endif()
  endforeach()
  add_executable(${LIBRARY}_${name} "${SOURCE}")
  target_link_libraries(${LIBRARY}_${name} PRIVATE ${LIBRARY} ${SETTINGS} ${needed})
  # What an earlier chapter's examples share, such as arguments.h, is there for the later ones.
  target_include_directories(${LIBRARY}_${name} PRIVATE ${CHAPTER_EXAMPLE_FOLDERS})
  set_target_properties(${LIBRARY}_${name} PROPERTIES CXX_EXTENSIONS OFF ${ARGN})
endfunction()

# Adds the library, the tests and the examples of CHAPTER as they are in FOLDER, on BEFORE, the
# library of the chapter before it.
function(funnel_chapter_variant PREFIX CHAPTER FOLDER BEFORE)
  string(REGEX MATCH "^ch[0-9]+" chapter "${CHAPTER}")
  set(settings funnel_learner_settings) # a variant's blanked task leaves names unused, too
  set(rarely EXCLUDE_FROM_ALL TRUE)
  set(rarely_tested EXCLUDE_FROM_ALL TRUE)
  if(PREFIX STREQUAL "funnel")
    set(settings funnel_settings)
    if(FUNNEL_ONLY_CHAPTERS OR NOT FUNNEL_SANITIZE)
      set(rarely EXCLUDE_FROM_ALL FALSE)
    endif()
    if(FUNNEL_ONLY_CHAPTERS)
      set(rarely_tested EXCLUDE_FROM_ALL FALSE)
    endif()
  endif()

  set(library ${PREFIX}_${chapter})
  funnel_sources(sources "${FOLDER}/funnel" .cpp)
  add_library(${library} STATIC ${sources})
  target_include_directories(${library} PUBLIC "${FOLDER}")
  target_link_libraries(${library} PUBLIC fmt::fmt Threads::Threads ${BEFORE} PRIVATE ${settings})
  foreach(name IN LISTS CHAPTER_LIBRARIES)
    funnel_chapter_find(found ${name})
    if(NOT found)
      funnel_missing("${name}, for ${CHAPTER}" ${found_PACKAGE})
    endif()
    target_link_libraries(${library} PRIVATE ${found})
  endforeach()
  funnel_chapter_precompile(${library} ${PREFIX})
  set_target_properties(${library} PROPERTIES CXX_EXTENSIONS OFF ${rarely})

  funnel_sources(tests "${PROJECT_SOURCE_DIR}/tests/${CHAPTER}" _test.cpp)
  foreach(source IN LISTS tests)
    get_filename_component(name "${source}" NAME_WE)
    string(REGEX REPLACE "_test$" "" name "${name}")
    set(target test_${library}_${name})
    funnel_chapter_test(${target} ${library} ${settings} "${source}")
    funnel_chapter_precompile(${target} ${PREFIX} <doctest/doctest.h>)
    set_target_properties(${target} PROPERTIES ${rarely_tested})
  endforeach()

  funnel_sources(examples "${FOLDER}/examples" .cpp)
  foreach(source IN LISTS examples)
    funnel_chapter_example(${library} ${settings} "${source}" ${rarely})
  endforeach()
endfunction()

# Sets RESULT to the reference's library of the chapter before CHAPTER, if there is one.
function(funnel_chapter_before RESULT CHAPTER)
  set(${RESULT} "" PARENT_SCOPE)
  string(REGEX MATCH "[0-9]+$" number "${CHAPTER}")
  math(EXPR number "${number} - 1") # decimal, leading zero or not
  if(number EQUAL 0)
    return()
  endif()
  set(before "ch${number}")
  if(number LESS 10)
    set(before "ch0${number}")
  endif()
  set(${RESULT} funnel_${before} PARENT_SCOPE)
endfunction()

# Sets RESULT to the library of the learner's chapter before CHAPTER, with the learner's chapters
# before that, if all of them are there.
function(funnel_chapter_before_mine RESULT CHAPTER)
  set(${RESULT} "" PARENT_SCOPE)
  funnel_chapter_before(before ${CHAPTER})
  string(REPLACE "funnel_" "onmine_" deep "${before}")
  string(REPLACE "funnel_" "mine_" first "${before}")
  if(TARGET "${deep}")
    set(${RESULT} ${deep} PARENT_SCOPE)
  elseif(first STREQUAL "mine_ch01" AND TARGET mine_ch01)
    set(${RESULT} mine_ch01 PARENT_SCOPE)
  endif()
endfunction()

# Adds challenges_PREFIX_chNN, the tests of the challenges with the header in FOLDER.
function(funnel_chapter_challenges PREFIX CHAPTER FOLDER)
  string(REGEX MATCH "^ch[0-9]+" chapter "${CHAPTER}")
  set(tests "${PROJECT_SOURCE_DIR}/tests/book/challenges/${chapter}.cpp")
  file(GLOB header CONFIGURE_DEPENDS "${FOLDER}/challenges.h")
  if(header AND EXISTS "${tests}")
    set(target challenges_${PREFIX}_${chapter})
    add_executable(${target} EXCLUDE_FROM_ALL "${tests}")
    target_include_directories(${target} PRIVATE "${FOLDER}")
    target_link_libraries(${target} PRIVATE ${PREFIX}_${chapter} funnel_learner_settings
                                            doctest::doctest)
    target_compile_definitions(${target} PRIVATE DOCTEST_CONFIG_USE_STD_HEADERS)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  endif()
endfunction()

# Adds test_final_chNN: the chapter's test files that claim to pass on the framework.
function(funnel_chapter_on_final CHAPTER)
  string(REGEX MATCH "^ch[0-9]+" chapter "${CHAPTER}")
  funnel_sources(tests "${PROJECT_SOURCE_DIR}/tests/${CHAPTER}" _test.cpp)
  set(claiming "")
  foreach(test IN LISTS tests)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${test}")
    file(STRINGS "${test}" first LIMIT_COUNT 1)
    if(first STREQUAL "// final: yes")
      list(APPEND claiming "${test}")
    elseif(NOT first MATCHES "^// final: no, .")
      message(FATAL_ERROR "${test}: the first line must be `// final: yes` or "
                          "`// final: no, REASON`")
    endif()
  endforeach()
  if(TARGET funnel AND claiming AND FUNNEL_SANITIZE MATCHES "address")
    funnel_chapter_test(test_final_${chapter} funnel::funnel funnel_settings ${claiming})
    add_dependencies(test_programs test_final_${chapter})
    add_test(NAME ${chapter}_final COMMAND test_final_${chapter})
    set_tests_properties(${chapter}_final PROPERTIES TIMEOUT 120 LABELS chapters)
  endif()
endfunction()

# Sets RESULT to the folders of the examples of the chapters before CHAPTER, the nearest one first.
function(funnel_chapter_example_folders RESULT CHAPTER)
  file(GLOB folders "${PROJECT_SOURCE_DIR}/chapters/ch*/examples")
  list(FILTER folders EXCLUDE REGEX "/${CHAPTER}/")
  set(before "")
  foreach(folder IN LISTS folders)
    if(folder STRLESS "${PROJECT_SOURCE_DIR}/chapters/${CHAPTER}")
      list(PREPEND before "${folder}")
    endif()
  endforeach()
  set(${RESULT} "${before}" PARENT_SCOPE)
endfunction()

function(funnel_chapter CHAPTER)
  cmake_parse_arguments(CHAPTER "" "" "LIBRARIES;EXAMPLE_LIBRARIES" ${ARGN})
  string(REGEX MATCH "^ch[0-9]+" chapter "${CHAPTER}")
  funnel_chapter_before(before ${chapter})
  funnel_chapter_example_folders(CHAPTER_EXAMPLE_FOLDERS ${CHAPTER})
  funnel_chapter_variant(funnel ${CHAPTER} "${CMAKE_CURRENT_SOURCE_DIR}" "${before}")
  funnel_chapter_challenges(funnel ${CHAPTER}
                            "${PROJECT_SOURCE_DIR}/tests/book/challenges/${chapter}_solution")
  if(FUNNEL_SANITIZE STREQUAL "thread") # servers and tests use threads
    funnel_sources(tests "${PROJECT_SOURCE_DIR}/tests/${CHAPTER}" _test.cpp)
    foreach(source IN LISTS tests)
      get_filename_component(name "${source}" NAME_WE)
      string(REGEX REPLACE "_test$" "" name "${name}")
      set(target test_funnel_${chapter}_${name})
      add_dependencies(test_programs ${target})
      add_test(NAME ${chapter}_${name} COMMAND ${target})
      set_tests_properties(${chapter}_${name} PROPERTIES TIMEOUT 120 LABELS chapters)
    endforeach()
  endif()

  set(work "${PROJECT_SOURCE_DIR}/work/${CHAPTER}")
  funnel_sources(mine "${work}/funnel" .cpp)
  if(mine)
    funnel_chapter_variant(mine ${CHAPTER} "${work}" "${before}")
    funnel_chapter_challenges(mine ${CHAPTER} "${work}")
    funnel_chapter_before_mine(before_mine ${chapter})
    if(before_mine)
      funnel_chapter_variant(onmine ${CHAPTER} "${work}" ${before_mine})
    endif()
  endif()
  set(variant "${CMAKE_BINARY_DIR}/variants/${CHAPTER}")
  funnel_sources(sources "${variant}/funnel" .cpp)
  if(sources)
    funnel_chapter_variant(variant ${CHAPTER} "${variant}" "${before}")
  endif()
  funnel_chapter_on_final(${CHAPTER})
endfunction()
