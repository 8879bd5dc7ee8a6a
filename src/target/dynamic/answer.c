/* SPDX-License-Identifier: MIT */
#include "target/dynamic/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "nginx/conf.h"

/* ---- statuses ---- */

enum swk_dynamic_meaning swk_dynamic_meaning(const struct swk_http_request *request)
{
	static const struct {
		long status;
		const char *reason; /* NULL: any */
		enum swk_dynamic_meaning meaning;
	} meanings[] = {
		{200, NULL, SWK_DYNAMIC_DONE},
		{304, NULL, SWK_DYNAMIC_NOTHING},
		{400, "upstream required", SWK_DYNAMIC_ALIVE},
		{400, "server or peer is not found", SWK_DYNAMIC_CHANGED},
		{404, "upstream is not found", SWK_DYNAMIC_UNDECLARED},
		{412, NULL, SWK_DYNAMIC_CHANGED}, /* primary to backup, or back */
		{500, "no shared memory", SWK_DYNAMIC_FULL},
		{501, "only for upstream with 'zone'", SWK_DYNAMIC_NO_ZONE},
		{0, NULL, SWK_DYNAMIC_LATER}, /* reset, or no answer in time */
		{502, NULL, SWK_DYNAMIC_LATER},
		{503, NULL, SWK_DYNAMIC_LATER},
		{504, NULL, SWK_DYNAMIC_LATER},
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (request->status == meanings[i].status &&
		    (!meanings[i].reason || !strcmp(request->reason, meanings[i].reason)))
			return meanings[i].meaning;
	}
	return SWK_DYNAMIC_FINAL;
}

/* ---- printed servers ---- */

/* The module prints into a buffer of 32 pages, and cuts what does not fit (from its source). */
enum { PRINTED_MAX = 32 * 4096 };

struct part {
	const char *at;
	size_t length;
};

static bool is_word(struct part part, const char *text)
{
	return part.length == strlen(text) && !memcmp(part.at, text, part.length);
}

/* Removes `before` from the part; false if it does not begin so. */
static bool skip(struct part *part, const char *before)
{
	const size_t length = strlen(before);

	if (part->length < length || memcmp(part->at, before, length) != 0)
		return false;
	*part = (struct part){part->at + length, part->length - length};
	return true;
}

/* Removes the first word and the blank after it, and returns it. */
static struct part take_word(struct part *words)
{
	const char *blank = memchr(words->at, ' ', words->length);
	const size_t length = blank ? (size_t)(blank - words->at) : words->length;
	const struct part word = {words->at, length};

	*words = (struct part){words->at + length + (blank != NULL),
			       words->length - length - (blank != NULL)};
	return word;
}

/* Whether a word can be an argument of a query as it is. */
static bool is_plain(struct part word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._:/[]";

	for (size_t i = 0; i < word.length; i++) {
		if (!word.at[i] || !strchr(plain, word.at[i]))
			return false;
	}
	return word.length && word.length < SWK_TEXT_MAX;
}

static int add_word(struct swk_texts *texts, struct part word, struct swk_error *error)
{
	char *text = strndup(word.at, word.length);
	int status = text ? swk_texts_add(texts, text, error) : swk_error_memory(error);

	free(text);
	return status;
}

/* Reads the words after the address. False if one is not understood, or one of the attributes that
 * each version prints is missing. */
static bool read_attributes(struct swk_server *server, struct part words)
{
	unsigned connections;
	const struct {
		const char *name;
		unsigned *value;
		unsigned bit;
	} known[] = {
		{"weight=", &server->weight, 1},
		{"max_fails=", &server->max_fails, 2},
		{"fail_timeout=", &server->fail_timeout, 4},
		{"max_conns=", &server->max_conns, 0},
		{"conns=", &connections, 0},
	};
	unsigned seen = 0;

	while (words.length) {
		struct part word = take_word(&words);
		bool understood = false;

		server->down |= is_word(word, "down");
		server->backup |= is_word(word, "backup");
		understood = is_word(word, "down") || is_word(word, "backup");
		for (size_t i = 0; !understood && i < sizeof(known) / sizeof(*known); i++) {
			struct part value = word;

			understood = skip(&value, known[i].name) &&
				     swk_unsigned_read(value.at, value.length, SWK_MAX_CONNS_MAX,
						       known[i].value);
			if (understood)
				seen |= known[i].bit;
		}
		if (!understood)
			return false;
	}
	return seen == 7;
}

/* Reads a line without its `;`. */
static int read_line(struct swk_dynamic_servers *servers, struct part line, struct swk_error *error)
{
	struct swk_server server = {.weight = SWK_NGINX_WEIGHT};
	struct part word, address;
	bool valid;

	servers->unclear |= !skip(&line, "server ");
	word = take_word(&line);
	address = take_word(&line);
	valid = skip(&address, "addr=") && is_plain(word) && read_attributes(&server, line);
	servers->unclear |= !valid;
	if (servers->unclear)
		return 0;
	if (server.down && address.length > 2 && !memcmp(address.at, "0.", 2))
		return add_word(&servers->placeholders, word, error);
	if (word.length == address.length && !memcmp(word.at, address.at, word.length) &&
	    swk_server_parse_address(&server, address.at, address.length))
		return swk_upstream_add(&servers->upstream, &server, error);
	return add_word(&servers->others, word, error);
}

static int compare_addresses(const void *a, const void *b)
{
	return swk_server_compare(a, b);
}

/* Sorts the servers. Those that are there twice get twice the traffic: removing one removes both.
 */
static int sort_servers(struct swk_dynamic_servers *servers, struct swk_error *error)
{
	struct swk_upstream *upstream = &servers->upstream;
	struct swk_server *list = upstream->servers;
	size_t kept = 0, same;
	int status = 0;

	if (upstream->count)
		qsort(list, upstream->count, sizeof(*list), compare_addresses);
	for (size_t i = 0; !status && i < upstream->count; i += same) {
		char address[SWK_ADDRESS_MAX];

		for (same = 1;
		     i + same < upstream->count && !swk_server_compare(&list[i], &list[i + same]);)
			same++;
		if (same == 1)
			list[kept++] = list[i];
		else
			status = swk_texts_add(&servers->others,
					       swk_server_address(&list[i], address), error);
	}
	upstream->count = kept;
	return status;
}

int swk_dynamic_servers_read(struct swk_dynamic_servers *servers, const char *name,
			     const char *text, size_t length, struct swk_error *error)
{
	const char *at = text ? text : "", *end = at + length, *stop;
	int status = swk_upstream_init(&servers->upstream, name, &swk_source_unknown, error);

	servers->cut = length && length % PRINTED_MAX == 0;
	for (; !status && at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop || stop == at || stop[-1] != ';') {
			servers->unclear = true;
			break;
		}
		status = read_line(servers, (struct part){at, (size_t)(stop - at) - 1}, error);
	}
	servers->unclear |= servers->cut;
	if (!status)
		status = sort_servers(servers, error);
	servers->upstream.partial = servers->unclear || servers->others.count;
	return status;
}

void swk_dynamic_servers_free(struct swk_dynamic_servers *servers)
{
	swk_upstream_free(&servers->upstream);
	swk_texts_free(&servers->others);
	swk_texts_free(&servers->placeholders);
	*servers = (struct swk_dynamic_servers){0};
}

bool swk_dynamic_needs_placeholder(const struct swk_upstream *upstream)
{
	size_t backups = 0;

	for (size_t i = 0; i < upstream->count; i++)
		backups += upstream->servers[i].backup;
	return upstream->count == backups || (upstream->count == backups + 1 && backups);
}
