/* SPDX-License-Identifier: MIT */
/*
 * Requests of a fleet and acknowledgements as JSON in Consul's key-value store. A request is a key
 * `swk/requests/ID`:
 *
 *     {"by": "root@deploy1", "since": 1764467000, "all": false,
 *      "services": [{"name": "web", "live": 3}, {"name": "web", "without": "10.0.0.1:80"}]}
 *
 * An acknowledgement is a key `swk/acks/NODE/ID`, with NODE percent-encoded:
 *
 *     {"state": "pending", "reason": "…", "time": 1764467002, "pending": 1, "on_hold": false,
 *      "unpublished": [], "version": "0.1.0"}
 *
 * Both are untrusted: all text is escaped when it is read, and a host answers a request that it
 * can't read, or not wholly, as invalid.
 */
#ifndef SWK_CONSUL_REQUESTS_H
#define SWK_CONSUL_REQUESTS_H

#include "base/buffer.h"
#include "model/registration.h"
#include "model/request.h"

/* Both append the JSON, and escape its texts. Return 0 or SWK_INTERNAL. */
int swk_request_encode(struct swk_buffer *out, const struct swk_request *request,
		       struct swk_error *error);
int swk_ack_encode(struct swk_buffer *out, const struct swk_ack *ack, struct swk_error *error);

/* The keys, for the caller to free. NULL without memory. */
char *swk_request_key(const char *id);
char *swk_ack_key(const char *node, const char *id);

/*
 * Both read a key with its value. *fits is false if the key has another form; then nothing else is
 * set. They return 0 or SWK_INTERNAL. A request that can't be read has a trouble, and no services;
 * the caller frees it. The state of an acknowledgement that can't be read is SWK_ACK_PENDING.
 */
int swk_request_decode(const struct swk_value *value, struct swk_request *request, bool *fits,
		       struct swk_error *error);
int swk_ack_decode(const struct swk_value *value, struct swk_ack *ack, bool *fits,
		   struct swk_error *error);

#endif
