/* SPDX-License-Identifier: MIT */
/* Terms that settings and model share: names, host names, balancing methods. */
#ifndef SWK_MODEL_TERMS_H
#define SWK_MODEL_TERMS_H

#include <stdbool.h>

#include "base/limits.h"

/* The service and the check that `consul.d/swk-fleet.hcl` registers, both by name and by ID. */
#define SWK_FLEET_SERVICE "swk-apply"

/* A valid name of an upstream: letters, digits, `.`, `_`, `-`; the first is a letter or digit; at
 * most SWK_NAME_MAX bytes. */
bool swk_name_valid(const char *name);
/* The same without the rule for the first byte. */
bool swk_name_part_valid(const char *part);
/* Whether a service of this name is never published: Consul itself, or the fleet's own. */
bool swk_name_is_internal(const char *name);
/* A valid routing tag: two valid parts as in `gray=a`, or "". */
bool swk_tag_valid(const char *tag);

/*
 * Whether nginx takes the name for a host: an IPv4 address or `localhost`. An upstream of that name
 * would capture traffic that the configuration sends to the host. If the configuration names the
 * host with a port, nginx refuses the configuration (`upstream "127.0.0.1" may not have port
 * 8080`).
 */
bool swk_name_is_host(const char *name);

/*
 * A valid host name (RFC 1123, 2.1): labels of letters, digits and `-`. The last label must begin
 * with a letter, because inet_aton would take `10.1` for an address. `unix` is invalid, because
 * nginx takes `unix:80` for the path of a socket.
 */
bool swk_host_valid(const char *host);

enum swk_balance { SWK_ROUND_ROBIN, SWK_LEAST_CONN, SWK_IP_HASH, SWK_RANDOM_TWO, SWK_BALANCES };

/* nginx's directives, except for round robin, which has none. */
extern const char *const swk_balance_words[SWK_BALANCES + 1]; /* NULL at the end */

/* Whether nginx allows `backup` servers with this method (ngx_http_upstream_module). */
bool swk_balance_has_backups(enum swk_balance balance);

#endif
