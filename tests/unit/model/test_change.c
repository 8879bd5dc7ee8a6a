/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <time.h>

#include "model/change.h"

/* 2026-11-21T18:47:00Z, in milliseconds. */
#define NOW INT64_C(1795286820000)

static void times_as_text(void **state)
{
	char text[SWK_CHANGE_TIME_MAX];

	(void)state;
	assert_string_equal(swk_change_time(0, text), "1970-01-01T00:00:00Z");
	assert_string_equal(swk_change_time(NOW + 999, text), "2026-11-21T18:47:00Z");
}

static void points(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		uint64_t number;
		int64_t time;
		int64_t longer; /* how much earlier it begins */
	} rows[] = {
		{"42", true, 42, 0, 0},
		{"0", true, 0, 0, 0},
		{"10s", true, 0, NOW - 10000, 0},
		{"10m", true, 0, NOW - 600000, 0},
		{"2h", true, 0, NOW - 7200000, 0},
		{"1d", true, 0, NOW - 86400000, 0},
		{"0m", true, 0, NOW, 0},
		/* The whole second counts. */
		{"2026-11-21T18:47:00Z", true, 0, NOW + 999, 999},
		{"2026-11-21T18:47:00.5Z", true, 0, NOW + 500, 0},
		{"2026-11-21T18:47:00.05Z", true, 0, NOW + 50, 0},
		{"2026-11-21T18:47:00.123Z", true, 0, NOW + 123, 0},
		{"", false, 0, 0, 0},
		{"m", false, 0, 0, 0},
		{"10", true, 10, 0, 0},
		{"-1", false, 0, 0, 0},
		{"10x", false, 0, 0, 0},
		{"10mm", false, 0, 0, 0},
		{"99999999999999999999", false, 0, 0, 0},
		{"99999999d", false, 0, 0, 0},
		{"2026-11-21T18:47:00", false, 0, 0, 0},
		{"2026-11-21T18:47:00.Z", false, 0, 0, 0},
		{"2026-11-21T18:47:00.1234Z", false, 0, 0, 0},
		{"2026-11-21T18:47:00+01:00", false, 0, 0, 0},
		{"2026-11-21", false, 0, 0, 0},
		{"yesterday", false, 0, 0, 0},
		{"2026-11-31T18:47:00Z", false, 0, 0, 0},
		{"2026-11-21T18:47:60Z", false, 0, 0, 0},
		{"26-11-21T18:47:00Z", false, 0, 0, 0},
		{" 2026-11-21T18:47:00Z", false, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_change_point point;

		unit_number(rows[i].text, swk_change_point_read(&point, rows[i].text, NOW),
			    rows[i].valid);
		if (!rows[i].valid)
			continue;
		unit_number(rows[i].text, (long long)point.number, (long long)rows[i].number);
		unit_number(rows[i].text, point.time, rows[i].time);
		unit_number(rows[i].text, point.time - point.from, rows[i].longer);
	}
}

/* ---- a journal from text ---- */

/* Reads changes `NUMBER TIME BEFORE>AFTER`, separated by commas. */
static struct swk_changes journal(const char *text)
{
	static struct swk_change list[16];
	struct swk_changes changes = {.list = list};
	char *copy = strdup(text), *rest = copy, *part;

	while (*text && (part = strsep(&rest, ","))) {
		struct swk_change *this = &list[changes.count++];
		unsigned long long number, before, after;
		long long time;

		*this = (struct swk_change){0};
		assert_int_equal(
			sscanf(part, " %llu %lld %llu>%llu", &number, &time, &before, &after), 4);
		this->number = number;
		this->time = time;
		this->before = before;
		this->after = after;
	}
	free(copy);
	return changes;
}

static void changes_after_a_point(void **state)
{
	static const char some[] = "5 100 1>2, 6 200 2>3, 7 200 3>4, 8 300 4>5";
	/* The clock went back between the second and the third. */
	static const char back[] = "5 100 1>2, 6 900 2>3, 7 200 3>4, 8 300 4>5";
	static const struct {
		const char *journal;
		struct swk_change_point point;
		int first; /* -1: not found */
	} rows[] = {
		{some, {.number = 8}, 4},
		{some, {.number = 6}, 2},
		{some, {.number = 5}, 1},
		{some, {.number = 4}, 0},
		{some, {.number = 3}, -1},
		{some, {.number = 9}, -1},
		{some, {.number = 0}, -1},
		{"1 100 1>2", {.number = 0}, 0},
		{some, {.time = 100}, 1},
		{some, {.time = 199}, 1},
		{some, {.time = 200}, 3},
		{some, {.time = 1000}, 4},
		{some, {.time = 99}, -1},
		{"", {.time = 99}, -1},
		{"", {.number = 1}, -1},
		{back, {.time = 250}, 3},
		{back, {.time = 1000}, 4},
		/* A number is missing, because its line can't be read. */
		{"5 1 1>2, 7 2 2>3", {.number = 6}, -1},
		{"5 1 1>2, 7 2 2>3", {.number = 5}, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_changes changes = journal(rows[i].journal);
		char row[64];
		size_t first = 99;
		bool found = swk_changes_find(&changes, &rows[i].point, &first);

		(void)snprintf(row, sizeof(row), "row %zu", i);
		unit_number(row, found ? (long long)first : -1, rows[i].first);
	}
}

static void fates(void **state)
{
	static const struct {
		const char *journal;
		uint64_t now;
		const char *fates; /* d: done, n: not done, g: gap */
	} rows[] = {
		{"1 0 1>2, 2 0 2>3", 3, "dd"},
		{"1 0 1>2, 2 0 2>3", 2, "dn"},
		{"1 0 1>2, 2 0 2>3", 9, "dg"},
		/* The file was removed. */
		{"1 0 1>2, 2 0 2>3", 0, "dg"},
		/* The first run was killed; the next made the same change. */
		{"1 0 1>2, 2 0 1>2", 2, "nd"},
		{"1 0 1>2, 2 0 1>2, 3 0 2>3", 3, "ndd"},
		/* There and back, and a last run that was killed. */
		{"1 0 1>2, 2 0 2>1, 3 0 1>2", 1, "ddn"},
		/* Another program changed the file between the two. */
		{"1 0 1>2, 2 0 7>3", 3, "gd"},
		/* Before the second, the file was not as swk-apply writes it. */
		{"1 0 1>2, 2 0 0>3", 3, "gd"},
		/* What does not change the file says nothing about it. */
		{"1 0 1>2, 2 0 0>0, 3 0 2>3, 4 0 0>0", 3, "dddd"},
		{"1 0 1>2, 2 0 0>0", 1, "nd"},
		{"1 0 0>2", 2, "d"},
		{"1 0 0>2", 9, "g"},
		/* There was no file, and still is none. */
		{"1 0 0>2", 0, "n"},
		{"1 0 0>0", 0, "d"},
		{"", 1, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_changes changes = journal(rows[i].journal);
		char got[16] = "";

		swk_changes_judge(&changes, rows[i].now);
		for (size_t j = 0; j < changes.count; j++)
			got[j] = "dng"[changes.list[j].fate];
		unit_same(rows[i].journal, got, rows[i].fates);
	}
}

/* ---- instances ---- */

static struct swk_change with_server(char sign, const char *source, const char *address,
				     const char *instance)
{
	struct swk_change change = {.upstreams = calloc(1, sizeof(*change.upstreams)),
				    .upstream_count = 1};
	struct swk_change_upstream *upstream = change.upstreams;

	upstream->sign = '~';
	upstream->source = strdup(source);
	upstream->servers = calloc(1, sizeof(*upstream->servers));
	upstream->server_count = 1;
	upstream->servers[0] = (struct swk_change_server){.sign = sign,
							  .address = strdup(address),
							  .instance = strdup(instance),
							  .node = strdup(*instance ? "n1" : ""),
							  .reason = strdup("")};
	return change;
}

static void names_of_instances_that_are_gone(void **state)
{
	static const struct {
		char sign;
		const char *source, *address, *instance, *named;
	} rows[] = {
		{'-', "web", "10.0.0.1:80", "", ""}, /* nothing is known yet */
		{'+', "web", "10.0.0.1:80", "web-1", "web-1"},
		{'-', "api", "10.0.0.1:80", "", ""}, /* another service */
		{'-', "web", "10.0.0.2:80", "", ""},
		{'-', "web", "10.0.0.1:80", "", "web-1"},
		{'+', "web", "10.0.0.1:80", "web-9", "web-9"},
		{'-', "web", "10.0.0.1:80", "", "web-9"},
		{'-', "web", "10.0.0.1:80", "web-1", "web-1"},
	};
	struct swk_changes changes = {.list = calloc(COUNT(rows), sizeof(*changes.list))};
	struct swk_error error = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		changes.list[changes.count++] = with_server(rows[i].sign, rows[i].source,
							    rows[i].address, rows[i].instance);
	assert_int_equal(swk_changes_name_instances(&changes, &error), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_change_server *server = changes.list[i].upstreams->servers;
		char row[32];

		(void)snprintf(row, sizeof(row), "row %zu", i);
		unit_same(row, server->instance, rows[i].named);
		unit_same(row, server->node, *rows[i].named ? "n1" : "");
	}
	swk_changes_free(&changes);
	swk_changes_free(&changes);
}

/* As many as the largest journal may have. The time of the process counts, not that of the clock.
 */
static void names_of_many_instances(void **state)
{
	enum { MANY = 400000 };
	struct swk_change_server *servers = calloc(MANY, sizeof(*servers));
	struct swk_change_upstream upstream = {
		.source = "web", .servers = servers, .server_count = MANY};
	struct swk_change change = {.upstreams = &upstream, .upstream_count = 1};
	struct swk_changes changes = {.list = &change, .count = 1};
	char(*addresses)[24] = calloc(MANY, sizeof(*addresses));
	struct swk_error error = {0};
	clock_t began;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(addresses[i], sizeof(addresses[i]), "10.%u.%u.%u:80",
			       i * 40503 % 256, i * 40503 / 256 % 256, i / 65536);
		servers[i] = (struct swk_change_server){'+', addresses[i], "web-1", "n1", ""};
	}
	began = clock();
	assert_int_equal(swk_changes_name_instances(&changes, &error), 0);
	assert_true(clock() - began < 4 * CLOCKS_PER_SEC);
	free(addresses);
	free(servers);
}

static void a_change_is_cut(void **state)
{
	struct swk_change change = with_server('+', "web", "10.0.0.1:80", "web-1");

	(void)state;
	swk_change_cut(&change, 7);
	assert_int_equal(change.upstream_count, 0);
	assert_null(change.upstreams);
	assert_int_equal(change.cut, 7);
	swk_change_free(&change);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_as_text),
		cmocka_unit_test(points),
		cmocka_unit_test(changes_after_a_point),
		cmocka_unit_test(fates),
		cmocka_unit_test(names_of_instances_that_are_gone),
		cmocka_unit_test(names_of_many_instances),
		cmocka_unit_test(a_change_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
