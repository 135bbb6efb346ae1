/* web_server.h - the page on loopback: a table of files behind a gate.
 *
 * What may be asked for is read into a table once, at the start; a request
 * never becomes a path of the file system.  libsoup parses HTTP, but nothing
 * of a request reaches a handler before the gate has looked at it
 * (faults H).
 *
 * Owns: the table and the server.  Threads: the one that runs the main loop.
 */
#ifndef TARN_CMD_WEB_SERVER_H
#define TARN_CMD_WEB_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/types.h"

struct web_server;

/* Every regular file below `folder` whose ending is known, two folders deep.
 * All addresses begin with a secret that is new in each start. */
enum tarn_status web_server_create(const char *folder, struct web_server **out,
                                   struct tarn_error *err);
/* Loopback only, IPv4 and (where there is one) IPv6.  port 0: any that is
 * free. */
enum tarn_status web_server_listen(struct web_server *s, uint16_t port,
                                   struct tarn_error *err);
/* "http://127.0.0.1:8734/3f.../"; borrowed. */
const char *web_server_address(const struct web_server *s);
/* Until SIGINT or SIGTERM; the signal. */
int web_server_run(struct web_server *s);
void web_server_destroy(struct web_server *s); /* NULL allowed */

#endif
