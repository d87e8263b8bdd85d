#!/usr/bin/env bash
# Puts a current Emscripten into a private folder on Debian 12 or 13 (amd64), from Debian's packages:
#   emscripten-debian.sh FOLDER      afterwards  . FOLDER/env.sh && emcc --version
# Emscripten, binaryen and the C library that binaryen needs come from unstable; they are unpacked,
# never installed. clang, lld and llvm are the machine's own (clang-22 lld-22 llvm-22).
set -euo pipefail

fail() { echo "emscripten-debian: $*" >&2; exit 1; }
[ "$(dpkg --print-architecture)" = amd64 ] || fail 'only amd64; please install emsdk instead'
llvm=$(ls -d /usr/lib/llvm-*/bin/wasm-ld | sed 's|.*/llvm-\([0-9]*\)/.*|\1|' | sort -n | tail -1)
[ -n "$llvm" ] || fail 'lld is missing: apt-get install clang-22 lld-22 llvm-22'

folder=$(mkdir -p "$1" && cd "$1" && pwd)
mkdir -p "$folder"/apt/lists/partial "$folder"/apt/archives/partial "$folder"/debs "$folder"/cache
rm -rf "$folder/root" "$folder/env.sh" && mkdir "$folder/root"

# A package index of unstable that only this script sees, from the mirror this machine already uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
  grep -E '/debian/?$' | head -1 || true)
cat > "$folder/apt/unstable.sources" <<SOURCES
Types: deb
URIs: ${mirror:-http://deb.debian.org/debian}
Suites: sid
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
apt_private() {
  apt-get -q -o Dir::Etc::sourcelist="$folder/apt/unstable.sources" -o Dir::Etc::sourceparts=- \
    -o Dir::State::Lists="$folder/apt/lists" -o Dir::Cache::archives="$folder/apt/archives" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@"
}
echo 'Fetching Emscripten and binaryen'
apt_private update > /dev/null
rm -f "$folder"/debs/*.deb
(cd "$folder/debs" && apt_private download emscripten binaryen libc6 libstdc++6 libgcc-s1 > /dev/null)
for deb in "$folder"/debs/*.deb; do dpkg -x "$deb" "$folder/root"; done

# binaryen is linked against unstable's C library: run it with that library's own loader.
loader=$(find "$folder/root" -name ld-linux-x86-64.so.2 | head -1)
libraries=$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/lib/x86_64-linux-gnu
mkdir -p "$folder/binaryen/bin"
for tool in "$folder"/root/usr/bin/wasm-* "$folder"/root/usr/bin/wasm2js; do
  [ -f "$tool" ] || continue
  wrapper=$folder/binaryen/bin/$(basename "$tool")
  printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$loader" "$libraries" "$tool" > "$wrapper"
  chmod +x "$wrapper"
done

# Debian's package leaves Emscripten's own JavaScript parser to another package.
emscripten=$folder/root/usr/share/emscripten
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder/npm" \
  acorn acorn-import-phases > /dev/null
mkdir -p "$emscripten/node_modules"
cp -r "$folder"/npm/node_modules/* "$emscripten/node_modules/"

cat > "$folder/emscripten.config" <<CONFIG
LLVM_ROOT = '/usr/lib/llvm-$llvm/bin'
BINARYEN_ROOT = '$folder/binaryen'
NODE_JS = ['$(command -v node)']
CACHE = '$folder/cache'
CONFIG
cat > "$folder/env.sh" <<ENV
export EM_CONFIG=$folder/emscripten.config EMSCRIPTEN_ROOT=$emscripten
export PATH=$emscripten:\$PATH
ENV
# shellcheck source=/dev/null
. "$folder/env.sh"
echo "Got $(emcc --version 2> /dev/null | head -1) with LLVM $llvm"
