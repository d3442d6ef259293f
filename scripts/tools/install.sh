#!/usr/bin/env bash
# Installs the outside tools that the tests compare with: Debian's by apt-get, the others, pinned, below
# .cache/tools/bin. Needs Debian 12 or newer with Go 1.25 or newer and Python 3. Safe to run again: what is
# there, in its pinned version, stays.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
tools=$root/.cache/tools
mkdir -p "$tools/bin"

wasmtime_version=50.0.1

debian_packages=(
  # The kernel, and guests for its tests.
  clang-19 lld-19 llvm-19 wasi-libc libclang-rt-19-dev-wasm32
  # The other side of images and registries.
  skopeo buildah umoci docker-registry apache2-utils
  # Measurements.
  hyperfine
)

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_debian_packages() {
  local missing=() package
  for package in "${debian_packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "apt-get is missing; install by other means: ${missing[*]}"
  # Another installation may be under way.
  local apt=(apt-get -o DPkg::Lock::Timeout=300 -y --no-install-recommends)
  as_root "${apt[@]}" install "${missing[@]}" || {
    # The lists of a fresh image are old, or not there.
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install "${missing[@]}"
  }
  # Debian starts its registry as a service; the tests start their own.
  as_root systemctl disable --now docker-registry >/dev/null 2>&1 || true
}

# Go modules, at the versions and checksums of scripts/tools/go/go.mod and go.sum.
install_go_tools() {
  local stamp=$tools/go.stamp wanted
  wanted=$(cat scripts/tools/go/go.mod scripts/tools/go/go.sum scripts/tools/go/*/*.go | sha256sum)
  if [ -x "$tools/bin/oras" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
  command -v go >/dev/null || fail "Go is missing (1.25 or newer): https://go.dev/doc/install"
  (
    cd scripts/tools/go
    go build -mod=readonly -trimpath -o "$tools/bin/" \
      oras.land/oras/cmd/oras github.com/tetratelabs/wazero/cmd/wazero ./referrers-registry
  )
  echo "$wanted" >"$stamp"
}

# wasmtime's Python package brings the engine; test/support/wasmtime_cli.py gives it the command line.
install_wasmtime() {
  local python=$tools/python/bin/python
  if [ "$("$python" -c 'import importlib.metadata as m; print(m.version("wasmtime"))' 2>/dev/null)" != "$wasmtime_version" ]; then
    python3 -m venv "$tools/python" || fail "Python's venv module is missing (apt-get install python3-venv)"
    "$python" -m pip install --quiet --disable-pip-version-check "wasmtime==$wasmtime_version"
  fi
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$python" "$root/test/support/wasmtime_cli.py" >"$tools/bin/wasmtime"
  chmod +x "$tools/bin/wasmtime"
}

install_debian_packages
install_go_tools
install_wasmtime
echo "The tools are in $tools/bin."
