#!/usr/bin/env bash
# A backup of the board, now: a dump of its database, as of one moment, while it runs or when it is stopped. Prints the
# file on its last line. Those of the last 7 days are kept, today's included.
#
# In a container the environment says where the database is (MYSQL_HOST, MYSQL_USER, MYSQL_PASSWORD_FILE) and where
# backups lie (BACKUPS); locally they lie in backups/, under the name of STATE if it is not var.

[[ ${MYSQL_USER:-} == backup ]] || exec "$(dirname "$0")/with.sh" backup "$0" "$@"

set -uo pipefail
# Everything private is in it.
umask 077
die() {
    printf 'writ: %s\n' "$*" >&2
    exit 1
}

root=$(cd "$(dirname "$0")/.." && pwd -P) || die "cannot enter the folder of the scripts."
database=${MYSQL_DATABASE:-writ}
name=$database
[[ ${STATE:-$root/var} == "$root/var" ]] || name=${STATE##*/}
folder=${BACKUPS:-$root/backups}
mkdir -p "$folder" || die "cannot create the folder of backups, $folder."

exec {lock}>>"$folder/.lock" || die "cannot write to the folder of backups, $folder."
flock "$lock"
while file=$folder/$name-$(date +%Y-%m-%dT%H%M%S%z).sql.gz && [[ -e $file ]]; do sleep 0.2; done
new=$folder/.$name.new

where=(--socket="${MYSQL_SOCKET:-}")
[[ ! ${MYSQL_HOST:-} ]] || where=(--host="$MYSQL_HOST")
MYSQL_PWD=$(<"${MYSQL_PASSWORD_FILE:?says where the password of the user backup is}") \
    mariadb-dump --no-defaults "${where[@]}" --user=backup --default-character-set=utf8mb4 \
    --single-transaction --quick --hex-blob --no-tablespaces "$database" {lock}>&- | gzip >"$new" ||
    die "no backup: the dump of the database $database failed; the reason stands above."

# A dump says at its end that it is whole.
[[ $(gzip -dc "$new" | tail -n 1) == '-- Dump completed'* ]] || die "no backup: the dump is not whole; is $folder full?"
sync "$new" && mv "$new" "$file" && sync "$folder" || die "no backup: cannot write $file."

oldest=$(date -d '6 days ago' +%Y-%m-%d)
for old in "$folder/$name"-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*.sql.gz; do
    day=${old#"$folder/$name-"}
    [[ ! ${day%%T*} < $oldest ]] || rm "$old"
done
printf 'Backup: %s bytes\n%s\n' "$(stat -c %s "$file")" "$file"
