/* SPDX-License-Identifier: MIT */
/*
 * HAProxy's answers. Whatever it answers, lines are in order and are found by their backend, a
 * known server's name is its address, and the commands that would make its backends have other
 * servers are one line each, without `;`.
 */
#include "fuzz.h"

#include <ctype.h>

#include "haproxy/conf.h"
#include "target/haproxy/change.h"

static char *copy_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void check_answers(char *text)
{
	char *rest = text, *answer;

	while ((answer = swk_haproxy_next_answer(&rest))) {
		fuzz_require(!strstr(answer, "\n> "), "an answer has a prompt");
		for (enum swk_haproxy_command i = SWK_HAPROXY_ADD; i <= SWK_HAPROXY_DELETE; i++)
			(void)swk_haproxy_meaning(i, answer);
	}
}

static void check_lines(const struct swk_haproxy_state *state)
{
	for (size_t i = 0; i < state->count; i++) {
		const struct swk_haproxy_line *line = &state->lines[i];
		char name[SWK_ADDRESS_MAX];
		size_t count;
		const struct swk_haproxy_line *lines =
			swk_haproxy_lines(state, line->backend, &count);

		fuzz_require(line >= lines && line < lines + count, "%s is not found", line->name);
		fuzz_require(!line->known || !strcmp(swk_haproxy_server_name(&line->server, name),
						     line->name),
			     "%s is not its address", line->name);
		fuzz_require(!i || strcmp(line[-1].backend, line->backend) <= 0,
			     "%s is not in order", line->backend);
		fuzz_require(line->server.weight <= SWK_HAPROXY_WEIGHT_MAX, "a large weight");
	}
}

/* Each command is a line, and a line is one command. */
static void check_request(const struct swk_haproxy_request *request)
{
	size_t ends = 0;

	for (size_t i = 0; i < request->text.length; i++) {
		unsigned char byte = (unsigned char)request->text.data[i];

		ends += byte == '\n';
		fuzz_require(byte == '\n' || (isprint(byte) && byte != ';'), "a byte %u", byte);
	}
	fuzz_require(ends == request->count + (request->count > 0), "%zu lines, %zu commands", ends,
		     request->count);
}

/* Makes an upstream of every other server of a backend, with other weights. */
static void make_upstream(struct swk_upstream *upstream, const struct swk_haproxy_line *lines,
			  size_t count)
{
	struct swk_error error = {0};

	fuzz_done(swk_upstream_init(upstream, lines->backend, &swk_source_unknown, &error), &error,
		  "making");
	for (size_t i = 0; i < count; i++) {
		struct swk_server server = lines[i].server;

		server.weight = i % 3 + 1;
		server.down = i % 5 == 1;
		if (lines[i].known && i % 2)
			fuzz_done(swk_upstream_add(upstream, &server, &error), &error, "adding");
	}
	swk_upstream_tidy(upstream);
}

static void check_change(const struct swk_haproxy_state *state, size_t first)
{
	static const struct swk_texts none;
	struct swk_upstream after, before = {0};
	struct swk_haproxy_request request;
	struct swk_error error = {0};
	size_t count;
	const struct swk_haproxy_line *lines =
		swk_haproxy_lines(state, state->lines[first].backend, &count);
	const struct swk_haproxy_change change = {
		.before = &before, .after = &after, .state = state, .options = &none};

	make_upstream(&after, lines, count);
	swk_haproxy_request_init(&request);
	/* Names that HAProxy does not have are refused. */
	if (!swk_haproxy_raise(&request, &change, &error))
		(void)swk_haproxy_lower(&request, &change, &error);
	if (!error.status)
		check_request(&request);
	(void)swk_haproxy_shows(state, &after);
	swk_haproxy_request_free(&request);
	swk_upstream_free(&after);
}

static void check_details(char *text)
{
	char servers[] = "1\n# be_name srv_name srv_addr srv_admin_state srv_uweight srv_fqdn "
			 "srv_port\nweb 10.0.0.1:80 10.0.0.1 0 1 - 80";
	struct swk_haproxy_state state = {0};
	struct swk_error error = {0};

	if (!swk_haproxy_read_servers(&state, servers, &error) &&
	    swk_haproxy_read_details(&state, text, &error))
		fuzz_require(!state.lines->detailed, "a refused answer has details");
	swk_haproxy_state_free(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swk_haproxy_state state = {0};
	struct swk_error error = {0};
	char *text = copy_text(data, size);

	check_answers(text);
	free(text);
	text = copy_text(data, size);
	(void)swk_haproxy_read_info(&state, text, &error);
	free(text);
	text = copy_text(data, size);
	check_details(text);
	free(text);
	text = copy_text(data, size);
	error = (struct swk_error){0};
	(void)swk_haproxy_read_backends(&state, text, &error);
	free(state.backends);
	state.backends = NULL;
	state.backend_count = 0;
	free(text);
	text = copy_text(data, size);
	error = (struct swk_error){0};
	if (!swk_haproxy_read_servers(&state, text, &error)) {
		check_lines(&state);
		for (size_t i = 0; i < state.count; i += 7)
			check_change(&state, i);
	}
	swk_haproxy_state_free(&state);
	free(text);
	return 0;
}
