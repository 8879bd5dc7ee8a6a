/* SPDX-License-Identifier: MIT */
#include "io/url.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "io/libcurl.h"

char *swk_url_segment(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	const struct swk_libcurl *curl;
	struct swk_error ignored = {0};
	char *escaped, *copy;

	/* A dot needs no escape, but `.` and `..` have a meaning of their own in a path. */
	if (!strcmp(text, "."))
		return strdup("%2E");
	if (!strcmp(text, ".."))
		return strdup("%2E%2E");
	if (text[strspn(text, plain)] == '\0')
		return strdup(text);
	curl = swk_libcurl(&ignored);
	if (!curl)
		return NULL;
	escaped = curl->easy_escape(NULL, text, 0);
	copy = escaped ? strdup(escaped) : NULL;
	curl->free(escaped);
	return copy;
}

const char *swk_url_show(char text[SWK_URL_SHOWN], const char *url)
{
	static const char end[] = "...";

	if (snprintf(text, SWK_URL_SHOWN, "%s", url) >= SWK_URL_SHOWN)
		memcpy(text + SWK_URL_SHOWN - sizeof(end), end, sizeof(end));
	return text;
}

/*
 * The port of a URL that needs no libcurl: http, an IPv4 literal or a lower-case name, and a port,
 * in normal form. 0 for any other URL.
 */
static uint16_t plain_port(const char *url)
{
	static const char scheme[] = "http://";
	const char *host = url + strlen(scheme), *port;
	char *end;
	char text[SWK_HOST_MAX + 1];
	struct in_addr address;
	size_t length;
	unsigned long number;

	if (strncmp(url, scheme, strlen(scheme)) != 0)
		return 0;
	length = strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-");
	port = host + length + 1;
	if (length >= sizeof(text) || host[length] != ':' || *port < '1' || *port > '9')
		return 0;
	(void)snprintf(text, sizeof(text), "%.*s", (int)length, host);
	if (!(*text >= 'a' && *text <= 'z') && inet_pton(AF_INET, text, &address) != 1)
		return 0;
	number = strtoul(port, &end, 10);
	return *end || number > UINT16_MAX ? 0 : (uint16_t)number;
}

static const char unwanted_part[] = "the URL must not have a user, a query or a fragment";

/* Why this URL is not allowed, or NULL. libcurl frees *text, which is the URL. */
static const char *judge_url(const struct swk_libcurl *curl, CURLU *parts, const char *url,
			     char **text, CURLUcode *code)
{
	static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_QUERY, CURLUPART_FRAGMENT};
	char *scheme = NULL;
	bool supported;

	*code = curl->url_set(parts, CURLUPART_URL, url, 0);
	if (!*code)
		*code = curl->url_get(parts, CURLUPART_SCHEME, &scheme, 0);
	if (*code)
		return "it is not a URL such as http://127.0.0.1:18882";
	supported = !strcmp(scheme, "http") || !strcmp(scheme, "https");
	curl->free(scheme);
	if (!supported)
		return "the URL must begin with http:// or https://";
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(*unwanted); i++) {
		if (!curl->url_get(parts, unwanted[i], text, 0))
			return unwanted_part;
	}
	*code = curl->url_get(parts, CURLUPART_URL, text, 0);
	return *code ? "the URL is malformed" : NULL;
}

static char *base_by_libcurl(const char *url, struct swk_error *error)
{
	const struct swk_libcurl *curl = swk_libcurl(error);
	CURLU *parts = curl ? curl->url() : NULL;
	CURLUcode code = CURLUE_OUT_OF_MEMORY;
	char *text = NULL, *base = NULL;
	const char *reason = parts ? judge_url(curl, parts, url, &text, &code) : "";
	size_t length;

	if (!curl)
		return NULL;
	/* With a wrong scheme, such as `http:/`, what looks like a user is in the path. */
	if (!reason && strpbrk(url, "@?#"))
		reason = unwanted_part;
	if (!reason)
		base = strdup(text);
	if (code == CURLUE_OUT_OF_MEMORY || (!reason && !base))
		(void)swk_error_memory(error);
	else if (reason && (!swk_text_is_public(url) || strpbrk(url, "?#=")))
		(void)swk_error_set(error, SWK_USAGE, "%s", reason);
	else if (reason)
		(void)swk_error_set(error, SWK_USAGE, "'%s': %s", url, reason);
	length = base ? strlen(base) : 0;
	while (length && base[length - 1] == '/')
		base[--length] = '\0';
	curl->free(text);
	curl->url_cleanup(parts);
	return base;
}

const char *swk_url_socket(const char *base)
{
	static const char scheme[] = "unix:";

	return strncmp(base, scheme, strlen(scheme)) ? NULL : base + strlen(scheme);
}

/* `unix:PATH`, also written `unix:///PATH`. */
static char *base_of_socket(const char *url, const char *path, struct swk_error *error)
{
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);
	char *base;

	while (path[0] == '/' && path[1] == '/')
		path++;
	if (*path != '/' || strlen(path) >= room) {
		(void)swk_error_set(error, SWK_USAGE,
				    "'%s': 'unix:' needs the absolute path of a socket, of at "
				    "most %zu bytes",
				    url, room - 1);
		return NULL;
	}
	if (asprintf(&base, "unix:%s", path) >= 0)
		return base;
	(void)swk_error_memory(error);
	return NULL;
}

/* Whether it fits in one line. */
static bool is_line(const char *url)
{
	const char *at = url;

	while ((unsigned char)*at >= ' ' && *at != '\x7f')
		at++;
	return !*at && at - url <= SWK_URL_MAX;
}

char *swk_url_base(const char *url, struct swk_error *error)
{
	const char *path = swk_url_socket(url);
	char *base;

	if (!is_line(url)) {
		(void)swk_error_set(
			error, SWK_USAGE,
			"the URL must not have more than %d bytes, or control characters",
			SWK_URL_MAX);
		return NULL;
	}
	if (path)
		return base_of_socket(url, path, error);
	if (!plain_port(url))
		return base_by_libcurl(url, error);
	base = strdup(url);
	if (!base)
		(void)swk_error_memory(error);
	return base;
}

uint16_t swk_url_port(const char *base)
{
	struct swk_error ignored = {0};
	unsigned long port = plain_port(base);
	const struct swk_libcurl *curl =
		port || swk_url_socket(base) ? NULL : swk_libcurl(&ignored);
	CURLU *parts = curl ? curl->url() : NULL;
	char *text = NULL;

	if (parts && !curl->url_set(parts, CURLUPART_URL, base, 0) &&
	    !curl->url_get(parts, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT))
		port = strtoul(text, NULL, 10);
	if (curl) {
		curl->free(text);
		curl->url_cleanup(parts);
	}
	return (uint16_t)port;
}

int swk_url_add_parameter(struct swk_buffer *query, const char *name, const char *value,
			  struct swk_error *error)
{
	char *encoded;
	int status;

	if (!value || !*value)
		return 0;
	encoded = swk_url_segment(value);
	status = encoded ? swk_buffer_print(query, error, "%c%s=%s", query->length ? '&' : '?',
					    name, encoded)
			 : swk_error_memory(error);
	free(encoded);
	return status;
}

int swk_url_add_flag(struct swk_buffer *query, const char *name, bool set, struct swk_error *error)
{
	return set ? swk_buffer_print(query, error, "%c%s", query->length ? '&' : '?', name) : 0;
}
