/* SPDX-License-Identifier: MIT */
/* What the settings and the model both have words for: names, host names, balancing methods. */
#ifndef SWK_MODEL_TERMS_H
#define SWK_MODEL_TERMS_H

#include <stdbool.h>

#include "base/limits.h"

/* Letters, digits, `.`, `_`, `-`, starting with a letter or digit, at most SWK_NAME_MAX long. */
bool swk_name_valid(const char *name);
/* The same but for the start: what may follow in a name. */
bool swk_name_part_valid(const char *part);
/* `gray=a`: two such parts; or nothing. */
bool swk_tag_valid(const char *tag);

/* Whether a name is a host to nginx: an upstream of such a name takes over what its configuration
 * sends there or, where a port is with it, breaks it (`upstream "127.0.0.1" may not have port
 * 8080`). */
bool swk_name_is_host(const char *name);

/* A host name as RFC 1123 (2.1) has it: labels of letters, digits and `-`, the last beginning with
 * a letter, so that nobody takes it for an address in one of inet_aton's notations. `unix` is none:
 * with a port behind it, it is a socket's path to nginx. */
bool swk_host_valid(const char *host);

enum swk_balance { SWK_ROUND_ROBIN, SWK_LEAST_CONN, SWK_IP_HASH, SWK_RANDOM_TWO, SWK_BALANCES };

/* As nginx writes them, but for round robin, for which it has no directive. */
extern const char *const swk_balance_words[SWK_BALANCES + 1]; /* NULL at the end */

/* Whether nginx takes servers that are `backup` with it (ngx_http_upstream_module). */
bool swk_balance_has_backups(enum swk_balance balance);

#endif
