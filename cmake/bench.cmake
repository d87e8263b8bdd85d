# Small programs that measure one thing each, natively and as wasm for scripts/chromium-gtest.mjs.
# They are built when they are asked for: `npm run bench` does.
foreach(name kernels_bench memory_bench dispatch_bench)
  add_executable(${name} EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/bench/${name}.cpp)
  target_link_libraries(${name} PRIVATE engine)
  target_compile_options(${name} PRIVATE ${warnings})
  if(EMSCRIPTEN)
    target_link_options(${name} PRIVATE -sEXIT_RUNTIME=1 -sINITIAL_MEMORY=64MB -sENVIRONMENT=worker
      -sMODULARIZE -sEXPORT_ES6 -sFORCE_FILESYSTEM -sEXPORTED_RUNTIME_METHODS=FS
      $<$<BOOL:${NANOINFER_THREADS}>:-sPTHREAD_POOL_SIZE=4>)
    set_target_properties(${name} PROPERTIES SUFFIX .mjs)
  endif()
endforeach()
