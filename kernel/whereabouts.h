/* Where a file lies that people rename and move: a descriptor of it goes along, and Linux tells its path. A file that
 * was replaced by another of its name is that one; one in the trash is gone.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_WHEREABOUTS_H
#define CHARD_KERNEL_WHEREABOUTS_H

/* Zero-initialised is of no file. */
struct whereabouts {
    char *path; /* as it was last known, or NULL */
    int fd;     /* of what lay there, 0 if nothing did */
};

/* From now on of what lies at `path`, or of nothing (NULL). */
void whereabouts_set (struct whereabouts *w, const char *path);

/* The path, where the file lies now if it was moved; as it was if it is gone. Good until the next call. */
const char *whereabouts_get (struct whereabouts *w);

#endif
