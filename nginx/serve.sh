#!/usr/bin/env bash
# Becomes the Nginx of STATE, on loopback. Its configuration is put together in STATE/run/nginx: what stands
# in this folder, and the files of local/, in which port and modules are filled in, and the API's sockets.
# Paths in it are relative to STATE, so that any name will do for it.

. "$(dirname "$0")/../db/common.sh"

cd "$STATE" || die "cannot enter $STATE."
here=run/nginx
mkdir -p "$here/place"
install -m 644 "$ROOT"/nginx/*.conf "$here/" || die "cannot copy Nginx's configuration to $STATE/$here."
[[ $WRIT_OPEN == 1 ]] && tree=open || tree=closed
install -m 644 "$ROOT/nginx/$tree.conf" "$here/place/tree.conf"

# Enough for a crowd; a worker has all it may need for connections from the start, 7 MiB.
files=$(ulimit -Hn)
[[ $files != unlimited && $files -lt 32768 ]] || files=32768
ulimit -n "$files" || die "cannot raise the limit of open files to $files."
printf 'worker_connections %d;\n' $((files / 2)) >"$here/place/events.conf"
install -m 644 "$ROOT/nginx/local/main.conf" "$here/place/main.conf"
sed -e "s/@PORT@/$PORT/" "$ROOT/nginx/local/http.conf.in" >"$here/place/http.conf"
# One of several that has failed a write is left alone for a second, in which it is started again.
printf 'server unix:run/api/%s.sock fail_timeout=1s;\n' "${API_NAMES[@]}" >"$here/place/apis.conf"
# Debian has it as a package of its own; a board does without.
brotli=/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so
if [[ -f $brotli ]]; then
    printf 'load_module %s;\n' "$brotli" >>"$here/place/main.conf"
    cat "$ROOT/nginx/local/brotli.conf.in" >>"$here/place/http.conf"
fi

# Workers outlive a master that was killed, and hold the port. Told to quit they let go of it at once, and finish what
# they are about while the new ones already answer.
old=$(ours nginx)
if [[ $* != -t && $old ]]; then
    # shellcheck disable=SC2086 # numbers, one word each
    kill -s QUIT $old 2>/dev/null
    for ((ticks = 0; ticks < 50; ticks++)); do
        port_taken || break
        sleep 0.02
    done
fi

# Root's folder, and its own file in it.
: >>log/access.log && chmod 640 log/access.log || die "cannot write $STATE/log/access.log."
((EUID != 0)) || chown writ-web: log/access.log || die "cannot give $STATE/log/access.log to the user writ-web."
service web nginx -p ./ -c "$here/nginx.conf" "$@"
