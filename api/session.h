/*
 * Who is writing. There is no sign-in in this version: a board that says
 * WRIT_OPEN=1 takes anyone for a member, and no other board starts.
 */
#ifndef WRIT_API_SESSION_H
#define WRIT_API_SESSION_H

#include <stdbool.h>

/* NULL if writes can be taken on a listener that only this machine reaches (`loopback`) or not;
 * otherwise why they cannot, a sentence. Reads the environment: call it at the start. */
const char *session_refusal(bool loopback);

/* The name under which a write stands in the history. Static. */
const char *session_actor(void);

#endif
