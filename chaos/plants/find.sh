#!/bin/sh
# Plants each bug of this folder into a copy of the product, and runs chaos on it until a run finds
# it: at most five seeds each. Prints one line per bug: the seed, and the invariants that broke.
# By hand, on a quiet machine: about six minutes per run. Arguments: names of bugs; none: all.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(git -C "$here" rev-parse --show-toplevel)
work=$(mktemp -d)
trap 'git -C "$root" worktree remove --force "$work/copy" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
# Beside the system's temporary files in memory there may be no room for fifteen processes' data.
runs=${TALLY_PLANTS_DIR:-$root/.tally/plants}

git -C "$root" worktree add --detach --quiet "$work/copy" HEAD
missed=0
for bug in ${*:-$(basename -s .patch "$here"/*.patch)}; do
  git -C "$work/copy" checkout --quiet . && git -C "$work/copy" apply "$here/$bug.patch"
  found=''
  for seed in 1 2 3 4 5; do
    "$work/copy/tally" chaos --seed "$seed" --profile smoke --folder "$runs/$bug" >"$work/out" 2>&1 && continue
    grep -q '^VIOLATED' "$work/out" || { cat "$work/out" >&2; exit 2; }
    found=$(sed -n 's/^VIOLATED \(I[0-9]*\):.*/\1/p' "$work/out" | tr '\n' ' ')
    break
  done
  if [ -n "$found" ]; then
    echo "$bug: found with seed $seed: $found"
  else
    echo "$bug: NOT FOUND in five seeds"
    missed=1
  fi
done
exit $missed
