#!/usr/bin/env bash
# Two devices that never meet, and a stick that is carried between them.
#
#   examples/stick.sh [LIST]      LIST: a file with the paths to send, each ended by a zero byte;
#                                 without it, what /usr/share/doc has at hand
#   MARTLET=PATH                  the command to use; without it, the one on the PATH
#
# It makes two stores and a directory that plays the stick, sends files and chat, carries the stick
# to and fro, and proves that everything arrived and that both sides know it.
set -euo pipefail
martlet=${MARTLET:-martlet}

fail() { echo "stick: error: $*" >&2; exit 1; }
command -v "$martlet" >/dev/null || fail "no command $martlet; set MARTLET to its path"

work=$(mktemp -d "${TMPDIR:-/tmp}/martlet-stick.XXXXXX")
trap 'rm -rf "$work"' EXIT
stick=$work/stick
mkdir "$stick"

# Each device is a store; a person would have one, and need not name it.
laptop() { MARTLET_STORE=$work/laptop "$martlet" "$@"; }
clinic() { MARTLET_STORE=$work/clinic "$martlet" "$@"; }

list=${1:-}
if [ -z "$list" ]; then
  list=$work/list
  find /usr/share/doc -type f -size -1024k -print0 2>/dev/null | sed -z -n "1,200p" >"$list"
fi
count=$(tr -cd '\0' <"$list" | wc -c)
[ "$count" -gt 0 ] || fail "no files to send"

# -- helpers: what `--json` says -------------------------------------------------------------

# How far a device is: fails while its peer lacks something or has not acknowledged something.
settled() {
  "$1" status --json | python3 -c '
import json, sys
peers = [o for o in map(json.loads, sys.stdin) if o.get("type") == "peer"]
waiting = [p for p in peers if any(p["lacks"].values()) or p["unacknowledged"]]
for p in waiting: print("  waiting:", json.dumps(p), file=sys.stderr)
sys.exit(not peers or bool(waiting))'
}

# Runs a sync at the stick, and prints what this carry moved.
carry() {
  local device=$1 start end
  start=$(date +%s.%N)
  "$device" sync "$stick" --json >"$work/carry.json" || fail "$device: sync left with $?"
  end=$(date +%s.%N)
  python3 - "$device" "$start" "$end" "$work/carry.json" <<'PY'
import json, os, sys
device, start, end, path = sys.argv[1:]
objects, size = {"import": 0, "export": 0}, {"import": 0, "export": 0}
for line in open(path):
    event = json.loads(line)
    kind = event.get("type")
    if kind in objects and event.get("outcome", "imported") == "imported":
        objects[kind] += event.get("messages", 0) + event.get("blobs", 0)
        bundle = event.get("path") or ""
        size[kind] += os.path.getsize(bundle) if os.path.exists(bundle) else event.get("bytes", 0)
print(f"  {device}: took {objects['import']:,} objects ({size['import']:,} bytes) from the stick, "
      f"put {objects['export']:,} ({size['export']:,} bytes) on it, {float(end) - float(start):.2f} s")
PY
}

contents_of_stick() { (cd "$stick" && find . -type f -print0 | sort -z | xargs -0r sha256sum); }

# -- two devices become peers ----------------------------------------------------------------

echo "two devices exchange their cards"
laptop init --name laptop --quiet >"$work/words"
clinic init --name clinic --quiet >>"$work/words"
laptop card >"$work/laptop.card"
clinic card >"$work/clinic.card"
laptop peer add clinic "$work/clinic.card" --quiet >>"$work/words"
clinic peer add laptop "$work/laptop.card" --quiet >>"$work/words"

# -- laptop has things to send ---------------------------------------------------------------

echo "laptop puts $count files and says so"
laptop chat send clinic "the scans are on the stick" >>"$work/words"
# `put` prints one id a line, in the order of its arguments.
MARTLET_STORE=$work/laptop xargs -0 -n 500 "$martlet" put clinic <"$list" >"$work/ids"
[ "$(wc -l <"$work/ids")" = "$count" ] || fail "put printed $(wc -l <"$work/ids") ids for $count files"

# -- the stick goes to and fro ---------------------------------------------------------------

echo "the stick is carried"
carry laptop
carry clinic
clinic chat log laptop | grep -q "the scans are on the stick" || fail "the chat did not arrive"

echo "clinic answers"
clinic chat send laptop "got them" >>"$work/words"
carry clinic
carry laptop
laptop chat log clinic | grep -q "got them" || fail "the answer did not arrive"
carry laptop
carry clinic

# -- everything arrived ----------------------------------------------------------------------

echo "every file is compared by its hash"
xargs -0 sha256sum <"$list" | cut -d ' ' -f 1 | sed 's/^\\//' >"$work/sent"
while read -r id; do
  clinic get "$id" | sha256sum
done <"$work/ids" | cut -d ' ' -f 1 >"$work/received"
cmp "$work/sent" "$work/received" || fail "what arrived is not what was sent"
echo "  $count of $count are equal"

settled laptop || fail "laptop waits for something"
settled clinic || fail "clinic waits for something"
echo "  nothing lacking, nothing unacknowledged, on both sides"

echo "two further syncs on each side"
contents_of_stick >"$work/before"
for _ in 1 2; do
  carry laptop
  carry clinic
done
contents_of_stick >"$work/after"
diff "$work/before" "$work/after" >&2 || fail "the stick changed although there was nothing to say"
echo "  the stick is as it was: $(wc -l <"$work/after") bundles"
