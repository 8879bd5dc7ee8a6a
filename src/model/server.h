/* SPDX-License-Identifier: MIT */
/* A server of an upstream: its address, and how nginx is to use it. */
#ifndef SWK_MODEL_SERVER_H
#define SWK_MODEL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/terms.h"

/* Defaults that nginx gives a server line that doesn't say (ngx_http_upstream_module). */
#define SWK_NGINX_WEIGHT 1
#define SWK_NGINX_MAX_FAILS 1
#define SWK_NGINX_FAIL_TIMEOUT 10

struct swk_server {
	uint8_t ip[16]; /* network order; IPv4 in the first four */
	char *host;	/* a host's name in place of ip, or NULL; in an upstream, owned by it */
	bool v6;
	bool backup;
	bool down;
	uint16_t port;
	unsigned weight;
	unsigned max_conns;    /* 0: no limit */
	unsigned max_fails;    /* 0: never taken for failed */
	unsigned fail_timeout; /* seconds */
};

/* Room for an address as swk_server_address prints it: a host name, a colon, a port. */
#define SWK_ADDRESS_MAX 272

/*
 * Sets ip, v6 and port from an IPv4 or IPv6 literal (without brackets) and a port; a host that was
 * set is forgotten. False where the text is no literal, is the unspecified address, or the port is
 * not in 1…65535: then the server stays as it is.
 */
bool swk_server_set_address(struct swk_server *server, const char *literal, unsigned long port);

/* The same from `10.0.0.1:80` or `[::1]:80`. */
bool swk_server_parse_address(struct swk_server *server, const char *text, size_t length);

/* Sets a host's name, which is borrowed, and a port in place of an address. False, and nothing is
 * changed, where swk_host_valid doesn't take the name, or the port is not in 1…65535. */
bool swk_server_set_host(struct swk_server *server, char *host, unsigned long port);

/* The same from `backend.example:80`; the name, as it stands in `room`, is borrowed from there. */
bool swk_server_parse_host(struct swk_server *server, const char *text, size_t length,
			   char room[SWK_HOST_MAX + 1]);

/* As nginx writes it: `10.0.0.1:80`, `[::1]:80`, `backend.example:80`. Returns text. */
const char *swk_server_address(const struct swk_server *server, char text[SWK_ADDRESS_MAX]);

/* 127.0.0.0/8, ::1, and the former as IPv6 (::ffff:127.0.0.0/104). Of a host's name it is not
 * known, and so false. */
bool swk_server_is_loopback(const struct swk_server *server);

/* Orders by address: IPv4 first, then the bytes, then the port. Hosts stand behind all addresses,
 * by their names, in which case is nothing, then by port. */
int swk_server_compare(const struct swk_server *a, const struct swk_server *b);

/* Whether all but the address is the same. */
bool swk_server_same_attributes(const struct swk_server *a, const struct swk_server *b);

#endif
