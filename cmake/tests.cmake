# One program from every tests/engine/*_test.cpp, run in two shards so that two cores are used.
# Tests of threads have "Thread" in their name: ThreadSanitizer runs those.
add_googletest()
file(GLOB test_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/engine/*.cpp)
if(NANOINFER_SANITIZE STREQUAL "thread")
  # Compiling takes longer than running: leave out the files with nothing for it.
  foreach(source IN LISTS test_sources)
    file(STRINGS ${source} threads REGEX "^TEST(_[PF])?\\(.*Thread")
    if(source MATCHES "_test\\.cpp$" AND NOT threads)
      list(REMOVE_ITEM test_sources ${source})
    endif()
  endforeach()
endif()
add_executable(engine_tests EXCLUDE_FROM_ALL ${test_sources})
target_link_libraries(engine_tests PRIVATE engine gtest_main)
target_compile_options(engine_tests PRIVATE ${warnings})
target_compile_definitions(engine_tests PRIVATE NANOINFER_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  NANOINFER_HAS_SENTENCEPIECE=$<AND:$<NOT:$<BOOL:${EMSCRIPTEN}>>,$<BOOL:$<TARGET_EXISTS:sentencepiece>>>)
if(TARGET sentencepiece AND NOT EMSCRIPTEN)
  target_link_libraries(engine_tests PRIVATE sentencepiece)
endif()

if(EMSCRIPTEN)
  target_link_options(engine_tests PRIVATE -sEXIT_RUNTIME=1 -sINITIAL_MEMORY=64MB
    --pre-js ${PROJECT_SOURCE_DIR}/cmake/test_environment.js
    $<$<BOOL:${NANOINFER_THREADS}>:-sPTHREAD_POOL_SIZE=4>)
  if(NANOINFER_RELAXED)
    # For Chromium: scripts/chromium-gtest.mjs writes the files that a test may read.
    target_link_options(engine_tests PRIVATE -sENVIRONMENT=worker -sMODULARIZE -sEXPORT_ES6
      -sFORCE_FILESYSTEM -sEXPORTED_RUNTIME_METHODS=FS,ENV)
    set_target_properties(engine_tests PROPERTIES SUFFIX .mjs)
  else()
    target_link_options(engine_tests PRIVATE -sENVIRONMENT=node -sNODERAWFS)
    # CommonJS, which a .js file in a package of modules is not.
    set_target_properties(engine_tests PROPERTIES SUFFIX .cjs)
  endif()
endif()

# Any bytes as a GGUF header, by libFuzzer; see CONTRIBUTING.md. What it runs is compiled anew, with
# the counters that lead it.
if(NOT EMSCRIPTEN AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND
   NOT NANOINFER_SANITIZE STREQUAL "thread")
  file(GLOB fuzzed_sources CONFIGURE_DEPENDS engine/base/*.cpp engine/gguf/*.cpp engine/quant/*.cpp)
  add_executable(gguf_header_fuzz EXCLUDE_FROM_ALL tests/fuzz/gguf_header_fuzz.cpp ${fuzzed_sources})
  target_include_directories(gguf_header_fuzz PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(gguf_header_fuzz PRIVATE ${warnings} -fsanitize=fuzzer)
  target_link_options(gguf_header_fuzz PRIVATE -fsanitize=fuzzer)
  target_link_libraries(gguf_header_fuzz PRIVATE Threads::Threads)
endif()

# add_gtest(name environment arguments...): one run of the program, with a report of its own.
function(add_gtest name environment)
  add_test(NAME ${name} COMMAND engine_tests ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 1200 ENVIRONMENT
    "GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/results_${name}.xml;${environment}")
endfunction()
if(NANOINFER_SANITIZE STREQUAL "thread")
  add_gtest(threads "" --gtest_filter=*Thread*)
  set_tests_properties(threads PROPERTIES LABELS tsan)
elseif(NOT (EMSCRIPTEN AND NANOINFER_RELAXED))
  add_gtest(engine_0 "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=0")
  add_gtest(engine_1 "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=1")
endif()
