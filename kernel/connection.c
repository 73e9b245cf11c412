/* See connection.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/connection.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

static const char *const port_names[CHANNELS] = {
    [CHANNEL_SHELL] = "shell_port", [CHANNEL_CONTROL] = "control_port", [CHANNEL_STDIN] = "stdin_port",
    [CHANNEL_IOPUB] = "iopub_port", [CHANNEL_HB] = "hb_port",
};

static const char *
text (const json_t *document, const char *name)
{
    const char *s = json_string_value (json_object_get (document, name));
    return s && s[0] ? s : NULL;
}

static int
read_endpoints (struct connection *c, struct arena *a, struct error *err)
{
    const char *transport = text (c->document, "transport"), *ip = text (c->document, "ip");
    if (!transport)
        transport = "tcp";
    bool ipc = strcmp (transport, "ipc") == 0;
    if (!ipc && strcmp (transport, "tcp") != 0)
        return error_set (err, ERROR_USAGE, "its transport is “%s”; tcp and ipc are known", transport);
    if (!ip)
        return error_set (err, ERROR_USAGE, "it has no “ip”");
    for (int i = 0; i < CHANNELS; i++) {
        const json_t *value = json_object_get (c->document, port_names[i]);
        json_int_t port = json_integer_value (value);
        if (port < 1 || port > 65535)
            return error_set (err, ERROR_USAGE, "its “%s” is missing or no port", port_names[i]);
        c->endpoint[i] = arena_printf (a, "%s://%s%c%d", transport, ip, ipc ? '-' : ':', (int) port);
    }
    return 0;
}

static int
read_key (struct connection *c, struct error *err)
{
    const char *scheme = text (c->document, "signature_scheme");
    c->key = text (c->document, "key");
    if (!c->key)
        c->key = "";
    if (c->key[0] && scheme && strcmp (scheme, "hmac-sha256") != 0)
        return error_set (err, ERROR_USAGE, "its signature scheme is “%s”; hmac-sha256 is known", scheme);
    c->curve_public = text (c->document, "curve_publickey");
    c->curve_secret = text (c->document, "curve_secretkey");
    if (!c->curve_public != !c->curve_secret || (c->curve_public && strlen (c->curve_public) != 40)
        || (c->curve_secret && strlen (c->curve_secret) != 40))
        return error_set (err, ERROR_USAGE, "its CURVE keys are no pair of 40 characters each");
    return 0;
}

int
connection_read (struct connection *c, struct arena *a, const char *path, struct error *err)
{
    cleanup_free char *data = NULL;
    size_t len;
    json_error_t problem;
    struct connection read = { 0 };
    if (fs_read (path, &data, &len, err) < 0)
        return error_wrap (err, "the connection file");
    read.document = json_loadb (data, len, 0, &problem);
    int status;
    if (!json_is_object (read.document))
        status = error_set (err, ERROR_USAGE, "it isn't a JSON object (%s)", read.document ? "but JSON" : problem.text);
    else if ((status = read_endpoints (&read, a, err)) == 0)
        status = read_key (&read, err);
    if (status < 0) {
        connection_clear (&read);
        return error_wrap (err, "the connection file %s can't be used", path);
    }
    read.session = text (read.document, "jupyter_session");
    *c = read;
    return 0;
}

void
connection_clear (struct connection *c)
{
    json_decref (c->document);
    *c = (struct connection){ 0 };
}

const char *
connection_new_key (struct arena *a)
{
    unsigned long long noise[2] = { 0 };
    return getrandom (noise, sizeof noise, 0) == sizeof noise ? arena_printf (a, "%016llx%016llx", noise[0], noise[1])
                                                              : "";
}

void
connection_choose (struct connection *c, struct arena *a, const char *dir)
{
    *c = (struct connection){ .key = c->key };
    for (int i = 0; i < CHANNELS; i++)
        c->endpoint[i] = arena_printf (a, "ipc://%s/outer-%d", dir, i + 1);
}

static int
write_private (const char *path, const json_t *document, struct error *err)
{
    cleanup_free char *data = json_dumps (document, JSON_INDENT (1));
    cleanup_fd int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write (fd, data, strlen (data)) != (ssize_t) strlen (data))
        return error_errno (err, "%s", path);
    return 0;
}

/* A port that nobody has, as Jupyter finds one itself: it is free from when all are found until the kernel takes it. */
static int
free_port (int *fd)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    *fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || bind (*fd, (struct sockaddr *) &address, size) < 0
        || getsockname (*fd, (struct sockaddr *) &address, &size) < 0)
        return -1;
    return ntohs (address.sin_port);
}

static int
choose_ports (json_t *document, struct error *err)
{
    int fds[CHANNELS], n = 0, port = 0;
    for (; n < CHANNELS && port >= 0; n++)
        if ((port = free_port (&fds[n])) >= 0)
            json_object_set_new (document, port_names[n], json_integer (port));
    if (port < 0)
        error_errno (err, "there is no free port on 127.0.0.1");
    while (n-- > 0)
        if (fds[n] >= 0)
            close (fds[n]);
    return port < 0 ? -1 : 0;
}

int
connection_write_inner (struct connection *inner, struct arena *a, const struct connection *outer, const char *dir,
                        bool tcp, const char **path, struct error *err)
{
    struct connection made = { .key = outer->key, .session = outer->session };
    made.document = json_pack ("{s:s, s:s, s:s, s:s}", "transport", tcp ? "tcp" : "ipc", "signature_scheme",
                               "hmac-sha256",
                               "key", outer->key, "ip", tcp ? "127.0.0.1" : arena_printf (a, "%s/inner", dir));
    for (int i = 0; i < CHANNELS && !tcp; i++)
        json_object_set_new (made.document, port_names[i], json_integer (i + 1));
    static const char *const same[] = { "kernel_name", "jupyter_session" };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (json_object_get (outer->document, same[i]))
            json_object_set (made.document, same[i], json_object_get (outer->document, same[i]));
    char *file = arena_printf (a, "%s/connection.json", dir);
    if ((tcp && choose_ports (made.document, err) < 0) || read_endpoints (&made, a, err) < 0
        || write_private (file, made.document, err) < 0) {
        connection_clear (&made);
        return -1;
    }
    *inner = made;
    *path = file;
    return 0;
}
