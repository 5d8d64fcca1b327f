#!/usr/bin/env bash
# Converts a model to a MindSpore Lite .ms file with the converter_lite of the official package.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/convert_ms.sh INPUT [OUTPUT.ms] [-- CONVERTER_OPTION...]

  INPUT      an export folder (its model.mindir is taken, or else its model.onnx),
             or one .mindir or .onnx file
  OUTPUT.ms  the file to write, a new one; by default INPUT's name with .ms, beside it
  --         what follows is given to converter_lite as it is,
             for example --fp16=on or --configFile=quant.cfg

converter_lite is looked for in $POCKETLENS_CONVERTER (the program),
then in $MSLITE_HOME (the unpacked MindSpore Lite package), then on the PATH.

Example:
  MSLITE_HOME=~/mindspore-lite-2.6.0-linux-x64 scripts/convert_ms.sh runs/garbage/export
TEXT
}

fail() {
  printf 'convert_ms.sh: %s\n' "$1" >&2
  exit 2
}

find_converter() {
  if [[ -n "${POCKETLENS_CONVERTER:-}" ]]; then
    command -v -- "$POCKETLENS_CONVERTER" ||
      fail "POCKETLENS_CONVERTER must name an executable converter_lite, got $POCKETLENS_CONVERTER"
  elif [[ -n "${MSLITE_HOME:-}" ]]; then
    local tool="$MSLITE_HOME/tools/converter/converter/converter_lite"
    [[ -x "$tool" ]] ||
      fail "MSLITE_HOME must be an unpacked MindSpore Lite package, but there is no program $tool"
    printf '%s\n' "$tool"
  else
    command -v converter_lite ||
      fail "converter_lite is missing: set MSLITE_HOME to the unpacked MindSpore Lite package \
(a Linux x86-64 one, from the download page of MindSpore Lite), or put converter_lite on the PATH. \
Without the package, export.py writes the .ms file by itself on x86-64 Linux."
  fi
}

find_model() {
  if [[ -d "$1" ]]; then
    local name
    for name in model.mindir model.onnx; do
      if [[ -f "$1/$name" ]]; then
        printf '%s\n' "$1/$name"
        return
      fi
    done
    fail "the folder must hold model.mindir or model.onnx, and $1 holds neither"
  fi
  [[ -f "$1" ]] || fail "INPUT must be a folder or a file, and $1 does not exist"
  printf '%s\n' "$1"
}

# The build that ships the converter decides where its libraries lie.
library_path() {
  local bin package path="" folder
  bin="$(cd -- "$(dirname -- "$(readlink -f -- "$1")")" && pwd)"
  package="$(dirname -- "$(dirname -- "$(dirname -- "$bin")")")"
  for folder in "$(dirname -- "$bin")/lib" "$package/runtime/lib"; do
    [[ -d "$folder" ]] && path="$path$folder:"
  done
  path="$path${LD_LIBRARY_PATH:-}"
  printf '%s\n' "${path%:}"
}

main() {
  case "${1:-}" in
    -h | --help)
      usage
      exit 0
      ;;
    "" | --)
      usage >&2
      exit 2
      ;;
  esac
  local model out="" converter fmk
  model="$(find_model "$1")"
  shift
  if (($# > 0)) && [[ "$1" != "--" ]]; then
    out="$1"
    shift
  fi
  if (($# > 0)); then
    [[ "$1" == "--" ]] || fail "options of converter_lite must come after --, got $1"
    shift
  fi
  case "$model" in
    *.mindir) fmk=MINDIR ;;
    *.onnx) fmk=ONNX ;;
    *) fail "INPUT must end in .mindir or .onnx, got $model" ;;
  esac
  out="${out:-${model%.*}.ms}"
  [[ "$out" == *.ms ]] || fail "OUTPUT must end in .ms, got $out"
  [[ ! -s "$out" && ! -L "$out" ]] || fail "OUTPUT is written anew, and $out is there: move it away"
  converter="$(find_converter)"

  # Not local: the trap runs when main has already returned. The converter adds .ms to the name.
  work="$(mktemp -d "$(dirname -- "$out")/.convert-XXXXXX")"
  trap 'rm -rf -- "$work"' EXIT
  local status=0
  LD_LIBRARY_PATH="$(library_path "$converter")" "$converter" --fmk="$fmk" --modelFile="$model" \
    --outputFile="$work/model" --saveType=MINDIR_LITE "$@" || status=$?
  if ((status != 0)) || [[ ! -s "$work/model.ms" ]]; then
    printf 'convert_ms.sh: %s did not convert %s (exit status %d).\n' \
      "$converter" "$model" "$status" >&2
    if [[ "$fmk" == MINDIR ]]; then
      printf 'An older converter cannot read this MINDIR: give it the .onnx file instead.\n' >&2
    fi
    exit 1
  fi
  chmod 644 -- "$work/model.ms" # the converter leaves it readable by its owner only
  mv -f -- "$work/model.ms" "$out"
  printf 'wrote %s (%d bytes)\n' "$out" "$(wc -c <"$out")"
}

main "$@"
