# Flags and targets of the wasm builds. Each flavour {simd, relaxed} x {one thread, threads} is a
# build folder of its own, because an unknown opcode invalidates a whole module: the page chooses
# a file before it fetches one.
set(flavour $<IF:$<BOOL:${NANOINFER_RELAXED}>,relaxed,simd>$<$<BOOL:${NANOINFER_THREADS}>:-threads>)

add_compile_options(-msimd128 $<$<BOOL:${NANOINFER_RELAXED}>:-mrelaxed-simd>
  $<$<BOOL:${NANOINFER_THREADS}>:-pthread> -Wno-version-check)
add_link_options($<$<BOOL:${NANOINFER_THREADS}>:-pthread> -Wno-version-check
  # The stack lies below the data: an overflow traps instead of overwriting weights.
  -Wl,--stack-first -sSTACK_SIZE=1MB
  -sALLOW_MEMORY_GROWTH -sMEMORY_GROWTH_LINEAR_STEP=4MB -sMAXIMUM_MEMORY=4GB -sABORTING_MALLOC=0
  # Growing shared memory costs JavaScript accesses only, which the worker does in bulk.
  -Wno-pthreads-mem-growth)

# Both modules: an ES module with a factory function, for a worker and for Node.
function(set_module_output target name)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} SUFFIX .mjs
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_SOURCE_DIR}/public/engine)
  target_link_options(${target} PRIVATE --no-entry -sMODULARIZE -sEXPORT_ES6 -sFILESYSTEM=0
    -sENVIRONMENT=worker,node -sINITIAL_MEMORY=4MB -sINCOMING_MODULE_JS_API=locateFile,wasmMemory,instantiateWasm,mainScriptUrlOrBlob,print,printErr,onAbort
    -sEXPORTED_RUNTIME_METHODS=wasmMemory)
endfunction()

# Exports the functions that the sources mark with `prefix`...: EXPORT int ni_model_tokenize(...).
function(export_marked_functions target prefix)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ARGN})
  set(text)
  foreach(source IN LISTS ARGN)
    file(READ ${source} more)
    string(APPEND text "${more}")
  endforeach()
  string(REGEX MATCHALL "EXPORT [^;(){}]*${prefix}[a-z0-9_]+\\(" declarations "${text}")
  set(names)
  foreach(declaration IN LISTS declarations)
    string(REGEX MATCH "${prefix}[a-z0-9_]+" name "${declaration}")
    list(APPEND names _${name})
  endforeach()
  list(REMOVE_DUPLICATES names)
  list(JOIN names "," names)
  target_link_options(${target} PRIVATE -sEXPORTED_FUNCTIONS=${names})
endfunction()

# The C ABI in these sources of engine/wasm/ over the engine, as public/engine/<name>.{mjs,wasm}.
function(add_engine_module target name)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE engine)
  target_compile_options(${target} PRIVATE -Oz -flto)
  # Binaryen would inline what LLVM kept small.
  target_link_options(${target} PRIVATE -Oz -sMALLOC=emmalloc)
  set_module_output(${target} ${name})
  export_marked_functions(${target} ni_ ${ARGN})
  if(NANOINFER_THREADS)
    # Workers must exist before the first blocking call: the page states how many in `poolSize`.
    target_link_options(${target} PRIVATE "-sPTHREAD_POOL_SIZE=Module['poolSize']||0")
  endif()
endfunction()

# What the page fetches, and, in the build folder, what the benchmark holds its size against.
function(add_engine_modules)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/engine/wasm/*.cpp)
  add_engine_module(nanoinfer_wasm nanoinfer-${flavour} ${sources})
  list(FILTER sources EXCLUDE REGEX trace_exports)
  add_engine_module(nanoinfer_without_trace nanoinfer_without_trace ${sources})
  set_target_properties(nanoinfer_without_trace PROPERTIES EXCLUDE_FROM_ALL ON
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# public/engine/sentencepiece.{mjs,wasm}, fetched only for files with a sentencepiece vocabulary.
function(add_sentencepiece_module)
  set(source ${PROJECT_SOURCE_DIR}/engine/text/sentencepiece_module.cpp)
  if(NANOINFER_RELAXED OR NANOINFER_THREADS OR NOT TARGET sentencepiece OR NOT EXISTS ${source})
    return()
  endif()
  add_executable(sentencepiece_module ${source})
  target_include_directories(sentencepiece_module PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(sentencepiece_module PRIVATE sentencepiece)
  target_compile_options(sentencepiece_module PRIVATE -Wall -Wextra -Wshadow -Wconversion -Werror)
  set_module_output(sentencepiece_module sentencepiece)
  export_marked_functions(sentencepiece_module nisp_ ${source})
endfunction()
