# Libraries, at one list of pinned versions: the system's copy first, else the project's own release.
include(FetchContent)
set(FETCHCONTENT_QUIET OFF)
FetchContent_Declare(nlohmann_json
  URL https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
  URL_HASH SHA256=d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d)
FetchContent_Declare(simde
  URL https://github.com/simd-everywhere/simde/archive/refs/tags/v0.8.2.tar.gz
  URL_HASH SHA256=ed2a3268658f2f2a9b5367628a85ccd4cf9516460ed8604eed369653d49b25fb)
FetchContent_Declare(googletest
  URL https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz
  URL_HASH SHA256=8ad598c73ad796e0d8280b082cebd82a630d73e73cd3c70057938a6501bba5d7)

# Header-only libraries are linked into one folder of their own: a cross compiler must not see the
# rest of the system's include folder.
set(third_party_include ${PROJECT_BINARY_DIR}/third_party)
file(MAKE_DIRECTORY ${third_party_include})
add_library(third_party_headers INTERFACE)
target_include_directories(third_party_headers SYSTEM INTERFACE ${third_party_include})

# link_headers(name folder header): third_party/<folder> -> where <folder>/<header> was found.
macro(link_headers name folder header)
  find_path(${name}_include ${folder}/${header} NO_CMAKE_FIND_ROOT_PATH
    PATHS /usr/include /usr/local/include /opt/homebrew/include)
  if(NOT ${name}_include)
    FetchContent_GetProperties(${name})
    if(NOT ${name}_POPULATED)
      FetchContent_Populate(${name})
    endif()
    find_path(${name}_include ${folder}/${header} NO_CMAKE_FIND_ROOT_PATH REQUIRED
      PATHS ${${name}_SOURCE_DIR}/include ${${name}_SOURCE_DIR} NO_DEFAULT_PATH)
  endif()
  file(CREATE_LINK ${${name}_include}/${folder} ${third_party_include}/${folder} SYMBOLIC)
endmacro()
link_headers(nlohmann_json nlohmann json.hpp)
if(NOT EMSCRIPTEN)
  link_headers(simde simde wasm/simd128.h)
endif()

# GoogleTest is built with our flags, so that sanitizers and wasm features match.
function(add_googletest)
  set(INSTALL_GTEST OFF)
  set(BUILD_GMOCK OFF)
  if(EXISTS /usr/src/googletest/CMakeLists.txt)
    add_subdirectory(/usr/src/googletest ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL SYSTEM)
  else()
    FetchContent_MakeAvailable(googletest)
  endif()
endfunction()

if(EXISTS "${SENTENCEPIECE_DIR}/lib/libsentencepiece.a")
  add_library(sentencepiece STATIC IMPORTED)
  set_target_properties(sentencepiece PROPERTIES
    IMPORTED_LOCATION ${SENTENCEPIECE_DIR}/lib/libsentencepiece.a)
  target_include_directories(sentencepiece SYSTEM INTERFACE ${SENTENCEPIECE_DIR}/include)
endif()
