/* SPDX-License-Identifier: MIT */
#include "consul/access.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/deadline.h"
#include "base/number.h"
#include "io/url.h"

/* ---- the environment ---- */

/* The variable's value, or NULL if it is unset or empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Accepts the words of Go's strconv.ParseBool, which Consul's tools use, in any case. */
static int read_flag(const char *name, bool unset, bool *flag, struct swk_error *error)
{
	static const char *const words[] = {"0", "1", "f", "t", "false", "true"};
	const char *value = variable(name);

	*flag = unset;
	if (!value)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcasecmp(value, words[i])) {
			*flag = i % 2;
			return 0;
		}
	}
	return swk_error_set(error, SWK_USAGE, "%s: '%s' is neither true nor false", name, value);
}

/* A value from the environment or, if that has none, from the settings. */
struct chosen {
	const char *value; /* NULL: neither has one */
	const char *where; /* the variable or setting, for messages */
	int status;	   /* for an error in the value */
};

static struct chosen choose(const char *name, const char *key, const char *setting)
{
	const char *value = variable(name);

	if (value)
		return (struct chosen){value, name, SWK_USAGE};
	return (struct chosen){setting && *setting ? setting : NULL, key, SWK_CONFIG};
}

/* Builds and checks a base URL, for the caller to free. NULL with the error set; its text names the
 * variable or setting. */
static char *base_of(const char *scheme, const char *host, const char *path,
		     const struct chosen *chosen, struct swk_error *error)
{
	struct swk_error cause = {0};
	char *url, *base;

	if (asprintf(&url, "%s://%s%s", scheme, host, path) < 0) {
		(void)swk_error_memory(error);
		return NULL;
	}
	base = swk_url_base(url, &cause);
	free(url);
	if (!base)
		(void)swk_error_set(error,
				    cause.status == SWK_USAGE ? chosen->status : cause.status,
				    "%s: %s", chosen->where, cause.text);
	return base;
}

static int read_socket(struct swk_consul *consul, const struct chosen *address,
		       struct swk_error *error)
{
	const char *path = address->value + strlen("unix://");

	if (!*path)
		return swk_error_set(error, address->status, "%s: unix:// needs a path",
				     address->where);
	consul->unix_socket = strdup(path);
	consul->base = strdup("http://localhost");
	return consul->unix_socket && consul->base ? 0 : swk_error_memory(error);
}

/* The URL gets the name that the server's certificate must have; the connection goes to `host`,
 * which a path may follow. */
static int read_server_name(struct swk_consul *consul, const struct swk_consul_settings *settings,
			    const char *host, struct swk_error *error)
{
	const struct chosen name =
		choose("CONSUL_TLS_SERVER_NAME", "consul.server_name", settings->server_name);
	const char *path = strchr(host, '/');

	if (!name.value)
		return 0;
	free(consul->base);
	consul->base = base_of("https", name.value, path ? path : "", &name, error);
	consul->connect_to = strndup(host, path ? (size_t)(path - host) : strlen(host));
	return consul->connect_to ? error->status : swk_error_memory(error);
}

/* Sets base, unix_socket and connect_to from the address. */
static int read_address(struct swk_consul *consul, const struct swk_consul_settings *settings,
			struct swk_error *error)
{
	struct chosen address = choose("CONSUL_HTTP_ADDR", "consul.address", settings->address);
	const char *host;
	bool tls;
	int status = read_flag("CONSUL_HTTP_SSL", false, &tls, error);

	if (status)
		return status;
	if (settings->agent)
		address = (struct chosen){settings->agent, "--agent", SWK_USAGE};
	if (!address.value)
		address.value = "127.0.0.1:8500";
	if (!strncmp(address.value, "unix://", 7))
		return read_socket(consul, &address, error);
	host = strstr(address.value, "://");
	if (!host)
		host = address.value;
	else if (!strncmp(address.value, "https://", 8))
		tls = true;
	else if (strncmp(address.value, "http://", 7) != 0)
		/* Without the address, which may contain a password. */
		return swk_error_set(error, address.status,
				     "%s: swk-apply does not know its scheme: use http, https or "
				     "unix",
				     address.where);
	if (host != address.value)
		host += strlen("://");
	consul->base = base_of(tls ? "https" : "http", host, "", &address, error);
	if (!consul->base || !tls)
		return error->status;
	return read_server_name(consul, settings, host, error);
}

static int read_peer(struct swk_consul *consul, const struct swk_consul_settings *settings,
		     struct swk_error *error)
{
	bool verify;
	int status = read_flag("CONSUL_HTTP_SSL_VERIFY", true, &verify, error);

	consul->peer = (struct swk_http_peer){
		.unix_socket = consul->unix_socket,
		.connect_to = consul->connect_to,
		.ca_file = choose("CONSUL_CACERT", "consul.ca_file", settings->ca_file).value,
		.ca_path = choose("CONSUL_CAPATH", "consul.ca_path", settings->ca_path).value,
		.client_cert =
			choose("CONSUL_CLIENT_CERT", "consul.cert_file", settings->cert_file).value,
		.client_key =
			choose("CONSUL_CLIENT_KEY", "consul.key_file", settings->key_file).value,
		.user = variable("CONSUL_HTTP_AUTH"),
		.insecure = !verify,
	};
	return status;
}

/* ---- the token ---- */

/* Reads a token from a file or a pipe into `text`. Returns the part between white space, or NULL
 * with the error set. The caller checks its characters. */
static const char *read_token_file(const char *path, struct swk_buffer *text,
				   struct swk_error *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *token;

	if (descriptor < 0)
		(void)swk_error_set(error, SWK_USAGE, "the token cannot be read: %s",
				    strerror(errno));
	else if (!swk_buffer_add(text, "", 0, error))
		(void)swk_buffer_read(text, descriptor, swk_now_ms() + SWK_PIPE_MS, "the token",
				      SWK_USAGE, error);
	if (descriptor >= 0)
		(void)close(descriptor);
	if (!error->status && memchr(text->data, '\0', text->length))
		(void)swk_error_set(error, SWK_USAGE, "the token contains a NUL byte");
	if (error->status)
		return NULL;
	while (text->length && isspace((unsigned char)text->data[text->length - 1]))
		text->data[--text->length] = '\0';
	token = text->data;
	while (isspace((unsigned char)*token))
		token++;
	return token;
}

/* Where the token comes from. *is_file: the value is a path. `where` is "" if the path alone is
 * enough for a message. */
static struct chosen find_token(const struct swk_consul_settings *settings, const char *argument,
				bool *is_file)
{
	const char *token = variable("CONSUL_HTTP_TOKEN");
	struct chosen file =
		choose("CONSUL_HTTP_TOKEN_FILE", "consul.token_file", settings->token_file);

	*is_file = true;
	if (argument)
		return (struct chosen){argument, "", SWK_USAGE};
	if (file.status == SWK_USAGE || !token)
		return file;
	*is_file = false;
	return (struct chosen){token, "CONSUL_HTTP_TOKEN", SWK_USAGE};
}

/* Consul's tokens are UUIDs: 36 digits and dashes. */
static bool is_token(const char *path)
{
	return strlen(path) == 36 && strspn(path, "0123456789abcdefABCDEF-") == 36;
}

static int read_token(struct swk_consul *consul, const struct swk_consul_settings *settings,
		      const char *argument, struct swk_error *error)
{
	bool is_file;
	const struct chosen chosen = find_token(settings, argument, &is_file);
	struct swk_error cause = {0};
	const char *token = chosen.value;
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_TOKEN_MAX);
	if (token && is_file && is_token(token))
		return swk_error_set(error, chosen.status,
				     "%s: this is a token, and not the path of a file that has one",
				     *chosen.where ? chosen.where : "the token file");
	if (token && is_file)
		token = read_token_file(chosen.value, &text, &cause);
	for (const char *at = token; at && *at; at++) {
		/* A line break would also end the header that contains the token. */
		if (*at <= ' ' || *at > '~')
			(void)swk_error_set(&cause, SWK_USAGE,
					    "the token contains a blank, or a character that is "
					    "not printable ASCII");
	}
	if (cause.status) {
		(void)swk_error_set(error, cause.status == SWK_USAGE ? chosen.status : cause.status,
				    "%s%s%s: %s", chosen.where,
				    is_file && *chosen.where ? ": " : "",
				    is_file ? chosen.value : "", cause.text);
	} else if (token && *token && asprintf(&consul->header, "X-Consul-Token: %s", token) < 0) {
		consul->header = NULL;
		(void)swk_error_memory(error);
	}
	swk_buffer_free(&text);
	return error->status;
}

/* ---- parameters ---- */

static int read_query(struct swk_consul *consul, const struct swk_consul_settings *settings,
		      struct swk_error *error)
{
	const struct chosen namespace =
		choose("CONSUL_NAMESPACE", "consul.namespace", settings->namespace);
	const struct chosen partition =
		choose("CONSUL_PARTITION", "consul.partition", settings->partition);
	struct swk_buffer query;
	bool failed;

	swk_buffer_init(&query, SIZE_MAX / 2);
	failed = swk_buffer_add(&query, "", 0, error) ||
		 swk_url_add_parameter(&query, "ns", namespace.value, error) ||
		 swk_url_add_parameter(&query, "partition", partition.value, error);
	consul->agent = query.length;
	failed = failed || swk_url_add_parameter(&query, "dc", settings->datacenter, error);
	consul->strict = query.length;
	failed = failed || swk_url_add_flag(&query, "stale", settings->stale, error);
	consul->uncached = query.length;
	failed = failed || swk_url_add_flag(&query, "cached", settings->cached, error);
	consul->query = query.data;
	return failed ? error->status : 0;
}

int swk_consul_init(struct swk_consul *consul, const struct swk_consul_settings *settings,
		    const char *token_file, struct swk_error *error)
{
	struct swk_error cause;

	*consul = (struct swk_consul){0};
	if (!read_address(consul, settings, error) && !read_peer(consul, settings, error) &&
	    !read_token(consul, settings, token_file, error) &&
	    !read_query(consul, settings, error))
		return 0;
	swk_consul_free(consul);
	if (error->status != SWK_CONFIG || !settings->where)
		return error->status;
	cause = *error;
	*error = (struct swk_error){0};
	return swk_error_set(error, cause.status, "%s: %s", settings->where, cause.text);
}

void swk_consul_free(struct swk_consul *consul)
{
	free(consul->base);
	free(consul->query);
	free(consul->header);
	free(consul->unix_socket);
	free(consul->connect_to);
	*consul = (struct swk_consul){0};
}

int swk_consul_event_index(uint64_t *index, struct swk_error *error)
{
	const char *value = variable("CONSUL_INDEX");

	*index = 0;
	if (value && !swk_number_read(value, strlen(value), UINT64_MAX, index))
		return swk_error_set(error, SWK_USAGE, "CONSUL_INDEX: '%s' is not an index", value);
	return 0;
}

/* ---- secrets ---- */

/* Replaces a secret in a text, or its beginning where the text is cut off. */
static void hide(char *text, const char *secret)
{
	for (; *text; text++) {
		size_t same = 0;

		while (secret[same] &&
		       tolower((unsigned char)secret[same]) == tolower((unsigned char)text[same]))
			same++;
		if (same && (!secret[same] || (!text[same] && same > 3)))
			memset(text, '*', same);
	}
}

/* A server's error text may repeat the token, the password, or the header that has the password in
 * base64. */
void swk_consul_hide_secrets(const struct swk_consul *consul, char *text)
{
	const char *password = consul->peer.user ? strchr(consul->peer.user, ':') : NULL;
	char *basic = text, escaped[SWK_TEXT_MAX];

	if (consul->header)
		hide(text, strchr(consul->header, ' ') + 1);
	if (!consul->peer.user)
		return;
	swk_text_escape(escaped, sizeof(escaped), password ? password + 1 : "");
	hide(text, escaped);
	while ((basic = strcasestr(basic, "Basic ")) != NULL) {
		basic += strlen("Basic ");
		memset(basic, '*', strcspn(basic, " "));
	}
}
