#!/usr/bin/env bash
# Brings the runtimes that run portable crypto besides Node: Chromium from the system's packages, and those named in
# portable/runtimes.json from npm, each once, into ${COLOPHON_E2E_CACHE:-~/.cache/colophon-e2e}/<name>-<version>/. With
# names: only these, and their binaries' paths on stdout. Chromium needs apt-get, as root or with sudo, where it is missing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${COLOPHON_E2E_CACHE:-$HOME/.cache/colophon-e2e}

say() { echo "runtimes: $*" >&2; }

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

install_chromium() {
  (
    flock 9
    command -v chromium >/dev/null || { as_root apt-get update -qq && as_root apt-get install -y -qq chromium; } >&2
  ) 9>"$cache/chromium.lock"
  path=$(command -v chromium)
}

install_package() {
  local name=$1 package=$2 version=$3 binary=$4 dir=$cache/$1-$3
  (
    flock 9
    if [[ ! -d $dir ]]; then
      say "installing $name $version"
      rm -rf "$dir.new"
      mkdir "$dir.new"
      npm install --prefix "$dir.new" --ignore-scripts --no-audit --no-fund --loglevel=error "$package@$version" >&2
      mv "$dir.new" "$dir" # only a whole install gets the name
    fi
  ) 9>"$dir.lock"
  local found=("$dir"/node_modules/$binary) # more than one where npm takes both C libraries: the first
  path=${found[0]}
  [[ -x $path ]] || { say "no $name for this system in $dir"; return 1; }
}

mkdir -p "$cache"
list=$(node -p 'require(process.argv[1]).map((r) => [r.name, r.package, r.version, r.binary].join(" ")).join("\n")' "$here/portable/runtimes.json")
[[ $# -gt 0 ]] && wanted=("$@") || mapfile -t wanted < <(echo chromium; cut -d' ' -f1 <<<"$list")
for name in "${wanted[@]}"; do
  if [[ $name == chromium ]]; then
    install_chromium
  else
    row=$(grep "^$name " <<<"$list") || { say "no runtime $name in runtimes.json"; exit 1; }
    read -r _ package version binary <<<"$row"
    install_package "$name" "$package" "$version" "$binary"
  fi
  say "have $path"
  echo "$path"
done
