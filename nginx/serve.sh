#!/usr/bin/env bash
# Becomes the Nginx of STATE, on loopback. Its configuration is put together in STATE/run/nginx: what stands
# in this folder, and the two files of local/, in which port, user and modules are filled in, and the API's sockets.
# Paths in it are relative to STATE, so that any name will do for it.

. "$(dirname "$0")/../db/common.sh"

cd "$STATE" || die "cannot enter $STATE."
here=run/nginx
mkdir -p "$here/place" "$here/tmp"
cp "$ROOT"/nginx/*.conf "$here/"

user=
[[ $EUID -ne 0 ]] || user='user root;'
sed -e "s/@USER@/$user/" "$ROOT/nginx/local/main.conf.in" >"$here/place/main.conf"
sed -e "s/@PORT@/$PORT/" "$ROOT/nginx/local/http.conf.in" >"$here/place/http.conf"
# One of several that has failed a write is left alone for a second, in which it is started again.
printf 'server unix:run/%s.sock fail_timeout=1s;\n' "${API_NAMES[@]}" >"$here/place/apis.conf"
# Debian has it as a package of its own; a board does without.
brotli=/usr/lib/nginx/modules/ngx_http_brotli_filter_module.so
if [[ -f $brotli ]]; then
    printf 'load_module %s;\n' "$brotli" >>"$here/place/main.conf"
    cat "$ROOT/nginx/local/brotli.conf.in" >>"$here/place/http.conf"
fi

# Workers outlive a master that was killed, and hold the port. Told to quit they let go of it at once, and finish what
# they are about while the new ones already answer.
mapfile -t old < <(ours nginx)
if [[ $* != -t && ${#old[@]} -gt 0 ]]; then
    kill -s QUIT "${old[@]}" 2>/dev/null
    for ((ticks = 0; ticks < 50; ticks++)); do
        port_taken || break
        sleep 0.02
    done
fi
exec nginx -p "$STATE" -c "$here/nginx.conf" "$@"
