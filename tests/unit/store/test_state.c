/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "store/state.h"

#define HEAD "swk-apply state 1\n"

static void must_add(struct swk_state *state, const char *target, const char *names)
{
	struct swk_error error = {0};
	struct swk_state_target *entry = swk_state_add_target(state, target, &error);
	struct swk_names pending = unit_names(names);

	assert_non_null(entry);
	for (size_t i = 0; i < pending.count; i++)
		assert_int_equal(swk_names_add(&entry->pending, pending.list[i], &error), 0);
	swk_names_free(&pending);
}

static void must_set(struct swk_state *state, const char *service, uint64_t index)
{
	struct swk_error error = {0};

	assert_int_equal(swk_indexes_set(&state->indexes, service, index, &error), 0);
}

static void must_delete(struct swk_state *state, const char *name)
{
	struct swk_error error = {0};

	assert_int_equal(swk_state_add_gone(state, name, &error), 0);
}

static void must_refuse(struct swk_state *state, const char *upstream, uint64_t hash)
{
	struct swk_error error = {0};

	assert_int_equal(swk_state_set_refused(state, upstream, hash, &error), 0);
}

/* A state as text; the caller frees it. */
static char *written(const struct swk_state *state)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SWK_STATE_MAX);
	assert_int_equal(swk_state_write(&out, state, &error), 0);
	return out.data;
}

/* Reads a text in memory of its exact length, which the state borrows until the next call. Returns
 * the damaged line. */
static size_t read_text(struct swk_state *state, const char *text, size_t length)
{
	static char *memory;
	struct swk_error error = {0};
	size_t damaged = 12345;
	char *copy = malloc(length + 1);

	*state = (struct swk_state){0};
	assert_non_null(copy);
	memcpy(copy + 1, text, length);
	free(memory);
	memory = copy;
	assert_int_equal(swk_state_read(state, copy + 1, length, &damaged, &error), 0);
	if (damaged) {
		assert_int_equal(state->success, 0);
		assert_int_equal(state->keys_index, 0);
		assert_null(state->targets);
		assert_null(state->indexes.text);
		assert_null(state->indexes.changed);
		assert_null(state->refused);
		assert_null(state->confirmed.data);
	}
	return damaged;
}

static const char whole[] = HEAD "success 1700000000\n"
				 "conf 18446744073709551615 3 20 1 2 0 4 5 6\n"
				 "listed 9\n"
				 "keys 18446744073709551614\n"
				 "datacenter dc-1\n"
				 "gone old\n"
				 "gone Older_a\n"
				 "indexes 15869065513370486616 00000000000000000055\n"
				 "index 18446744073709551615 Web\n"
				 "index 7 api\n"
				 "index 1 web\n"
				 "target http://127.0.0.1:18882\n"
				 "pending api\n"
				 "pending Web_a\n"
				 "target https://[::1]:1/x\n"
				 "part 18446744073709551615\n"
				 "part 7\n"
				 "late web\n"
				 "confirmed # service api\n"
				 "confirmed upstream api {\n"
				 "confirmed }\n"
				 "new Web_a\n"
				 "refused 18446744073709551615 gone\n"
				 "refused 3 web\n"
				 "end\n";

static void written_and_read(void **unused)
{
	struct swk_state state = {.success = 1700000000,
				  .conf = {UINT64_MAX, 3, 20, 1, 2, false, 4, 5, 6},
				  .listed = 9,
				  .keys_index = UINT64_MAX - 1},
			 again;
	struct swk_error error = {0};
	char *text;

	(void)unused;
	strcpy(state.datacenter, "dc-1");
	must_set(&state, "web", 1);
	must_set(&state, "Web", UINT64_MAX);
	must_set(&state, "api", 7);
	must_delete(&state, "old");
	must_delete(&state, "Older_a");
	must_add(&state, "http://127.0.0.1:18882", "Web_a api");
	must_add(&state, "https://[::1]:1/x", "");
	swk_state_find_target(&state, "https://[::1]:1/x")->parts =
		(struct swk_parts){.list = {UINT64_MAX, 7}, .count = 2};
	swk_state_find_target(&state, "https://[::1]:1/x")->late = unit_names("web");
	must_refuse(&state, "other", 1);
	must_refuse(&state, "gone", 2);
	must_refuse(&state, "web", 3);
	must_refuse(&state, "gone", UINT64_MAX);
	must_refuse(&state, "other", 0);
	must_refuse(&state, "never", 0);
	must_refuse(&state, "web", 0);
	must_refuse(&state, "web", 3);
	state.new = unit_names("Web_a");
	swk_buffer_init(&state.confirmed, SWK_CONF_MAX);
	assert_int_equal(swk_buffer_words(&state.confirmed, &error,
					  SWK_WORDS("\n# service api\nupstream api {\n}\n")),
			 0);
	text = written(&state);
	assert_string_equal(text, whole);
	swk_state_free(&state);

	assert_int_equal(read_text(&again, text, strlen(text)), 0);
	free(text);
	text = written(&again);
	assert_string_equal(text, whole);
	free(text);
	assert_true(again.conf.hash == UINT64_MAX && again.conf.upstreams == 3);
	assert_true(again.conf.servers == 20 && again.conf.zero == 1 && again.conf.silent == 2 &&
		    !again.conf.named);
	assert_true(again.conf.inode == 4 && again.conf.size == 5 && again.conf.modified == 6);
	assert_int_equal(again.listed, 9);
	assert_true(again.keys_index == UINT64_MAX - 1);
	assert_string_equal(again.datacenter, "dc-1");
	assert_int_equal(again.target_count, 2);
	assert_true(swk_names_contain(
		&swk_state_find_target(&again, "http://127.0.0.1:18882")->pending, "web_A"));
	assert_int_equal(swk_state_find_target(&again, "https://[::1]:1/x")->pending.count, 0);
	swk_state_free(&again);
}

static void empty_state(void **unused)
{
	static const struct swk_state nothing;
	struct swk_state state;
	char *text = written(&nothing);

	(void)unused;
	assert_string_equal(text, HEAD "success 0\nend\n");
	assert_int_equal(read_text(&state, text, strlen(text)), 0);
	swk_state_free(&state);
	free(text);
}

static void damage(void **unused)
{
	static const struct {
		const char *text;
		size_t line; /* 0: none */
	} rows[] = {
		{HEAD "end\n", 0},
		{"", 1},
		{"\n", 1},
		{"swk-apply state 2\nend\n", 1},
		{"swk-apply state 1 \nend\n", 1},
		{"end\n", 1},
		{HEAD, 2},
		{HEAD "end", 2},
		{HEAD HEAD "end\n", 2},
		{HEAD "\nend\n", 2},
		{HEAD "other\nend\n", 2},
		{HEAD "end \n", 2},
		{HEAD "end\nend\n", 3},
		{HEAD "end\nsuccess 1\n", 3},
		/* success */
		{HEAD "success\nend\n", 2},
		{HEAD "success \nend\n", 2},
		{HEAD "success -1\nend\n", 2},
		{HEAD "success 1x\nend\n", 2},
		{HEAD "success 1 \nend\n", 2},
		{HEAD "success 9223372036854775807\nend\n", 0},
		{HEAD "success 9223372036854775808\nend\n", 2},
		{HEAD "success 1\r\nend\n", 2},
		/* the conf file */
		{HEAD "conf 1 0 0 0 0 0 0 0 0\nend\n", 0},
		{HEAD "conf 0 1 1 0 0 0 0 0 0\nend\n", 2},
		{HEAD "conf 1 1 1 0 0 0 0 0\nend\n", 2},
		{HEAD "conf 1 1 1 0 0 2 0 0 0\nend\n", 2},
		{HEAD "conf 1 1 1 0 0 0 0 0 0 \nend\n", 2},
		{HEAD "conf 1 1  1 0 0 0 0 0 0\nend\n", 2},
		{HEAD "conf \nend\n", 2},
		/* index */
		{HEAD "index 1 web\nend\n", 0},
		{HEAD "index 18446744073709551615 web\nend\n", 0},
		{HEAD "index 18446744073709551616 web\nend\n", 2},
		{HEAD "index 99999999999999999999 web\nend\n", 2},
		{HEAD "index 100000000000000000000 web\nend\n", 2},
		{HEAD "index 0 web\nend\n", 2},
		{HEAD "index -1 web\nend\n", 2},
		{HEAD "index 1\nend\n", 2},
		{HEAD "index 1 \nend\n", 2},
		{HEAD "index web 1\nend\n", 2},
		{HEAD "index  1 web\nend\n", 2},
		{HEAD "index 1 we b\nend\n", 2},
		{HEAD "index 1 _web\nend\n", 2},
		/* With a wrong hash or length, each line is read. */
		{HEAD "indexes 1 12\nindex 1 web\nend\n", 0},
		{HEAD "indexes 1 99999\nindex 1 web\nend\n", 0},
		{HEAD "indexes 1 12\nindex 0 web\nend\n", 3},
		{HEAD "indexes x 12\nindex 1 web\nend\n", 2},
		{HEAD "success 1\nindexes 1 12\nindex 18446744073709551615 Web\n"
		      "index 7 api\nindex 1 web\nother\nend\n",
		 7},
		{HEAD "target a\nlate web\nend\n", 0},
		{HEAD "late web\nend\n", 2},
		{HEAD "target a\nlate we b\nend\n", 3},
		/* parts */
		{HEAD "target a\npart 1\nend\n", 0},
		{HEAD "part 1\nend\n", 2},
		{HEAD "target a\npart x\nend\n", 3},
		/* what nginx rejected */
		{HEAD "refused 1 web\nend\n", 0},
		{HEAD "refused 0 web\nend\n", 2},
		{HEAD "refused web\nend\n", 2},
		{HEAD "refused 1 we b\nend\n", 2},
		{HEAD "new web\nconfirmed \nconfirmed {\nend\n", 0},
		{HEAD "new we b\nend\n", 2},
		{HEAD "confirmed\nend\n", 2},
		/* the last list */
		{HEAD "listed 1\nend\n", 0},
		{HEAD "listed 18446744073709551615\nend\n", 0},
		{HEAD "listed 18446744073709551616\nend\n", 2},
		{HEAD "listed 0\nend\n", 2},
		{HEAD "listed \nend\n", 2},
		{HEAD "listed 1 \nend\n", 2},
		/* the last tree of keys */
		{HEAD "keys 1\nend\n", 0},
		{HEAD "keys 18446744073709551615\nend\n", 0},
		{HEAD "keys 18446744073709551616\nend\n", 2},
		{HEAD "keys 0\nend\n", 2},
		{HEAD "keys\nend\n", 2},
		{HEAD "keys \nend\n", 2},
		{HEAD "keys 1 \nend\n", 2},
		{HEAD "keys 1 web\nend\n", 2},
		{HEAD "keys -1\nend\n", 2},
		{HEAD "key 1\nend\n", 2},
		/* the datacenter */
		{HEAD "datacenter dc1\nend\n", 0},
		{HEAD "datacenter\nend\n", 2},
		{HEAD "datacenter \nend\n", 2},
		{HEAD "datacenter dc 1\nend\n", 2},
		/* upstreams that are gone */
		{HEAD "gone web\nend\n", 0},
		{HEAD "gone\nend\n", 2},
		{HEAD "gone \nend\n", 2},
		{HEAD "gone we/b\nend\n", 2},
		/* targets, and what is pending for them */
		{HEAD "target \nend\n", 2},
		{HEAD "target\nend\n", 2},
		{HEAD "pending web\nend\n", 2},
		{HEAD "target a\npending web\nend\n", 0},
		{HEAD "target a\npending\nend\n", 3},
		{HEAD "target a\npending \nend\n", 3},
		{HEAD "target a\npending we/b\nend\n", 3},
		{HEAD "target a\ntarget b\ntarget a\nend\n", 4},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_state state;

		unit_number(rows[i].text,
			    (long long)read_text(&state, rows[i].text, strlen(rows[i].text)),
			    (long long)rows[i].line);
		swk_state_free(&state);
	}
}

/* The state file must not grow forever. */
static void too_many_gone(void **unused)
{
	struct swk_state state = {0};
	char name[32];

	(void)unused;
	for (unsigned i = 0; i <= SWK_GONE_MAX; i++) {
		(void)snprintf(name, sizeof(name), "web_%u", i);
		must_delete(&state, name);
		assert_true(swk_names_contain(&state.gone, name));
		assert_true(state.gone.count <= SWK_GONE_MAX);
	}
	assert_int_equal(state.gone.count, SWK_GONE_MAX);
	assert_false(swk_names_contain(&state.gone, "web_0"));
	must_delete(&state, name);
	assert_true(swk_names_contain(&state.gone, "web_1"));
	swk_state_free(&state);
}

static void cut_anywhere(void **unused)
{
	struct swk_state state;

	(void)unused;
	for (size_t length = 0; length < strlen(whole); length++) {
		if (!read_text(&state, whole, length))
			fail_msg("cut to %zu bytes, it is accepted", length);
	}
	assert_int_equal(read_text(&state, whole, strlen(whole)), 0);
	swk_state_free(&state);
}

static void nul_anywhere(void **unused)
{
	char copy[sizeof(whole)];
	struct swk_state state;

	(void)unused;
	for (size_t i = 0; i < strlen(whole); i++) {
		memcpy(copy, whole, sizeof(whole));
		copy[i] = '\0';
		if (!read_text(&state, copy, strlen(whole)))
			fail_msg("with a NUL at %zu, it is accepted", i);
	}
}

/* An empty file is a buffer without any bytes. */
static void no_bytes(void **unused)
{
	struct swk_state state = {0};
	struct swk_error error = {0};
	size_t damaged = 0;

	(void)unused;
	assert_int_equal(swk_state_read(&state, NULL, 0, &damaged, &error), 0);
	assert_int_equal(damaged, 1);
}

/* The longest URL and names that settings and Consul may have. */
static void longest_lines(void **unused)
{
	char *url = unit_repeat('u', SWK_URL_MAX), *name = unit_repeat('n', SWK_NAME_MAX), *text;
	struct swk_state state = {0}, again;

	(void)unused;
	must_set(&state, name, UINT64_MAX);
	must_delete(&state, name);
	must_add(&state, url, name);
	text = written(&state);
	assert_int_equal(read_text(&again, text, strlen(text)), 0);
	assert_int_equal(swk_state_find_target(&again, url)->pending.count, 1);
	swk_state_free(&state);
	swk_state_free(&again);
	free(text);
	free(url);
	free(name);
}

static void line_too_long(void **unused)
{
	char *name = unit_repeat('x', 100000), *text;
	struct swk_state state;

	(void)unused;
	assert_true(asprintf(&text, HEAD "target %s\nend\n", name) > 0);
	assert_int_equal(read_text(&state, text, strlen(text)), 2);
	free(text);
	free(name);
}

static void pending_is_found_by_target(void **unused)
{
	struct swk_state state = {0};

	(void)unused;
	assert_null(swk_state_find_target(&state, "a"));
	for (char target[] = "a"; *target <= 'm'; ++*target)
		must_add(&state, target, target);
	must_add(&state, "c", "x");
	assert_int_equal(state.target_count, 13);
	assert_int_equal(swk_state_find_target(&state, "c")->pending.count, 2);
	assert_int_equal(swk_state_find_target(&state, "m")->pending.count, 1);
	assert_null(swk_state_find_target(&state, "C"));
	swk_state_free(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read), cmocka_unit_test(empty_state),
		cmocka_unit_test(damage),	    cmocka_unit_test(too_many_gone),
		cmocka_unit_test(cut_anywhere),	    cmocka_unit_test(nul_anywhere),
		cmocka_unit_test(no_bytes),	    cmocka_unit_test(longest_lines),
		cmocka_unit_test(line_too_long),    cmocka_unit_test(pending_is_found_by_target),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
