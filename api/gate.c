/* See gate.h. */
#include "gate.h"

#include "../db/clock.h"
#include "origin.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

enum { SECOND = 1000000 };

void gate_init(struct gate *gate, const struct session_config *config, bool proxied, unsigned rate)
{
    gate->config = config;
    gate->proxied = proxied;
    limit_init(&gate->writes, GATE_WRITES_BURST, rate ? SECOND / rate : 0);
    limit_init(&gate->strangers, GATE_STRANGERS_BURST, SECOND);
    randombytes_buf(gate->key, sizeof gate->key);
}

/* ---- where it comes from */

/* The address that Nginx names; one that reaches us directly speaks for itself. */
static uint64_t address_of(const struct gate *gate, h2o_req_t *req)
{
    char text[INET6_ADDRSTRLEN] = "";
    h2o_iovec_t address = h2o_iovec_init(text, 0);
    struct sockaddr_storage peer;
    if (gate->proxied) {
        if (!header_single(&req->headers, "x-real-ip", &address) || !address.base)
            address = h2o_iovec_init(text, 0);
    } else if (req->conn->callbacks->get_peername(req->conn, (struct sockaddr *)&peer)) {
        const void *in = peer.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&peer)->sin_addr
                                                   : (void *)&((struct sockaddr_in6 *)&peer)->sin6_addr;
        if (inet_ntop(peer.ss_family, in, text, sizeof text))
            address.len = strlen(text);
    }
    unsigned char subscriber[8];
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, subscriber,
                     limit_subscriber(address.base, address.len, subscriber), gate->key);
    return hash;
}

/* As origin.h wants it: NULL is not there, and one that stands twice is nobody's. */
static void origin_header(const h2o_req_t *req, const char *name, const char **value, size_t *len)
{
    h2o_iovec_t found;
    bool once = header_single(&req->headers, name, &found);
    *value = once ? found.base : "";
    *len = once ? found.len : 0;
}

static enum origin_verdict origin_of(const h2o_req_t *req)
{
    struct origin origin = {.host = req->authority.base, .host_len = req->authority.len};
    origin_header(req, "sec-fetch-site", &origin.fetch_site, &origin.fetch_site_len);
    origin_header(req, "origin", &origin.origin, &origin.origin_len);
    return origin_judge(&origin);
}

/* ---- who it is */

static void read_credential(const struct gate *gate, h2o_req_t *req, const struct request *request,
                            struct credential *out)
{
    h2o_iovec_t authorization;
    *out = (struct credential){.kind = gate->config->open ? CREDENTIAL_OPEN : CREDENTIAL_NONE};
    if (gate->config->open)
        return;
    bool once = header_single(&req->headers, "authorization", &authorization);
    /* A token that is there counts, good or bad; but who signs in or out does it with a cookie. */
    bool about_session = request->route.action == ACTION_SIGN_IN || request->route.action == ACTION_SIGN_OUT;
    if (!about_session && authorization.base &&
        (!once || session_from_token(gate->config, authorization.base, authorization.len, out)))
        return;
    h2o_iovec_t cookies = header_joined(&req->pool, &req->headers, "cookie", "; ");
    session_from_cookies(gate->config, cookies.base, cookies.len, request->secure, out);
}

/* A browser sends cookies by itself, and so a page of another site can make it send them; and signing
 * somebody in as somebody else needs no cookie at all. An open board takes whoever comes, but not a page of
 * another site. */
static bool is_forged(const struct gate *gate, const h2o_req_t *req, const struct request *request,
                      const struct credential *credential)
{
    if (gate->config->open)
        return origin_of(req) == ORIGIN_FOREIGN;
    if (credential->kind == CREDENTIAL_SESSION || request->route.action == ACTION_SIGN_IN)
        return origin_of(req) != ORIGIN_OURS;
    return false;
}

/* ---- how often */

static uint64_t writer_key(const struct visitor *visitor)
{
    uint64_t key = visitor->address;
    if (visitor->credential.kind != CREDENTIAL_OPEN)
        memcpy(&key, visitor->credential.hash, sizeof key);
    return key;
}

static unsigned wait_of(struct gate *gate, const struct visitor *visitor)
{
    const uint64_t now = now_us();
    unsigned wait = limit_wait(&gate->strangers, visitor->address, now);
    if (!wait)
        wait = limit_wait(&gate->writes, writer_key(visitor), now);
    if (!wait)
        limit_take(&gate->writes, writer_key(visitor), now);
    return wait;
}

enum problem_kind gate_pass(struct gate *gate, h2o_req_t *req, struct request *request,
                            struct visitor *visitor)
{
    const enum action action = request->route.action;
    h2o_iovec_t scheme;
    request->secure = header_single(&req->headers, "x-forwarded-proto", &scheme) &&
                      h2o_memis(scheme.base, scheme.len, H2O_STRLIT("https"));
    visitor->address = address_of(gate, req);
    read_credential(gate, req, request, &visitor->credential);
    request->signed_in = visitor->credential.kind == CREDENTIAL_SESSION;
    if (is_forged(gate, req, request, &visitor->credential))
        return PROBLEM_FORGED;
    if (action == ACTION_SIGN_IN || action == ACTION_SIGN_OUT)
        return PROBLEM_NONE; /* needs no credential, and has a limit of its own */
    if (visitor->credential.kind == CREDENTIAL_NONE)
        return PROBLEM_UNAUTHORIZED;
    request->wait = wait_of(gate, visitor);
    return request->wait ? PROBLEM_LIMITED : PROBLEM_NONE;
}

void gate_unknown(struct gate *gate, const struct visitor *visitor)
{
    if (visitor->credential.kind != CREDENTIAL_OPEN)
        limit_take(&gate->strangers, visitor->address, now_us());
}
