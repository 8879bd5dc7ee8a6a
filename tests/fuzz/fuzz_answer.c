/* SPDX-License-Identifier: MIT */
/*
 * A target's answers to /detail and /list. What was understood is printed as a target would print
 * it; reading that gives the same. Merging a list with itself changes nothing, and it does not
 * differ from a FILE with the same upstreams. An input that is a valid FILE is also printed as a
 * target would print it: such a target must not differ from FILE.
 */
#include "fuzz.h"

#include "nginx/conf.h"
#include "target/dyups/answer.h"
#include "target/dyups/samples.h"
#include "target/plan.h"

/* Prints an answer to GET /detail. */
static void print_detail(struct swk_buffer *out, const struct swk_upstreams *set)
{
	struct swk_error error = {0};
	char address[SWK_ADDRESS_MAX];
	int status = 0;

	for (size_t i = 0; !status && i < set->count; i++) {
		const struct swk_upstream *upstream = &set->list[i];

		status = swk_buffer_print(out, &error, "%s\n", upstream->name);
		for (size_t j = 0; !status && j < upstream->count; j++) {
			const struct swk_server *server = &upstream->servers[j];

			status = swk_buffer_print(out, &error,
						  "server %s weight=%u max_conns=%u max_fails=%u "
						  "fail_timeout=%u backup=%d down=%d\n",
						  swk_server_address(server, address),
						  server->weight, server->max_conns,
						  server->max_fails, server->fail_timeout,
						  server->backup, server->down);
		}
		if (!status && upstream->partial)
			status = swk_buffer_print(out, &error, "not understood\n");
		if (!status)
			status = swk_buffer_add(out, "\n", 1, &error);
	}
	fuzz_done(status, &error, "printing");
}

/* Compared with a FILE of the same upstreams, nothing may be sent except what can't be compared. */
static void compare_with_file(const struct swk_live *live)
{
	static const struct swk_names nothing;
	struct swk_names unmanaged = {0};
	struct swk_error error = {0};
	struct swk_plan plan = {0};
	bool twice = false;

	for (size_t i = 1; i < live->upstreams.count; i++)
		twice |=
			!strcasecmp(live->upstreams.list[i - 1].name, live->upstreams.list[i].name);
	fuzz_done(swk_plan_unmanaged(&unmanaged, live, &live->upstreams, &nothing, &error), &error,
		  "unmanaged");
	fuzz_require(!unmanaged.count, "%s is unmanaged in its own file",
		     unmanaged.count ? *unmanaged.list : "");
	fuzz_done(
		swk_plan_make(&plan, &live->upstreams, &nothing, &nothing, &nothing, live, &error),
		&error, "plan");
	for (size_t i = 0; i < plan.count && !twice; i++)
		fuzz_require(plan.list[i].upstream && plan.list[i].upstream->partial,
			     "%s differs from itself", plan.list[i].name);
	swk_plan_free(&plan);
}

static void check_detail(const char *data, size_t size)
{
	struct swk_live live = {0}, again = {0};
	struct swk_error error = {0};
	struct swk_buffer text;

	fuzz_done(swk_dyups_read_detail(&live, data, size, &error), &error, "detail");
	fuzz_in_order(&live.upstreams, false);
	swk_buffer_init(&text, SIZE_MAX / 2);
	print_detail(&text, &live.upstreams);
	fuzz_done(swk_dyups_read_detail(&again, text.data, text.length, &error), &error,
		  "detail again");
	fuzz_same(&live.upstreams, &again.upstreams);
	compare_with_file(&live);
	swk_buffer_free(&text);
	swk_live_free(&live);
	swk_live_free(&again);
}

static void check_merge(const char *data, size_t size)
{
	struct swk_live one = {0}, same = {0}, half = {0}, list = {0};
	struct swk_dyups_history history = {0};
	struct swk_error error = {0};
	size_t count;

	fuzz_done(swk_dyups_read_detail(&one, data, size, &error), &error, "detail");
	fuzz_done(swk_dyups_read_detail(&same, data, size, &error), &error, "the same");
	fuzz_done(swk_dyups_read_detail(&half, data, size / 2, &error), &error, "half");
	fuzz_done(swk_dyups_read_list(&list, data, size, &error), &error, "list");
	fuzz_require(list.readable == SWK_READ_NAMES, "a list is more than names");
	fuzz_in_order(&list.upstreams, false);
	count = one.upstreams.count;
	fuzz_done(swk_dyups_merge(&one, &history, &same, &error), &error, "merging the same");
	fuzz_require(one.upstreams.count == count, "merged with itself, it has more upstreams");
	fuzz_done(swk_dyups_merge(&one, &history, &half, &error), &error, "merging half");
	fuzz_done(swk_dyups_merge(&one, &history, &list, &error), &error, "merging a list");
	fuzz_in_order(&one.upstreams, false);
	for (size_t i = 0; i < one.upstreams.count; i++)
		fuzz_require(swk_upstreams_find(&one.upstreams, one.upstreams.list[i].name) != NULL,
			     "%s is not found", one.upstreams.list[i].name);
	swk_dyups_history_free(&history);
	swk_live_free(&one);
}

/* A `partial` without a reason would make every run send the upstream again. */
static void check_file(const char *data, size_t size)
{
	struct swk_upstreams file = {0};
	struct swk_live live = {0};
	struct swk_error error = {0};
	struct swk_buffer text;

	if (swk_nginx_read(&file, "conf", data, size, &error))
		return;
	swk_buffer_init(&text, SIZE_MAX / 2);
	print_detail(&text, &file);
	fuzz_done(swk_dyups_read_detail(&live, text.data, text.length, &error), &error,
		  "detail of a file");
	fuzz_require(live.upstreams.count == file.count, "%zu upstreams became %zu", file.count,
		     live.upstreams.count);
	for (size_t i = 0; i < file.count; i++)
		fuzz_require((swk_upstream_has_host(&file.list[i]) ||
			      swk_upstream_same_servers(&file.list[i], &live.upstreams.list[i])) &&
				     !strcmp(file.list[i].name, live.upstreams.list[i].name),
			     "%s differs from its own file", file.list[i].name);
	swk_buffer_free(&text);
	swk_upstreams_free(&file);
	swk_live_free(&live);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_file((const char *)data, size);
	check_detail((const char *)data, size);
	check_merge((const char *)data, size);
	return 0;
}
