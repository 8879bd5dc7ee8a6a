/* SPDX-License-Identifier: MIT */
#include "model/server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/number.h"

bool swk_server_set_address(struct swk_server *server, const char *literal, unsigned long port)
{
	/* Linux connects ::ffff:0.0.0.0 to 127.0.0.1, as it does 0.0.0.0. */
	static const uint8_t unspecified[16], mapped[16] = {[10] = 0xff, [11] = 0xff};
	uint8_t ip[16] = {0};
	bool v6 = false;

	if (port < 1 || port > 65535)
		return false;
	if (inet_pton(AF_INET, literal, ip) != 1) {
		v6 = true;
		if (inet_pton(AF_INET6, literal, ip) != 1)
			return false;
	}
	if (!memcmp(ip, unspecified, sizeof(ip)) || (v6 && !memcmp(ip, mapped, sizeof(ip))))
		return false;
	memcpy(server->ip, ip, sizeof(ip));
	server->v6 = v6;
	server->host = NULL;
	server->port = (uint16_t)port;
	return true;
}

/* Reads the port, of one to five digits, at the end of a text. Returns the colon before it, or
 * NULL. */
static const char *parse_port(const char *text, size_t length, unsigned *port)
{
	const char *end = text + length, *colon = memrchr(text, ':', length);

	if (!colon || end - colon > 6 ||
	    !swk_unsigned_read(colon + 1, (size_t)(end - colon) - 1, UINT16_MAX, port))
		return NULL;
	return colon;
}

/* Copies the bytes from `from` to before `to`. False if there are none, one is NUL, or they don't
 * fit. */
static bool copy_part(char *room, size_t size, const char *from, const char *to)
{
	if (to <= from || (size_t)(to - from) >= size || memchr(from, '\0', (size_t)(to - from)))
		return false;
	memcpy(room, from, (size_t)(to - from));
	room[to - from] = '\0';
	return true;
}

bool swk_server_parse_address(struct swk_server *server, const char *text, size_t length)
{
	char literal[INET6_ADDRSTRLEN];
	unsigned port;
	const char *colon = parse_port(text, length, &port), *start = text, *stop = colon;

	if (!colon)
		return false;
	if (*text == '[') {
		if (colon[-1] != ']')
			return false;
		start++;
		stop--;
	}
	if (!copy_part(literal, sizeof(literal), start, stop))
		return false;
	/* Only IPv6 literals have brackets. */
	if ((*text == '[') != (strchr(literal, ':') != NULL))
		return false;
	return swk_server_set_address(server, literal, port);
}

bool swk_server_set_host(struct swk_server *server, char *host, unsigned long port)
{
	if (port < 1 || port > 65535 || !swk_host_valid(host))
		return false;
	memset(server->ip, 0, sizeof(server->ip));
	server->v6 = false;
	server->host = host;
	server->port = (uint16_t)port;
	return true;
}

bool swk_server_parse_host(struct swk_server *server, const char *text, size_t length,
			   char room[SWK_HOST_MAX + 1])
{
	unsigned port;
	const char *colon = parse_port(text, length, &port);

	return colon && copy_part(room, SWK_HOST_MAX + 1, text, colon) &&
	       swk_server_set_host(server, room, port);
}

/* Without inet_ntop, which is slower, and a file has thousands of addresses. */
static const char *ipv4_address(const struct swk_server *server, char text[SWK_ADDRESS_MAX])
{
	char *at = text;

	for (size_t i = 0; i < 4; i++) {
		at = swk_number_put(at, server->ip[i]);
		*at++ = i < 3 ? '.' : ':';
	}
	*swk_number_put(at, server->port) = '\0';
	return text;
}

const char *swk_server_address(const struct swk_server *server, char text[SWK_ADDRESS_MAX])
{
	char literal[INET6_ADDRSTRLEN] = "";

	if (server->host) {
		(void)snprintf(text, SWK_ADDRESS_MAX, "%s:%u", server->host,
			       (unsigned)server->port);
		return text;
	}
	if (!server->v6)
		return ipv4_address(server, text);
	(void)inet_ntop(AF_INET6, server->ip, literal, sizeof(literal));
	(void)snprintf(text, SWK_ADDRESS_MAX, "[%s]:%u", literal, (unsigned)server->port);
	return text;
}

bool swk_server_is_loopback(const struct swk_server *server)
{
	static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
	static const uint8_t one[16] = {[15] = 1};

	if (server->host)
		return false;
	if (!server->v6)
		return server->ip[0] == 127;
	return !memcmp(server->ip, mapped, sizeof(mapped)) || !memcmp(server->ip, one, sizeof(one));
}

int swk_server_compare(const struct swk_server *a, const struct swk_server *b)
{
	int difference;

	if (!a->host != !b->host)
		return a->host ? 1 : -1;
	if (a->v6 != b->v6)
		return a->v6 ? 1 : -1;
	difference = a->host ? strcasecmp(a->host, b->host) : memcmp(a->ip, b->ip, sizeof(a->ip));
	if (difference)
		return difference;
	return (int)a->port - (int)b->port;
}

bool swk_server_same_attributes(const struct swk_server *a, const struct swk_server *b)
{
	return a->weight == b->weight && a->max_conns == b->max_conns &&
	       a->max_fails == b->max_fails && a->fail_timeout == b->fail_timeout &&
	       a->backup == b->backup && a->down == b->down;
}
