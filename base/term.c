/* See term.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool
term_wants_color (FILE *f, const char *when)
{
    if (when && strcmp (when, "auto") != 0)
        return strcmp (when, "always") == 0;
    const char *none = getenv ("NO_COLOR"), *term = getenv ("TERM");
    return !(none && *none) && term && strcmp (term, "dumb") != 0 && isatty (fileno (f));
}

int
term_width (FILE *f)
{
    struct winsize size;
    const char *columns = getenv ("COLUMNS");
    int width = 100;
    if (ioctl (fileno (f), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    else if (columns && atoi (columns) > 0)
        width = atoi (columns);
    return width < 40 ? 40 : width > 1000 ? 1000 : width;
}
