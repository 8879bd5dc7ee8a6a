/* SPDX-License-Identifier: MIT */
/*
 * HAProxy 2.6 or later. Servers change through its runtime API. A new process knows only its files,
 * so a file of the target's own has the backends, and a run writes it first. For what the API can't
 * do, the run reloads HAProxy with this file. The live state is what the API shows; what it doesn't
 * show comes from what was confirmed (confirmed.h). A server that leaves gets no new requests. When
 * it is free, the next run that changes its upstream, or a full run, deletes it.
 */
#ifndef SWK_TARGET_HAPROXY_HAPROXY_H
#define SWK_TARGET_HAPROXY_HAPROXY_H

#include "target/own_file.h"

extern const struct swk_target_kind swk_target_haproxy;

struct swk_haproxy_settings {
	struct swk_own_file_settings own;
	char *socket;	     /* of the runtime API (socket.h) */
	char *master_socket; /* of HAProxy's master, which reloads; NULL: `reload` does */
	struct swk_texts server_options;  /* words of each server line */
	struct swk_texts backend_options; /* lines of each backend */
};

extern const struct swk_target_keys swk_haproxy_keys;

#endif
