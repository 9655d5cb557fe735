# Shared by the scripts: sourced, not run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# die MESSAGE [STATUS]: a message on stderr, named after the script, and the end.
die() {
  echo "$(basename "$0"): $1" >&2
  exit "${2:-1}"
}

# Where scripts/setup unpacks the wheels, as an absolute path.
deps_dir() {
  local dir=${WEFT_DEPS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/weft/deps}
  case "$dir" in
    /*) echo "$dir" ;;
    *) echo "$PWD/$dir" ;;
  esac
}

# How many compilers run at once: WEFT_JOBS, or one a core. Compiles with Torch are limited further by the build itself.
build_jobs() { echo "${WEFT_JOBS:-$(nproc)}"; }

# configure PRESET [CMAKE-ARGUMENT...]: what the environment says about dependencies holds, whatever an earlier configure cached.
configure() {
  local preset=$1
  shift
  cmake --preset "$preset" --no-warn-unused-cli "-DWEFT_DEPS_DIR=$(deps_dir)" "-DWEFT_ARROW_DIR=$(deps_dir)/pyarrow" \
    "-DWEFT_TORCH_DIR=${WEFT_TORCH_DIR:-$(deps_dir)/torch}" "$@"
}

# seconds_since START: whole seconds since $(date +%s) said START.
seconds_since() { echo $(($(date +%s) - $1)); }

# The comment at the head of the calling script.
print_usage() { awk 'NR > 1 && !/^#/ {exit} NR > 1 {sub(/^# ?/, ""); print}' "$0"; }

# Files of ours that clang-format holds in form.
style_files() { git -C "$ROOT" ls-files -- '*.h' '*.cc' '*.cu' ':!cmake'; }

# clang-format of the version that the files are formatted with; others differ in details. Empty if there is none.
CLANG_FORMAT_VERSION=14
clang_format() {
  local program
  for program in clang-format-$CLANG_FORMAT_VERSION clang-format; do
    if "$program" --version 2>/dev/null | grep -q "version $CLANG_FORMAT_VERSION\."; then
      echo "$program"
      return
    fi
  done
}
