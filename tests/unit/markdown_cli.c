/*
 * gen/markdown.c for tests in other languages: frames in, frames out, until
 * the end of standard input. A frame is a length in decimal, a line feed and
 * that many bytes; one of notes gives one of HTML.
 */
#include "../../gen/markdown.h"

#include <stdio.h>
#include <stdlib.h>

enum { FRAME_MAX = 1 << 24 };

int main(void)
{
    struct buffer html;
    buffer_init(&html, FRAME_MAX);

    size_t len;
    int fields;
    while ((fields = scanf("%zu", &len)) == 1) {
        if (len > FRAME_MAX || getchar() != '\n')
            break;
        char *notes = malloc(len + 1);
        if (!notes || fread(notes, 1, len, stdin) != len) {
            free(notes);
            break;
        }
        notes[len] = '\0';
        buffer_clear(&html);
        markdown_html(&html, notes, len, NULL);
        free(notes);
        printf("%zu\n", html.len);
        fwrite(html.base, 1, html.len, stdout);
    }
    buffer_release(&html);
    if (fields != EOF) {
        fprintf(stderr, "markdown_cli: a frame is broken or too large\n");
        return 1;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
