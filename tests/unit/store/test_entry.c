/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "store/entry.h"

static const char whole[] =
	"{\"time\":\"2026-11-21T18:47:00.042Z\",\"event\":\"service\",\"service\":\"web\","
	"\"index\":42,\"by\":\"ops\",\"reason\":\"a \\\"reason\\\" with \\\\\","
	"\"hash_before\":\"0000000000000001\",\"hash_after\":\"ffffffffffffffff\","
	"\"upstreams\":[{\"change\":\"changed\",\"name\":\"web\",\"source\":\"web\","
	"\"reason\":\"keepalive 20, now 10\",\"servers\":[{\"change\":\"added\","
	"\"address\":\"10.0.0.1:80\",\"instance\":\"web-1\",\"node\":\"n1\"},"
	"{\"change\":\"removed\",\"address\":\"10.0.0.2:80\",\"reason\":\"it is critical\"}],"
	"\"before\":\"upstream web {\\n}\\n\"},{\"change\":\"added\",\"name\":\"api\"},"
	"{\"change\":\"removed\",\"name\":\"old\"}],"
	"\"held_back\":[\"one\",\"two\"],\"number\":7}";

static struct swk_change read_line(const char *line, bool *valid)
{
	struct swk_change change = {0};
	struct swk_error error = {0};

	*valid = swk_entry_read(&change, line, strlen(line), &error);
	assert_int_equal(error.status, 0);
	return change;
}

static void all_members(void **state)
{
	bool valid;
	struct swk_change change = read_line(whole, &valid);
	const struct swk_change_upstream *web = change.upstreams;

	(void)state;
	assert_true(valid);
	assert_int_equal(change.number, 7);
	assert_int_equal(change.time, INT64_C(1795286820042));
	assert_string_equal(change.event, "service");
	assert_string_equal(change.service, "web");
	assert_int_equal(change.index, 42);
	assert_string_equal(change.by, "ops");
	assert_string_equal(change.reason, "a \"reason\" with \\");
	assert_int_equal(change.before, 1);
	assert_true(change.after == UINT64_MAX);
	assert_int_equal(change.cut, 0);
	assert_int_equal(change.fate, SWK_CHANGE_DONE);
	assert_int_equal(change.held_back_count, 2);
	assert_string_equal(change.held_back[1], "two");
	assert_int_equal(change.upstream_count, 3);
	assert_int_equal(web->sign, '~');
	assert_string_equal(web->reason, "keepalive 20, now 10");
	assert_string_equal(web->before, "upstream web {\n}\n");
	assert_int_equal(web->server_count, 2);
	assert_int_equal(web->servers[0].sign, '+');
	assert_string_equal(web->servers[0].instance, "web-1");
	assert_string_equal(web->servers[0].node, "n1");
	assert_string_equal(web->servers[0].reason, "");
	assert_int_equal(web->servers[1].sign, '-');
	assert_string_equal(web->servers[1].address, "10.0.0.2:80");
	assert_string_equal(web->servers[1].reason, "it is critical");
	assert_int_equal(web[1].sign, '+');
	assert_null(web[1].before);
	assert_string_equal(web[1].source, "");
	assert_int_equal(web[2].sign, '-');
	swk_change_free(&change);
}

static void written_as_read(void **state)
{
	static const char *const lines[] = {
		whole,
		"{\"time\":\"1970-01-01T00:00:00.000Z\",\"event\":\"hold\",\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.999Z\",\"event\":\"resync\",\"cut\":10000,"
		"\"number\":9223372036854775807}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct swk_error error = {0};
		struct swk_buffer out;
		bool valid;
		struct swk_change change = read_line(lines[i], &valid);

		assert_true(valid);
		swk_buffer_init(&out, SWK_DOCUMENT_MAX);
		assert_int_equal(swk_entry_write(&out, &change, &error), 0);
		assert_int_equal(out.data[out.length - 1], '\n');
		out.data[out.length - 1] = '\0';
		unit_same("line", out.data, lines[i]);
		swk_buffer_free(&out);
		swk_change_free(&change);
	}
}

/* A number that readers of JSON can't read would make the line invalid. */
static void an_index_that_is_too_large(void **state)
{
	struct swk_change change = {.number = 1, .index = UINT64_MAX};
	struct swk_error error = {0};
	struct swk_buffer out;

	(void)state;
	swk_buffer_init(&out, SWK_DOCUMENT_MAX);
	assert_int_equal(swk_entry_write(&out, &change, &error), 0);
	assert_string_equal(out.data, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"number\":1}\n");
	swk_buffer_free(&out);
}

static void a_fate_is_written_for_readers(void **state)
{
	struct swk_change change = {.number = 1, .fate = SWK_CHANGE_NOT_DONE};
	struct swk_error error = {0};
	struct swk_buffer out;

	(void)state;
	swk_buffer_init(&out, SWK_DOCUMENT_MAX);
	assert_int_equal(swk_entry_write(&out, &change, &error), 0);
	assert_string_equal(
		out.data,
		"{\"time\":\"1970-01-01T00:00:00.000Z\",\"fate\":\"not done\",\"number\":1}\n");
	swk_buffer_free(&out);
}

static void invalid_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"{}",
		"[]",
		"x",
		"{\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\"}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"number\":0}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"number\":-1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"number\":\"1\"}",
		"{\"time\":\"2026-11-21T18:47:00Z\",\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.04Z\",\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.+42Z\",\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042\",\"number\":1}",
		"{\"time\":\"1969-12-31T23:59:59.000Z\",\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"upstreams\":[{\"change\":\"added\","
		"\"before\":\"\\u001b\"}],\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"upstreams\":[{\"change\":\"added\","
		"\"before\":\"\\u009b\"}],\"number\":1}",
		"{\"time\":5,\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"event\":5,\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"hash_after\":5,\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"hash_after\":\"1\",\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"hash_after\":\"000000000000000G\","
		"\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"upstreams\":{},\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"upstreams\":[5],\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"upstreams\":[{}],\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"upstreams\":[{\"change\":\"x\"}],"
		"\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"upstreams\":[{\"change\":\"added\","
		"\"before\":5}],\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"held_back\":[5],\"number\":1}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"number\":1,\"number\":2}",
		"{\"time\":\"2026-11-21T18:47:00.042Z\",\"number\":1} x",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		bool valid;
		struct swk_change change = read_line(lines[i], &valid);

		unit_number(lines[i], valid, false);
		swk_change_free(&change);
	}
}

/* What a person or another program wrote must not control a terminal. */
static void texts_are_escaped(void **state)
{
	bool valid;
	struct swk_change change =
		read_line("{\"time\":\"2026-11-21T18:47:00.042Z\",\"event\":\"a\\u001bb\","
			  "\"held_back\":[\"\\u00e4\"],\"upstreams\":[{\"change\":\"added\","
			  "\"name\":\"x\\ny\",\"servers\":[{\"change\":\"added\","
			  "\"address\":\"\\t\"}]}],\"number\":1}",
			  &valid);

	(void)state;
	assert_true(valid);
	assert_string_equal(change.event, "a\\x1bb");
	assert_string_equal(change.held_back[0], "\\xc3\\xa4");
	assert_string_equal(change.upstreams->name, "x\\x0ay");
	assert_string_equal(change.upstreams->servers->address, "\\x09");
	swk_change_free(&change);
}

static void the_number_at_the_end(void **state)
{
	static const struct {
		const char *line;
		uint64_t number;
	} rows[] = {
		{"{\"time\":\"x\",\"number\":12}", 12},
		{"\"number\":12}", 0},
		{",\"number\":12}", 12},
		{"number\":12}", 0},
		{",\"number\":}", 0},
		{",\"number\":12", 0},
		{",\"number\":1 }", 0},
		{",\"number\":-1}", 0},
		{",\"number\":99999999999999999999}", 0},
		{"}", 0},
		{"12}", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].line,
			    (long long)swk_entry_number(rows[i].line, strlen(rows[i].line)),
			    (long long)rows[i].number);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_members),
		cmocka_unit_test(written_as_read),
		cmocka_unit_test(an_index_that_is_too_large),
		cmocka_unit_test(a_fate_is_written_for_readers),
		cmocka_unit_test(invalid_lines),
		cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(the_number_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
