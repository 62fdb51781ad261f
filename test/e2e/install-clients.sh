#!/usr/bin/env bash
# Builds the clients named in clients.json, in the file's order (heavy first), each once, into
# ${COLOPHON_E2E_CACHE:-~/.cache/colophon-e2e}/<name>-<version>/. With names: only these, and their binaries' paths on
# stdout. A package that starts with "./" is a harness of ours under go/, built against the module's exact version.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${COLOPHON_E2E_CACHE:-$HOME/.cache/colophon-e2e}
export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false

say() { echo "clients: $*" >&2; }

# What stands in the folder's name: for a harness its own sources as well, so that a change is a new build.
version_of() {
  local module=$1 version=$2 package=$3
  [[ $package == ./* ]] || { echo "$version"; return; }
  grep -qF "$module $version" "$here/go/go.mod" || { say "go.mod has another version than $module $version"; return 1; }
  echo "$version-$(cat "$here"/go/go.{mod,sum} "$here/go/$package"/*.go | sha256sum | cut -c1-12)"
}

build() {
  local package=$1 version=$2 into=$3
  case $package in
    ./*) (cd "$here/go" && GOBIN=$into go install "$package") ;;
    *) GOBIN=$into go install "$package@$version" ;;
  esac
}

install_client() {
  local name=$1 module=$2 version=$3 package=$4 key dir
  key=$name-$(version_of "$module" "$version" "$package")
  dir=$cache/$key
  (
    flock 9
    if [[ ! -d $dir ]]; then
      say "building $key"
      rm -rf "$dir.new"
      build "$package" "$version" "$dir.new" >&2
      mv "$dir.new" "$dir" # only a whole build gets the name
      say "built $key in $SECONDS s"
    fi
  ) 9>"$cache/$key.lock"
  say "have $dir/${package##*/}"
  [[ $wanted == ' ' ]] || echo "$dir/${package##*/}"
}

mkdir -p "$cache"
wanted=" ${*:-}"
[[ $wanted == ' ' ]] || wanted+=' '
list=$(node -p 'require(process.argv[1]).map((c) => [c.name, c.module, c.version, c.package].join(" ")).join("\n")' "$here/clients.json")
for name in "$@"; do grep -q "^$name " <<<"$list" || { say "no client $name in clients.json"; exit 1; }; done
while read -r name module version package; do
  if [[ $wanted == ' ' || $wanted == *" $name "* ]]; then
    install_client "$name" "$module" "$version" "$package" </dev/null
  fi
done <<<"$list"
