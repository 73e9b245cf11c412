/* Runs a program and tells what it took, the program's own start included and this one's excluded:
 *     taken FILE PROGRAM [ARGUMENT…]      FILE then holds "seconds user system peak", peak in KiB
 * peak is that of the largest process, of all that were waited for. It can't be had from Python: a process that Python
 * starts is counted with Python's own memory. The exit status is the program's, 128 + N if signal N ended it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static double
seconds (struct timeval t)
{
    return (double) t.tv_sec + (double) t.tv_usec / 1e6;
}

int
main (int argc, char **argv)
{
    if (argc < 3)
        return 125;
    double began = now ();
    pid_t pid = fork ();
    if (pid == 0) {
        execvp (argv[2], argv + 2);
        perror (argv[2]);
        _exit (127);
    }
    int status;
    struct rusage usage;
    if (pid < 0 || wait4 (pid, &status, 0, &usage) < 0)
        return 125;
    double took = now () - began;
    FILE *f = fopen (argv[1], "we");
    if (!f)
        return 125;
    fprintf (f, "%.6f %.6f %.6f %ld\n", took, seconds (usage.ru_utime), seconds (usage.ru_stime), usage.ru_maxrss);
    fclose (f);
    return WIFSIGNALED (status) ? 128 + WTERMSIG (status) : WEXITSTATUS (status);
}
