/* SPDX-License-Identifier: MIT */
#include "haproxy/conf.h"

#include <string.h>

#include "base/number.h"

/* A dynamic algorithm each, or one that `add server` accepts. */
static const char *const balance_lines[SWK_BALANCES] = {
	[SWK_ROUND_ROBIN] = "    balance roundrobin\n",
	[SWK_LEAST_CONN] = "    balance leastconn\n",
	[SWK_IP_HASH] = "    balance source\n    hash-type consistent\n",
	[SWK_RANDOM_TWO] = "    balance random\n",
};

const char *swk_haproxy_fit(struct swk_upstream *upstream)
{
	return swk_upstream_scale(upstream, SWK_HAPROXY_WEIGHT_MAX)
		       ? "its weights are scaled down, because HAProxy's largest is 256"
		       : NULL;
}

const char *swk_haproxy_server_name(const struct swk_server *server, char text[SWK_ADDRESS_MAX])
{
	char *closing;

	(void)swk_server_address(server, text);
	if (text[0] != '[')
		return text;
	closing = strchr(text, ']');
	memmove(closing, closing + 1, strlen(closing));
	memmove(text, text + 1, strlen(text));
	return text;
}

static bool is_printable(const char *text)
{
	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	}
	return *text;
}

bool swk_haproxy_word_valid(const char *word)
{
	return is_printable(word) && !strpbrk(word, " ;#\"'\\");
}

bool swk_haproxy_line_valid(const char *line)
{
	return is_printable(line);
}

int swk_haproxy_server_words(struct swk_buffer *out, const struct swk_server *server,
			     const struct swk_texts *options, struct swk_error *error)
{
	char address[SWK_ADDRESS_MAX], weight[SWK_NUMBER_MAX], most[SWK_NUMBER_MAX];
	int status = swk_buffer_words(
		out, error,
		SWK_WORDS(" ", swk_server_address(server, address), " weight ",
			  swk_number_text(weight, server->weight),
			  server->max_conns ? " maxconn " : "",
			  server->max_conns ? swk_number_text(most, server->max_conns) : "",
			  server->backup ? " backup" : "", server->down ? " disabled" : "",
			  server->host ? " init-addr last,libc,none" : ""));

	for (size_t i = 0; !status && options && i < options->count; i++)
		status = swk_buffer_words(out, error, SWK_WORDS(" ", options->list[i]));
	return status;
}

static int write_server(struct swk_buffer *out, const struct swk_server *server,
			const struct swk_texts *options, struct swk_error *error)
{
	char name[SWK_ADDRESS_MAX];

	if (swk_buffer_words(out, error,
			     SWK_WORDS("    server ", swk_haproxy_server_name(server, name))) ||
	    swk_haproxy_server_words(out, server, options, error))
		return error->status;
	return swk_buffer_add(out, "\n", 1, error);
}

static int write_backend(struct swk_buffer *out, const struct swk_upstream *upstream,
			 const struct swk_texts *server_options,
			 const struct swk_texts *backend_options, struct swk_error *error)
{
	int status = swk_buffer_words(out, error,
				      SWK_WORDS("\nbackend ", upstream->name, "\n",
						balance_lines[upstream->balance],
						"    option allbackups\n"));

	for (size_t i = 0; !status && backend_options && i < backend_options->count; i++)
		status = swk_buffer_words(out, error,
					  SWK_WORDS("    ", backend_options->list[i], "\n"));
	for (size_t i = 0; !status && i < upstream->count; i++)
		status = write_server(out, &upstream->servers[i], server_options, error);
	return status;
}

int swk_haproxy_backends(struct swk_buffer *out, const struct swk_upstreams *set,
			 const struct swk_texts *server_options,
			 const struct swk_texts *backend_options, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < set->count; i++)
		status = write_backend(out, &set->list[i], server_options, backend_options, error);
	return status;
}

/* ---- comparing ---- */

/* A line that is compared, without its end. Of a server, it is what the options are. */
struct item {
	const char *text;
	size_t length;
	bool server;
};

static bool same_item(const struct item *a, const struct item *b)
{
	return a->server == b->server && a->length == b->length &&
	       !strncmp(a->text, b->text, a->length);
}

/* Skips what swk_haproxy_server_words writes before the options. */
static const char *skip_registered(const char *at)
{
	static const char *const words[] = {" weight ", " maxconn ", " backup", " disabled",
					    " init-addr last,libc,none"};

	at += strcspn(at, " \n");
	at += *at == ' ';
	at += strcspn(at, " \n");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strncmp(at, words[i], strlen(words[i])) != 0)
			continue;
		at += strlen(words[i]);
		if (at[-1] == ' ')
			at += strspn(at, "0123456789");
	}
	return at;
}

/* The next line; servers with the same options are one. Returns false at the end. */
static bool next_item(const char **text, struct item *item)
{
	static const char server[] = "    server ";
	struct item next;

	do {
		const char *line = *text;

		if (!*line)
			return false;
		*text += strcspn(line, "\n");
		next.server = !strncmp(line, server, strlen(server));
		next.text = next.server ? skip_registered(line + strlen(server)) : line;
		next.length = (size_t)(*text - next.text);
		*text += **text == '\n';
	} while (next.server && item->text && same_item(&next, item));
	*item = next;
	return true;
}

bool swk_haproxy_same_frame(const char *a, const char *b)
{
	struct item one = {0}, other = {0};
	bool more;

	do {
		more = next_item(&a, &one);
		if (next_item(&b, &other) != more)
			return false;
	} while (more && same_item(&one, &other));
	return !more;
}
