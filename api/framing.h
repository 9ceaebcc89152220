/*
 * Where a request ends must be beyond doubt, or what one program takes for a body is the next request to
 * another (request smuggling). Only Nginx talks to the API, and it sends heads of one plain form; libh2o 2.2
 * takes many more forms, and hides from its handlers what was doubtful. So the head is looked at again as it
 * came, and anything that Nginx would not send is refused. Pure.
 */
#ifndef WRIT_API_FRAMING_H
#define WRIT_API_FRAMING_H

#include <stddef.h>

enum framing {
    FRAMING_OK,
    FRAMING_NO_LENGTH, /* 411: a body in chunks, which Nginx never sends on */
    FRAMING_BAD,       /* 400 */
};

/* Looks at the head at the start of `bytes`, up to and with the empty line that ends it; what follows is not
 * touched. *why is a sentence (static) unless it is FRAMING_OK. After any other answer the connection must be
 * closed: nobody knows where the next request begins. */
enum framing framing_check(const char *bytes, size_t len, const char **why)
    __attribute__((warn_unused_result));

#endif
