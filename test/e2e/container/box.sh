#!/usr/bin/env bash
# One command in a root folder as a container engine lays it out: what comes from the base image is this machine's own
# /usr and /etc, with Node and npm where the image has them; the rest is the folder. In new namespaces (unshare), as root:
#
#   box.sh build ROOT DIR COMMAND...               everything but the base is writable, and root has all of its rights
#   box.sh run ROOT DIR UID:GID PATH=FOLDER... -- COMMAND...    all is read-only but those volumes, nobody has any rights
#
# BOX_NODE is the Node program, BOX_NPM npm's folder. For `run` the namespaces are those of the network and IPC as well.
set -euo pipefail

mode=$1 root=$2 dir=$3
node=$BOX_NODE npm=$BOX_NPM
shift 3
unset BOX_NODE BOX_NPM

mount --bind "$root" "$root" # a mount of its own, which `run` makes read-only in the end

# The base image's part. On a merged /usr the others are links into it.
for name in usr etc bin sbin lib lib32 lib64; do
  if [[ -L /$name ]]; then
    ln -sfn "$(readlink "/$name")" "$root/$name"
  elif [[ -d /$name ]]; then
    mkdir -p "$root/$name"
    mount --bind "/$name" "$root/$name"
    mount -o remount,bind,ro "$root/$name"
  fi
done
mkdir -p "$root"/{dev,proc,run,tmp,root}
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for name in null zero full random urandom; do
  touch "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mount -t tmpfs -o mode=755 local "$root/usr/local"
mkdir -p "$root"/usr/local/{bin,lib/node_modules/npm}
touch "$root/usr/local/bin/node"
mount --bind "$node" "$root/usr/local/bin/node"
mount --bind "$npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"

if [[ $mode == build ]]; then
  mount --rbind /run "$root/run" # where /etc/resolv.conf may point
  mount -t tmpfs -o mode=700 home "$root/root"
  mount -t tmpfs -o mode=1777 tmp "$root/tmp"
  [[ ! -f ~/.npmrc ]] || cp ~/.npmrc "$root/root/.npmrc" # this machine's registry and proxies
  HOME=/root exec chroot "$root" env --chdir="$dir" "$@"
fi

user=$1
shift
while [[ $1 != -- ]]; do
  path=$root${1%%=*} folder=${1#*=}
  shift
  # A new named volume takes owner and mode from the image.
  [[ -n $(ls -A "$folder") ]] || { chown --reference="$path" "$folder"; chmod --reference="$path" "$folder"; }
  mount --bind "$folder" "$path"
done
shift
for each in "$root" "$root/dev" "$root/usr/local"; do mount -o remount,bind,ro "$each"; done
ip link set lo up
exec chroot "$root" setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups --inh-caps=-all --bounding-set=-all \
  --no-new-privs env --chdir="$dir" "$@"
