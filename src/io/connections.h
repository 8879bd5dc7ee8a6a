/* SPDX-License-Identifier: MIT */
/* Reads the kernel's tables of TCP sockets: proc(5), /proc/net/tcp and tcp6. They are those of this
 * process's network namespace. */
#ifndef SWK_IO_CONNECTIONS_H
#define SWK_IO_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/server.h"

/* The sockets of one address and port, on this side of their connections. */
struct swk_connections {
	size_t established; /* also those that are about to be */
	bool listening;	    /* a socket accepts connections to the address, or to any */
};

/*
 * Adds what a table says about a server, which has no host name. An IPv4 address also counts where
 * an IPv6 socket has it, as ::ffff:10.0.0.1. A table that does not exist is empty: tcp6 is missing
 * without IPv6. Lines that it can't read are skipped. Memory does not grow with the table. Returns
 * 0, or SWK_UNAVAILABLE if reading fails.
 */
int swk_connections_read(struct swk_connections *connections, const char *path,
			 const struct swk_server *server, struct swk_error *error);

/* Replaces *connections by what both tables of the kernel say. */
int swk_connections_count(struct swk_connections *connections, const struct swk_server *server,
			  struct swk_error *error);

/*
 * Whether Docker's docker-proxy listens on a port (docs: moby, cmd/docker-proxy): then the kernel
 * forwards connections from elsewhere to a container, and neither that process nor the tables have
 * them. False if the kernel hides processes of other users (hidepid in proc(5)).
 */
bool swk_port_is_forwarded(uint16_t port);

/*
 * Whether an IPv4 or IPv6 address is this host's: then the kernel would also send from it. A
 * connected UDP socket shows that, and sends nothing. Unlike getifaddrs, this needs no netlink
 * socket, which the unit forbids.
 */
bool swk_address_is_here(const char *address);

#endif
