/* web_gate.c - see web_gate.h. */
#include "cmd/web_gate.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Exactly one of the three names of loopback with our port: a name that an
 * attacker's DNS points here (H01) is none of them. */
static bool is_our_host(const char *host, uint16_t port)
{
    static const char *const NAMES[] = { "127.0.0.1", "[::1]", "localhost" };
    char want[32];
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        snprintf(want, sizeof want, "%s:%u", NAMES[i], (unsigned)port);
        if (!strcmp(host, want))
            return true;
    }
    return false;
}

static bool is_our_target(const char *host, int target_port, uint16_t port)
{
    return target_port == port &&
           (!strcmp(host, "127.0.0.1") || !strcmp(host, "::1") ||
            !strcmp(host, "localhost"));
}

unsigned web_gate(const struct web_request *q, uint16_t port)
{
    if (q->n_host != 1 || !q->host || !is_our_host(q->host, port))
        return 403; /* H01, H02 */
    if (!q->target_host ||
        !is_our_target(q->target_host, q->target_port, port))
        return 403; /* H03 */
    if (q->fetch_site && strcmp(q->fetch_site, "none") &&
        strcmp(q->fetch_site, "same-origin"))
        return 403; /* H08 */
    if (!q->method || (strcmp(q->method, "GET") && strcmp(q->method, "HEAD")))
        return 405;
    return 0;
}
