/* See session.h. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

const char *session_refusal(bool loopback)
{
    const char *open = getenv("WRIT_OPEN");
    if (!open || strcmp(open, "1") != 0)
        return "sign-in is not available in this version, so nobody could write: set WRIT_OPEN=1 to let "
               "everyone, with WRIT_LISTEN on loopback";
    if (!loopback)
        return "WRIT_OPEN=1 lets everyone write, so WRIT_LISTEN must be a Unix socket or an address on "
               "loopback, such as 127.0.0.1:8081";
    return NULL;
}

const char *session_actor(void)
{
    return "anyone";
}
