#!/usr/bin/env bash
# Fetches the real kubectls that the fidelity tests drive (1.20, 1.32 and the newest that Debian has), from the Debian
# mirror this system is configured with, into a folder of its own: its own apt state and sources, nothing installed,
# nothing of the system changed. Quick when everything is there. A version that cannot be had is reported on standard
# error and left out.
#
#   scripts/fetch-kubectl.sh <folder>   # prints the paths with colons between, as KELPIE_KUBECTLS wants them
set -uo pipefail

if [ $# -ne 1 ]; then
  echo "usage: scripts/fetch-kubectl.sh <folder>" >&2
  exit 2
fi
mkdir -p "$1" && folder=$(cd "$1" && pwd) || exit 1
# release:package
wanted=(bookworm:kubernetes-client trixie:kubectl sid:kubectl)

for tool in apt-get dpkg; do
  command -v "$tool" >/dev/null && continue
  echo "kubectl: nothing fetched, this system has no $tool" >&2
  exit 0
done

# address|keyring of the first archive of Debian proper (not the security one) among the system's own sources.
archive=$(apt-get indextargets --format '$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
  awk -F'|' '$1 == "Debian" && $2 == "main" && $3 !~ /security/ { print $4; exit }')
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || keyring=/etc/apt/trusted.gpg.d

# All that apt keeps for one release lies in the folder.
apt_of() {
  local release=$1
  shift
  local state=$folder/$release/apt
  apt-get -qq \
    -o Dir::State="$state/state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
    -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::http::Timeout=20 -o Acquire::Retries=1 \
    -o Debug::NoLocking=true "$@"
}

fetch() {
  local release=$1 package=$2 home=$folder/$1
  if [ -z "$archive" ]; then
    echo "the system has no Debian archive among its sources (or has never run apt-get update)"
    return 1
  fi
  rm -rf "$home"
  mkdir -p "$home/apt/state/lists/partial" "$home/apt/cache/archives/partial" "$home/package"
  : >"$home/apt/status"
  echo "deb [signed-by=$keyring] $archive $release main" >"$home/apt/sources.list"
  apt_of "$release" update || return 1
  (cd "$home/package" && apt_of "$release" download "$package") || return 1
  dpkg -x "$home"/package/*.deb "$home/root" || return 1
  "$home/root/usr/bin/kubectl" version --client >/dev/null 2>&1 || {
    echo "it does not run on this system"
    return 1
  }
  rm -rf "$home/apt" "$home/package"
  touch "$home/done"
}

found=()
for entry in "${wanted[@]}"; do
  release=${entry%%:*}
  if [ ! -e "$folder/$release/done" ]; then
    why=$(fetch "$release" "${entry#*:}" 2>&1) || {
      echo "kubectl of Debian $release: not to be had: ${why:-unknown reason}" >&2
      rm -rf "${folder:?}/$release"
      continue
    }
  fi
  found+=("$folder/$release/root/usr/bin/kubectl")
done
(IFS=:; echo "${found[*]-}")
