# For scripts that try the command: two stores that are peers, and a stick. Sourced, in bash.
# MARTLET is the command; b_store, if set, is where the second store goes. Sets dir, stick; defines a, b, settle.

fail() { echo "${0##*/}: error: ${title:+$title: }$*" >&2; exit 1; }
scenario() { title=$1; echo "- $title"; }

a() { MARTLET_STORE=$dir/a "$MARTLET" "$@"; }
b() { MARTLET_STORE=${b_store:-$dir/b} "$MARTLET" "$@"; }

# pair DIR: makes two stores that know each other, and an empty stick.
pair() {
  dir=$1 stick=$1/stick
  mkdir -p "$stick"
  a init --name a --quiet >/dev/null
  b init --name b --quiet >/dev/null
  a card >"$dir/a.card"
  b card >"$dir/b.card"
  a peer add b "$dir/b.card" --quiet >/dev/null
  b peer add a "$dir/a.card" --quiet >/dev/null
}

# Whether the peers of a device lack nothing and have acknowledged everything.
is_settled() {
  # Without a JSON parser: this is asked some thousand times.
  "$1" status --json | awk '/"type":"peer"/ { peers++ }
    /"type":"peer"/ && !(/"lacks":{"messages":0,"blobs":0,"bytes":0}/ && /"unacknowledged":0[,}]/) { waiting++ }
    END { exit !peers || waiting }'
}

# settle: carries the stick to and fro until nobody waits for anything.
settle() {
  local round
  for round in 1 2 3 4 5 6 7 8; do
    a sync "$stick" >/dev/null || fail "a: sync left with $?"
    b sync "$stick" >/dev/null || fail "b: sync left with $?"
    if is_settled a && is_settled b; then return; fi
  done
  a status >&2
  b status >&2
  fail "not settled after $round rounds"
}
