/* SPDX-License-Identifier: MIT */
/* A server of an upstream: its address and its attributes. */
#ifndef SWK_MODEL_SERVER_H
#define SWK_MODEL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/terms.h"

struct swk_server {
	uint8_t ip[16]; /* network byte order; IPv4 in the first four bytes */
	char *host;	/* host name instead of `ip`, or NULL; owned if in an upstream */
	bool v6;
	bool backup;
	bool down;
	uint8_t group; /* which of its upstream's colours it has, from 1; 0: not known. It is not
			* compared, and no proxy knows it */
	uint16_t port;
	unsigned weight;
	unsigned max_conns;    /* 0: no limit */
	unsigned max_fails;    /* 0: never considered failed */
	unsigned fail_timeout; /* seconds */
};

/* Room for swk_server_address: a host name, a colon, a port, a NUL. */
#define SWK_ADDRESS_MAX 272

/*
 * Sets `ip`, `v6` and `port` from an IPv4 or IPv6 address without brackets and a port; sets `host`
 * to NULL. Returns false, and changes nothing, if the text is not an address, the address is
 * unspecified (0.0.0.0 or ::), or the port is not in 1…65535.
 */
bool swk_server_set_address(struct swk_server *server, const char *literal, unsigned long port);

/* The same from `10.0.0.1:80` or `[::1]:80`. */
bool swk_server_parse_address(struct swk_server *server, const char *text, size_t length);

/* Sets a host name, which is borrowed, and a port. Returns false, and changes nothing, if
 * swk_host_valid rejects the name, or the port is not in 1…65535. */
bool swk_server_set_host(struct swk_server *server, char *host, unsigned long port);

/* The same from `backend.example:80`. Copies the name to `room`, and borrows it from there. */
bool swk_server_parse_host(struct swk_server *server, const char *text, size_t length,
			   char room[SWK_HOST_MAX + 1]);

/* Writes `10.0.0.1:80`, `[::1]:80` or `backend.example:80`, as nginx does. Returns `text`. */
const char *swk_server_address(const struct swk_server *server, char text[SWK_ADDRESS_MAX]);

/* Whether the address is in 127.0.0.0/8 or ::ffff:127.0.0.0/104, or is ::1. Always false for a host
 * name, whose address is not known. */
bool swk_server_is_loopback(const struct swk_server *server);

/* Orders by address: IPv4 before IPv6, then by bytes, then by port. Host names follow all
 * addresses, ordered by name without case, then by port. */
int swk_server_compare(const struct swk_server *a, const struct swk_server *b);

/* Whether everything except the address is equal. */
bool swk_server_same_attributes(const struct swk_server *a, const struct swk_server *b);

#endif
