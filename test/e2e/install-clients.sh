#!/usr/bin/env bash
# Installs the clients named in clients.json, in the file's order (heavy first), each once, into
# ${COLOPHON_E2E_CACHE:-~/.cache/colophon-e2e}/<name>-<version>/. With names: only these, and on stdout the path of each:
# a program for the kind "go" (the default), a folder for "npm", a Python for "pip". A package that starts with "./" is a
# folder of ours, built against the module's exact version: a harness under go/, a package folder with its lock file under
# npm/, a list of exact versions under pip/.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${COLOPHON_E2E_CACHE:-$HOME/.cache/colophon-e2e}
export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false

say() { echo "clients: $*" >&2; }

# What names our own sources, so that a change is a new build.
sources_of() {
  case $1 in
    go) cat "$here"/go/go.{mod,sum} "$here/go/$2"/*.go ;;
    *) cat "$here/$1/$2"/* ;;
  esac
}

# The line that must stand in our own files, so that clients.json tells the version that is built.
pin_of() {
  case $1 in
    go) grep -qF "$2 $3" "$here/go/go.mod" ;;
    npm) grep -qF "\"$2\": \"$3\"" "$here/npm/$4/package.json" ;;
    pip) grep -qE "^$2==$3( |$)" "$here/pip/$4/requirements.txt" ;;
  esac
}

version_of() {
  local kind=$1 module=$2 version=$3 package=$4
  [[ $package == ./* ]] || { echo "$version"; return; }
  pin_of "$@" || { say "our $kind package has another version than $module $version"; return 1; }
  echo "$version-$(sources_of "$kind" "$package" | sha256sum | cut -c1-12)"
}

build() {
  local kind=$1 package=$2 version=$3 into=$4
  case $kind:$package in
    go:./*) (cd "$here/go" && GOBIN=$into go install "$package") ;;
    go:*) GOBIN=$into go install "$package@$version" ;;
    npm:./*) cp -R "$here/npm/$package" "$into" && (cd "$into" && npm ci --ignore-scripts --no-audit --no-fund) ;;
    pip:./*) python3 -m venv "$into" && "$into/bin/python" -m pip install -q --no-deps -r "$here/pip/$package/requirements.txt" ;;
    *) say "no way to install $package of kind $kind"; return 1 ;;
  esac
}

path_of() {
  case $1 in
    go) echo "$2/${3##*/}" ;;
    pip) echo "$2/bin/python" ;;
    *) echo "$2" ;;
  esac
}

install_client() {
  local name=$1 kind=$2 module=$3 version=$4 package=$5 key dir path
  key=$name-$(version_of "$kind" "$module" "$version" "$package")
  dir=$cache/$key
  (
    flock 9
    if [[ ! -d $dir ]]; then
      say "building $key"
      rm -rf "$dir.new"
      build "$kind" "$package" "$version" "$dir.new" >&2
      mv "$dir.new" "$dir" # only a whole build gets the name
      say "built $key in $SECONDS s"
    fi
  ) 9>"$cache/$key.lock"
  path=$(path_of "$kind" "$dir" "$package")
  say "have $path"
  [[ $wanted == ' ' ]] || echo "$path"
}

mkdir -p "$cache"
wanted=" ${*:-}"
[[ $wanted == ' ' ]] || wanted+=' '
list=$(node -p 'require(process.argv[1]).map((c) => [c.name, c.kind ?? "go", c.module, c.version, c.package].join(" ")).join("\n")' "$here/clients.json")
for name in "$@"; do grep -q "^$name " <<<"$list" || { say "no client $name in clients.json"; exit 1; }; done
while read -r name kind module version package; do
  if [[ $wanted == ' ' || $wanted == *" $name "* ]]; then
    install_client "$name" "$kind" "$module" "$version" "$package" </dev/null
  fi
done <<<"$list"
