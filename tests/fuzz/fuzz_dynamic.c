/* SPDX-License-Identifier: MIT */
/*
 * The answers of ngx_dynamic_upstream. What was understood is printed as the module would print it;
 * reading that gives the same. No word that could change the meaning of a query is kept. An input
 * that is a valid FILE is also printed so: the module must not differ from FILE then.
 */
#include "fuzz.h"

#include "target/dynamic/answer.h"
#include "target/dynamic/files.h"

static int print_server(struct swk_buffer *out, const char *word, const char *address,
			const struct swk_server *server, struct swk_error *error)
{
	return swk_buffer_print(out, error,
				"server %s addr=%s weight=%u max_fails=%u fail_timeout=%u "
				"max_conns=%u conns=0%s%s;\n",
				word, address, server->weight, server->max_fails,
				server->fail_timeout, server->max_conns,
				server->down ? " down" : "", server->backup ? " backup" : "");
}

static void print_servers(struct swk_buffer *out, const struct swk_dynamic_servers *servers)
{
	static const struct swk_server plain = {.weight = 1}, down = {.weight = 1, .down = true};
	struct swk_error error = {0};
	char address[SWK_ADDRESS_MAX];
	int status = 0;

	for (size_t i = 0; !status && i < servers->upstream.count; i++) {
		const struct swk_server *server = &servers->upstream.servers[i];

		(void)swk_server_address(server, address);
		status = print_server(out, address, address, server, &error);
	}
	for (size_t i = 0; !status && i < servers->placeholders.count; i++)
		status = print_server(out, servers->placeholders.list[i], "0.0.0.1:80", &down,
				      &error);
	for (size_t i = 0; !status && i < servers->others.count; i++)
		status = print_server(out, servers->others.list[i], "unix:/other", &plain, &error);
	fuzz_done(status, &error, "printing");
}

static void check_words(const struct swk_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		const char *word = texts->list[i];

		fuzz_require(*word && strlen(word) < SWK_TEXT_MAX, "a word of %zu bytes",
			     strlen(word));
		for (; *word; word++)
			fuzz_require(*word > ' ' && *word < 0x7f && !strchr("&?#%+;=\"\\", *word),
				     "a word has 0x%02x", (unsigned char)*word);
	}
}

/* Servers that FILE can have must have a file that nginx can read: it has a server. */
static void check_text(const struct swk_upstream *upstream)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SIZE_MAX / 2);
	fuzz_done(swk_dynamic_file_text(&text, upstream, &error), &error, "file");
	fuzz_only_allowed("file", text.data, text.length);
	fuzz_require(strstr(text.data, "server ") != NULL, "a file without a server");
	fuzz_require(swk_dynamic_file_is_empty(&text) == !upstream->count, "the file is %sempty",
		     upstream->count ? "" : "not ");
	swk_buffer_free(&text);
}

static void check_answer(const char *data, size_t size)
{
	struct swk_dynamic_servers servers = {0}, again = {0};
	struct swk_upstreams set = {0};
	struct swk_error error = {0};
	struct swk_buffer text = {.data = (char *)data, .length = size};

	(void)swk_dynamic_file_is_empty(&text);
	fuzz_done(swk_dynamic_servers_read(&servers, "web", data, size, &error), &error, "answer");
	set = (struct swk_upstreams){&servers.upstream, 1};
	fuzz_in_order(&set, true);
	check_words(&servers.others);
	check_words(&servers.placeholders);
	check_text(&servers.upstream);
	fuzz_require(servers.upstream.partial == (servers.unclear || servers.others.count),
		     "partial: %d", servers.upstream.partial);
	swk_buffer_init(&text, SIZE_MAX / 2);
	print_servers(&text, &servers);
	fuzz_done(swk_dynamic_servers_read(&again, "web", text.data, text.length, &error), &error,
		  "again");
	fuzz_require(!again.unclear, "what was understood is unclear");
	again.upstream.partial |= servers.unclear;
	fuzz_same_upstream(&servers.upstream, &again.upstream);
	fuzz_require(servers.others.count == again.others.count, "%zu others became %zu",
		     servers.others.count, again.others.count);
	fuzz_require(servers.placeholders.count == again.placeholders.count,
		     "%zu placeholders became %zu", servers.placeholders.count,
		     again.placeholders.count);
	swk_buffer_free(&text);
	swk_dynamic_servers_free(&servers);
	swk_dynamic_servers_free(&again);
}

/* A `partial` without a reason would make every full run change the upstream again. */
static void check_file(const char *data, size_t size)
{
	struct swk_upstreams file = {0};
	struct swk_error error = {0};

	if (swk_nginx_read(&file, "conf", data, size, &error))
		return;
	for (size_t i = 0; i < file.count; i++) {
		struct swk_upstream *upstream = &file.list[i];
		struct swk_dynamic_servers servers = {.upstream = *upstream}, live = {0};
		struct swk_buffer text;
		bool fits = !swk_upstream_has_host(upstream);

		for (size_t j = 0; j < upstream->count; j++)
			fits &= upstream->servers[j].v6 || upstream->servers[j].ip[0];
		swk_buffer_init(&text, SIZE_MAX / 2);
		print_servers(&text, &servers);
		fuzz_done(swk_dynamic_servers_read(&live, upstream->name, text.data, text.length,
						   &error),
			  &error, "answer of a file");
		fuzz_require(!fits || swk_upstream_same_servers(upstream, &live.upstream),
			     "%s differs from its own file", upstream->name);
		swk_buffer_free(&text);
		swk_dynamic_servers_free(&live);
	}
	swk_upstreams_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_answer((const char *)data, size);
	check_file((const char *)data, size);
	return 0;
}
