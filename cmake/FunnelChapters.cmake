# funnel_chapter(chNN_NAME): the targets of a chapter of the course. For each of its variants
#
#   funnel    the reference, chapters/chNN_NAME
#   mine      the learner's, work/chNN_NAME, where that folder exists
#   variant   a copy of the reference that `learn` breaks on purpose, in the build folder's
#             variants/chNN_NAME, where that folder exists
#
# there are PREFIX_chNN, a library of FOLDER/funnel/*.cpp; test_PREFIX_chNN, all test files of
# tests/chNN_NAME on that library; and PREFIX_chNN_NAME for each FOLDER/examples/NAME.cpp.
# test_final_chNN runs the test files that say `// final: yes` against the framework itself.
# challenges_mine_chNN are the tests of tests/book/challenges on the learner's challenges.h, where
# that is there.
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
  if(FUNNEL_ONLY_CHAPTERS OR PREFIX STREQUAL "mine")
    target_precompile_headers(
      ${TARGET} PRIVATE <algorithm> <chrono> <fmt/format.h> <memory> <optional> <stdexcept>
                        <string> <string_view> <system_error> <utility> <vector> ${ARGN})
  endif()
endfunction()

# Compiles the test files SOURCES against LIBRARY to the object library TARGET.
function(funnel_chapter_test_objects TARGET LIBRARY SETTINGS)
  add_library(${TARGET} OBJECT ${ARGN})
  target_include_directories(${TARGET} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${TARGET} PRIVATE ${LIBRARY} ${SETTINGS} doctest::doctest)
  target_compile_definitions(${TARGET} PRIVATE DOCTEST_CONFIG_USE_STD_HEADERS)
  set_target_properties(${TARGET} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# Links the test program TARGET of LIBRARY from the compiled tests OBJECTS.
function(funnel_chapter_test_program TARGET LIBRARY SETTINGS OBJECTS)
  add_executable(${TARGET} $<TARGET_OBJECTS:${OBJECTS}>)
  target_link_libraries(${TARGET} PRIVATE chapter_main ${LIBRARY} ${SETTINGS})
  set_target_properties(${TARGET} PROPERTIES LINKER_LANGUAGE CXX)
endfunction()

# Adds the library, the tests and the examples of CHAPTER as they are in FOLDER.
function(funnel_chapter_variant PREFIX CHAPTER FOLDER)
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
  target_link_libraries(${library} PUBLIC fmt::fmt Threads::Threads PRIVATE ${settings})
  funnel_chapter_before(before ${chapter})
  target_link_libraries(${library} PUBLIC ${before})
  funnel_chapter_precompile(${library} ${PREFIX})
  set_target_properties(${library} PROPERTIES CXX_EXTENSIONS OFF ${rarely})

  # A variant differs in its sources only: it takes the reference's compiled tests.
  set(objects test_${library}_objects)
  if(PREFIX STREQUAL "variant")
    set(objects test_funnel_${chapter}_objects)
  else()
    funnel_sources(tests "${PROJECT_SOURCE_DIR}/tests/${CHAPTER}" _test.cpp)
    funnel_chapter_test_objects(${objects} ${library} ${settings} ${tests})
    funnel_chapter_precompile(${objects} ${PREFIX} <doctest/doctest.h>)
    set_target_properties(${objects} PROPERTIES ${rarely_tested})
  endif()
  funnel_chapter_test_program(test_${library} ${library} ${settings} ${objects})
  set_target_properties(test_${library} PROPERTIES ${rarely_tested})

  if(NOT PREFIX STREQUAL "variant")
    funnel_sources(examples "${FOLDER}/examples" .cpp)
    foreach(source IN LISTS examples)
      get_filename_component(name "${source}" NAME_WE)
      add_executable(${library}_${name} "${source}")
      target_link_libraries(${library}_${name} PRIVATE ${library} ${settings})
      set_target_properties(${library}_${name} PROPERTIES CXX_EXTENSIONS OFF ${rarely})
    endforeach()
  endif()
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

# Adds challenges_mine_chNN for the learner's FOLDER.
function(funnel_chapter_challenges CHAPTER FOLDER)
  string(REGEX MATCH "^ch[0-9]+" chapter "${CHAPTER}")
  set(tests "${PROJECT_SOURCE_DIR}/tests/book/challenges/${chapter}.cpp")
  file(GLOB header CONFIGURE_DEPENDS "${FOLDER}/challenges.h")
  if(header AND EXISTS "${tests}")
    set(target challenges_mine_${chapter})
    add_executable(${target} EXCLUDE_FROM_ALL "${tests}")
    target_link_libraries(${target} PRIVATE mine_${chapter} funnel_learner_settings
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
    set(objects test_final_${chapter}_objects)
    funnel_chapter_test_objects(${objects} funnel::funnel funnel_settings ${claiming})
    funnel_chapter_test_program(test_final_${chapter} funnel::funnel funnel_settings ${objects})
    add_dependencies(test_programs test_final_${chapter})
    add_test(NAME ${chapter}_final COMMAND test_final_${chapter})
    set_tests_properties(${chapter}_final PROPERTIES TIMEOUT 120 LABELS chapters)
  endif()
endfunction()

function(funnel_chapter CHAPTER)
  string(REGEX MATCH "^ch[0-9]+" chapter "${CHAPTER}")
  funnel_chapter_variant(funnel ${CHAPTER} "${CMAKE_CURRENT_SOURCE_DIR}")
  if(FUNNEL_ONLY_CHAPTERS OR FUNNEL_SANITIZE STREQUAL "thread")
    add_test(NAME ${chapter}_reference COMMAND test_funnel_${chapter})
    set_tests_properties(${chapter}_reference PROPERTIES TIMEOUT 120 LABELS chapters)
  endif()
  if(TARGET test_programs AND FUNNEL_SANITIZE STREQUAL "thread") # servers and tests use threads
    add_dependencies(test_programs test_funnel_${chapter})
  endif()

  funnel_sources(mine "${PROJECT_SOURCE_DIR}/work/${CHAPTER}/funnel" .cpp)
  if(mine)
    funnel_chapter_variant(mine ${CHAPTER} "${PROJECT_SOURCE_DIR}/work/${CHAPTER}")
    funnel_chapter_challenges(${CHAPTER} "${PROJECT_SOURCE_DIR}/work/${CHAPTER}")
  endif()
  funnel_sources(variant "${CMAKE_BINARY_DIR}/variants/${CHAPTER}/funnel" .cpp)
  if(variant)
    funnel_chapter_variant(variant ${CHAPTER} "${CMAKE_BINARY_DIR}/variants/${CHAPTER}")
  endif()
  funnel_chapter_on_final(${CHAPTER})
endfunction()
