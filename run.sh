#!/usr/bin/env bash
# Runs the whole board in the foreground, from a folder of its own (STATE): MariaDB, the generator, the API (APIS
# processes of it) and Nginx. One that dies is started again at once; Ctrl-C, TERM or HUP stops all of them, in an
# order in which nobody is left without what he needs, the database last.
#
# Each runs in a session of its own, so that Ctrl-C reaches only this script, and gets TERM when this script
# is killed. STATE/run/NAME.pid is the process itself: what writes it becomes the program, by exec alone.

. "$(dirname "$0")/db/common.sh"
cd "$ROOT" || die "cannot enter $ROOT."

names=(db gen "${API_NAMES[@]}" nginx) # in the order in which they need each other
declare -A pids=() started=()          # by name; when, in microseconds
declare -A pause=()                    # before it starts, in tenths of a second
declare -A signal=([nginx]=QUIT)       # for a graceful end, if not TERM
announcer=
for name in "${names[@]}"; do pause[$name]=0; done

say() {
    printf '%s\n' "$*"
}

# become NAME PAUSE: in the child.
become() {
    printf '%s\n' $$ >"$STATE/run/$1.pid.new" && mv "$STATE/run/$1.pid.new" "$STATE/run/$1.pid"
    [[ $2 == 0 ]] || sleep "0.$2"
    case $1 in
    db) exec "$ROOT/db/serve.sh" ;;
    gen) as gen service gen run/program/writ-gen follow ;;
    api*) WRIT_LISTEN=$STATE/run/api/$1.sock as api service api run/program/writ-api serve ;;
    nginx) exec "$ROOT/nginx/serve.sh" ;;
    esac
}
export -f become as service die

start() {
    # The child takes the pause, so that nobody else waits for it.
    # shellcheck disable=SC2016 # for the inner shell to expand
    setsid setpriv --pdeathsig TERM bash -c 'become "$@"' writ "$1" "${pause[$1]}" \
        {lock}>&- </dev/null >>"$STATE/log/$1.log" 2>&1 &
    pids[$1]=$! started[$1]=${EPOCHREALTIME//[!0-9]/}
}

# Started again at once; after a life of less than a second, with a pause that grows to about a second.
revive() {
    local name=$1 lived how
    wait "${pids[$name]}" 2>/dev/null
    how=$?
    ((how > 128)) && how="signal $((how - 128))" || how="status $how"
    lived=$(((${EPOCHREALTIME//[!0-9]/} - started[$name]) / 100000 - pause[$name]))
    if ((lived >= 10)); then
        pause[$name]=0
    else
        pause[$name]=$((pause[$name] < 4 ? pause[$name] * 2 + 1 : 9))
    fi
    ((pause[$name] == 9)) || say "$name has ended ($how) and is started again; see $STATE/log/$name.log"
    start "$name"
}

stop() {
    local name i
    trap '' INT TERM HUP
    [[ ! $announcer ]] || kill "$announcer" 2>/dev/null
    for ((i = ${#names[@]} - 1; i >= 0; i--)); do
        name=${names[i]}
        [[ -v pids[$name] ]] || continue
        end_processes "${signal[$name]:-TERM}" "${pids[$name]}"
        # Whatever it had started itself.
        kill -s KILL -- "-${pids[$name]}" 2>/dev/null
        rm -f "$STATE/run/$name.pid"
    done
    # Workers of a master that was killed just before.
    take_over nginx QUIT
    exit "$1"
}

# A start that fails is not tried again: it would fail again.
give_up() {
    printf 'writ: %s\n' "$*" >&2
    stop 1
}

# Says so when a page can be read and a todo be written, as a reader and a writer would find out.
announce() {
    local url=http://127.0.0.1:$PORT tries=0
    until curl -sf -m 2 -o /dev/null "$url/" && [[ $(curl -s -m 2 "$url/api/health") =~ \"status\":\ *\"ok\" ]]; do
        sleep 0.1
        ((++tries % 300)) || say "Not ready yet; the reason may stand in $STATE/log/."
    done
    say "Writ is ready: $url/"
}

for program in "$BUILD/writ-api" "$BUILD/writ-gen"; do
    [[ -x $program ]] || die "$program is not built. Say 'make run', which builds it first."
done

exec {lock}>>"$STATE/run/lock"
flock -n "$lock" || die "a board runs already with STATE $STATE. Stop it, or choose another STATE (and PORT)."
take_over nginx QUIT
take_over writ-api TERM
take_over writ-gen TERM
rm -rf "$STATE"/run/program*
copy_programs
"$ROOT/nginx/serve.sh" -t >"$STATE/log/nginx.check" 2>&1 || die "Nginx refuses its configuration: $(<"$STATE/log/nginx.check")"
rm "$STATE/log/nginx.check"
! port_taken || die "port $PORT is taken by another program. Choose another: make run PORT=8081."

trap 'stop 0' INT TERM HUP
trap : PIPE # nobody may be reading what is said here any more

# For db/with.sh: what the pages depend on.
for name in WRIT_TITLE WRIT_URL WRIT_OPEN WRIT_OFFLINE WRIT_RATE TZ MYSQL_DATABASE PORT; do
    [[ ! -v $name ]] || printf '%s=%q\n' "$name" "${!name}"
done >"$STATE/run/env"

[[ $WRIT_OPEN != 1 ]] || say "WRIT_OPEN=1: everyone on this machine is a member of this board, and may write."

start db
wait_for_database "${pids[db]}" ||
    give_up "MariaDB did not start. Its last words, in $STATE/log/db.log: $(tail -n 5 "$STATE/log/db.log")"
((EUID != 0)) || [[ $(stat -c %U "/proc/${pids[db]}") != root ]] ||
    say "MariaDB runs as root: the user writ-db cannot get to $STATE. Where it can, such as in /srv, the board is safer."
"$ROOT/db/migrate.sh" {lock}>&- || give_up "the database could not be brought up to date, so the board does not start."
(as api service api run/program/writ-api passphrase --first {lock}>&-) || give_up "the owner's passphrase could not be set."
for name in "${names[@]:1}"; do start "$name"; done
announce {lock}>&- &
announcer=$!

# `wait -n` would tell of a death at once, but says nothing of a child that died while another command ran, and then
# waits for ever. `read -t` forgets what a trap was about to do. So all are looked at a few times a second.
while :; do
    for name in "${names[@]}"; do
        kill -0 "${pids[$name]}" 2>/dev/null || revive "$name"
    done
    sleep 0.2 {lock}>&- &
    wait $!
done
