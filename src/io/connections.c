/* SPDX-License-Identifier: MIT */
#include "io/connections.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* States of a socket, as the kernel's tcp_states.h numbers them. */
enum { ESTABLISHED = 1, SYN_RECEIVED = 3, LISTENING = 10 };

/* ---- the kernel's tables ---- */

/* An address as sockets of IPv6 have it. */
static void to_v6(uint8_t to[16], const uint8_t *from, bool v6)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (v6) {
		memcpy(to, from, 16);
	} else {
		memcpy(to, mapped, sizeof(mapped));
		memcpy(to + 12, from, 4);
	}
}

/* Reads `0100007F:A3B6`: words of four bytes, each printed as a number of this host, then the port.
 * Returns false if it is something else. */
static bool read_local(const char *text, uint8_t ip[16], uint16_t *port)
{
	const size_t digits = strcspn(text, ":");
	uint8_t raw[16];
	unsigned number;

	if ((digits != 8 && digits != 32) || sscanf(text + digits, ":%4x", &number) != 1)
		return false;
	*port = (uint16_t)number;
	for (size_t i = 0; i < digits / 8; i++) {
		uint32_t word;

		if (sscanf(text + 8 * i, "%8x", &number) != 1)
			return false;
		word = number;
		memcpy(raw + 4 * i, &word, sizeof(word));
	}
	to_v6(ip, raw, digits == 32);
	return true;
}

/* Whether a socket that listens there accepts connections to any address. */
static bool is_any(const uint8_t ip[16])
{
	static const uint8_t any[2][16] = {{0}, {[10] = 0xff, [11] = 0xff}};

	return !memcmp(ip, any[0], 16) || !memcmp(ip, any[1], 16);
}

static void take_line(struct swk_connections *connections, const char *line,
		      const struct swk_server *server)
{
	uint8_t ip[16], own[16];
	char local[64];
	uint16_t port;
	unsigned state;

	if (sscanf(line, " %*[0-9]: %63s %*s %2x", local, &state) != 2 ||
	    !read_local(local, ip, &port) || port != server->port)
		return;
	to_v6(own, server->ip, server->v6);
	if (state == LISTENING)
		connections->listening |= is_any(ip) || !memcmp(ip, own, 16);
	else if (state == ESTABLISHED || state == SYN_RECEIVED)
		connections->established += !memcmp(ip, own, 16);
}

int swk_connections_read(struct swk_connections *connections, const char *path,
			 const struct swk_server *server, struct swk_error *error)
{
	FILE *table = fopen(path, "re");
	char line[512];

	if (!table && errno == ENOENT)
		return 0;
	for (size_t i = 0; table && i < SWK_SOCKETS_MAX && fgets(line, sizeof(line), table); i++)
		take_line(connections, line, server);
	if (!table || ferror(table))
		(void)swk_error_set(error, SWK_UNAVAILABLE, "%s cannot be read: %s", path,
				    strerror(errno));
	if (table)
		(void)fclose(table);
	return error->status;
}

int swk_connections_count(struct swk_connections *connections, const struct swk_server *server,
			  struct swk_error *error)
{
	*connections = (struct swk_connections){0};
	if (swk_connections_read(connections, "/proc/net/tcp", server, error))
		return error->status;
	return swk_connections_read(connections, "/proc/net/tcp6", server, error);
}

/* ---- Docker ---- */

/* Whether words, each with a NUL, are those of `docker-proxy -proto tcp … -host-port PORT …`. */
static bool is_proxy(const char *words, size_t length, uint16_t port)
{
	static const char program[] = "docker-proxy", tcp[] = "-proto", at[] = "-host-port";
	const char *end = words + length, *word = words, *slash = strrchr(words, '/');
	bool is_tcp = false, is_port = false;

	if (strcmp(slash ? slash + 1 : words, program) != 0)
		return false;
	for (const char *last = ""; word < end; word += strlen(word) + 1) {
		is_tcp |= !strcmp(last, tcp) && !strcmp(word, "tcp");
		is_port |= !strcmp(last, at) && strtoul(word, NULL, 10) == port;
		last = word;
	}
	return is_tcp && is_port;
}

bool swk_port_is_forwarded(uint16_t port)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;
	bool forwarded = false;

	while (processes && !forwarded && (entry = readdir(processes))) {
		char path[64], words[1024] = "";
		size_t length = 0;
		FILE *file;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%.32s/cmdline", entry->d_name);
		file = fopen(path, "re");
		if (file) {
			length = fread(words, 1, sizeof(words) - 1, file);
			(void)fclose(file);
		}
		words[length] = '\0';
		forwarded = is_proxy(words, length, port);
	}
	if (processes)
		(void)closedir(processes);
	return forwarded;
}

/* ---- this host's addresses ---- */

static bool same_host(const struct sockaddr *a, const struct sockaddr *b, socklen_t length)
{
	char texts[2][NI_MAXHOST];

	return !getnameinfo(a, length, texts[0], NI_MAXHOST, NULL, 0, NI_NUMERICHOST) &&
	       !getnameinfo(b, length, texts[1], NI_MAXHOST, NULL, 0, NI_NUMERICHOST) &&
	       !strcmp(texts[0], texts[1]);
}

bool swk_address_is_here(const char *address)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
	struct sockaddr_storage from = {0};
	struct addrinfo *to = NULL;
	socklen_t length = sizeof(from);
	bool here = false;
	int descriptor;

	if (getaddrinfo(address, "9", &hints, &to))
		return false;
	descriptor = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (descriptor >= 0) {
		here = !connect(descriptor, to->ai_addr, to->ai_addrlen) &&
		       !getsockname(descriptor, (struct sockaddr *)&from, &length) &&
		       same_host(to->ai_addr, (struct sockaddr *)&from, to->ai_addrlen);
		(void)close(descriptor);
	}
	freeaddrinfo(to);
	return here;
}
