#!/usr/bin/env bash
# What `make secrets`, `secrets-seal` and `secrets-unseal` do, in the root of the repository.
#
#   secrets.sh make                 random secrets as files in secrets/, where one is missing; and the folder of backups
#   secrets.sh seal [RECIPIENT]     secrets/ into secrets.age: for an age or SSH public key, or a file of them; else
#                                   for a passphrase, which is asked for
#   secrets.sh unseal [IDENTITY]    and back, with the file of the private key; nothing that is there is overwritten
#
# The folder has mode 0700, which keeps others of this host out. The files have 0444: docker compose mounts them as they
# are, for users that this host does not know.

set -euo pipefail
cd "$(dirname "$0")/../.."
umask 077

die() {
    printf 'writ: %s\n' "$*" >&2
    exit 1
}

make_secrets() {
    local name
    mkdir -p secrets secrets/tls backups
    chmod 0700 secrets
    # Within secrets/, which keeps others out.
    chmod 0755 secrets/tls
    for name in secret_key mysql_root_password mysql_password_api mysql_password_gen mysql_password_backup; do
        # What was missing when a container was started has become a folder.
        [[ ! -d secrets/$name ]] || rmdir "secrets/$name"
        if [[ ! -s secrets/$name ]]; then
            rm -f "secrets/$name"
            od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"secrets/$name.new"
            mv "secrets/$name.new" "secrets/$name"
            echo "Made secrets/$name"
        fi
        chmod 0444 "secrets/$name"
    done
    [[ -f .env ]] || install -m 0644 .env.example .env

    # The service that writes backups does so as whoever owns their folder.
    local owner=1005:1000
    if [[ $EUID == 0 ]]; then
        chown "$owner" backups
        return
    fi
    owner=$(id -u):$(id -g)
    grep -qx "BACKUP_USER=$owner" .env || printf '\n# Who owns the folder backups; noted by make secrets.\nBACKUP_USER=%s\n' "$owner" >>.env
}

seal() {
    local to=(-p)
    [[ -d secrets ]] || die "there is no folder secrets. 'make secrets' makes one."
    if [[ ${1:-} && -f $1 ]]; then
        to=(-R "$1")
    elif [[ ${1:-} ]]; then
        to=(-r "$1")
    fi
    tar -c secrets | age -e "${to[@]}" -o secrets.age.new
    mv secrets.age.new secrets.age
    echo "Sealed into secrets.age"
}

unseal() {
    [[ -f secrets.age ]] || die "there is no secrets.age."
    age -d ${1:+-i "$1"} secrets.age | tar -x -k
    echo "Unsealed into secrets/"
}

case ${1:-} in
make) make_secrets ;;
seal) seal "${2:-}" ;;
unseal) unseal "${2:-}" ;;
*) die "usage: secrets.sh make | seal [RECIPIENT] | unseal [IDENTITY]" ;;
esac
