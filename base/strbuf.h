/* A growing byte string, always NUL-terminated; owns its memory. Zero-initialised is empty.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_STRBUF_H
#define CHARD_BASE_STRBUF_H

#include <stddef.h>

struct strbuf {
    char *data; /* NULL while nothing was ever added; strbuf_str is never NULL */
    size_t len, cap;
};

/* Gives up the memory, and is empty; strbuf_clear keeps it for what is added next. */
void strbuf_free (struct strbuf *b);
void strbuf_clear (struct strbuf *b);

/* Makes room for `extra` more bytes and the NUL; they may be written behind data + len. */
void strbuf_reserve (struct strbuf *b, size_t extra);

/* Add bytes (NULs too), text, one character, formatted text. */
void strbuf_add (struct strbuf *b, const char *data, size_t len);
void strbuf_adds (struct strbuf *b, const char *s);
void strbuf_addc (struct strbuf *b, char c);
void strbuf_addf (struct strbuf *b, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Adds the character of code point `c` (up to 0x10ffff) as UTF-8. */
void strbuf_add_utf8 (struct strbuf *b, unsigned c);

/* Adds `s` with &, <, >, " and ' as entities, fit for HTML and SVG text and attributes. */
void strbuf_add_html (struct strbuf *b, const char *s);

/* The text, borrowed until the next change. */
const char *strbuf_str (const struct strbuf *b);

/* The text, now the caller's to free; the buffer is empty afterwards. */
char *strbuf_take (struct strbuf *b);

#define cleanup_strbuf __attribute__ ((cleanup (strbuf_free)))

#endif
