/* SPDX-License-Identifier: MIT */
/* Terms that settings and model share: names, host names, balancing methods. */
#ifndef SWK_MODEL_TERMS_H
#define SWK_MODEL_TERMS_H

#include <stdbool.h>

#include "base/limits.h"

/* Letters, digits, `.`, `_`, `-`; the first a letter or digit; at most SWK_NAME_MAX bytes. */
bool swk_name_valid(const char *name);
/* The same without the rule for the first byte. */
bool swk_name_part_valid(const char *part);
/* `gray=a`: two valid parts; or "". */
bool swk_tag_valid(const char *tag);

/* Whether nginx takes a name for a host. Such an upstream captures traffic that the configuration
 * sends to that host; where a port follows, it breaks the configuration (`upstream "127.0.0.1" may
 * not have port 8080`). */
bool swk_name_is_host(const char *name);

/* A host name as in RFC 1123 (2.1): labels of letters, digits and `-`. The last label begins with a
 * letter, so that it is no address in inet_aton's notations. `unix` is invalid: with a port it is a
 * socket's path to nginx. */
bool swk_host_valid(const char *host);

enum swk_balance { SWK_ROUND_ROBIN, SWK_LEAST_CONN, SWK_IP_HASH, SWK_RANDOM_TWO, SWK_BALANCES };

/* As nginx's directives. Round robin has no directive in nginx. */
extern const char *const swk_balance_words[SWK_BALANCES + 1]; /* NULL at the end */

/* Whether nginx allows `backup` servers with this method (ngx_http_upstream_module). */
bool swk_balance_has_backups(enum swk_balance balance);

#endif
