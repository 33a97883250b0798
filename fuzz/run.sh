#!/usr/bin/env bash
# Runs the targets named, or all, TIME seconds each (FUZZ_FLAGS may bound the runs instead). What was found goes to
# target/fuzz/corpus and is where the next run goes on; an input that fells a parser to target/fuzz/artifacts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
programs="target/fuzz/$host/release"
fallen=()
[ $# -gt 0 ] || set -- $(ls fuzz/seeds)
for target in "$@"; do
  [ -x "$programs/$target" ] || { echo "there is no target '$target'; there are: $(ls fuzz/seeds | xargs)" >&2; exit 2; }
  corpus="target/fuzz/corpus/$target"
  artifacts="target/fuzz/artifacts/$target"
  log="target/fuzz/$target.log"
  mkdir -p "$corpus" "$artifacts"
  began=$SECONDS
  if "$programs/$target" "$corpus" "fuzz/seeds/$target" -artifact_prefix="$artifacts/" -max_total_time="${TIME:-60}" \
    -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 ${FUZZ_FLAGS:-} >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    covered=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$log" | tail -n 1)
    printf '%-14s %10s runs in %4d s, %s, %s inputs kept\n' \
      "$target" "$runs" "$((SECONDS - began))" "$covered" "$(ls "$corpus" | wc -l)"
  else
    fallen+=("$target")
    printf '%-14s FELL: the input is in %s, what it said in %s\n' "$target" "$artifacts" "$log"
  fi
done
if [ ${#fallen[@]} -gt 0 ]; then
  echo "fallen: ${fallen[*]}. Fix it, and keep the input in fuzz/seeds." >&2
  exit 1
fi
