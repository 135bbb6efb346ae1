/* web_gate.h - may this request be answered at all?  Pure, so that tests can
 * give it anything. */
#ifndef TARN_CMD_WEB_GATE_H
#define TARN_CMD_WEB_GATE_H

#include <stdint.h>

/* What the gate looks at; absent headers are NULL. */
struct web_request {
    const char *method;
    const char *host;        /* the Host header */
    unsigned n_host;         /* how many Host headers there were */
    const char *target_host; /* of the request line, or what libsoup made */
    int target_port;
    const char *fetch_site; /* Sec-Fetch-Site */
};

/* 0: yes; else the HTTP status of the refusal. */
unsigned web_gate(const struct web_request *q, uint16_t port);

#endif
