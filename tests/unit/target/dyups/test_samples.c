/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "target/dyups/samples.h"

static struct swk_live live_of(const char *text)
{
	struct swk_live live = {.readable = SWK_READ_ATTRIBUTES};

	if (*text == '?') {
		live.readable = SWK_READ_ADDRESSES;
		text++;
	}
	live.upstreams = unit_upstreams(text);
	return live;
}

/* Samples with `|` between them; `?` in front: addresses only. */
static struct swk_live merged(const char *samples)
{
	struct swk_dyups_history history = {0};
	struct swk_error error = {0};
	char *copy = strdup(samples), *rest = copy, *text = strsep(&rest, "|");
	struct swk_live live = live_of(text);

	while ((text = strsep(&rest, "|"))) {
		struct swk_live sample = live_of(text);

		assert_int_equal(swk_dyups_merge(&live, &history, &sample, &error), 0);
		assert_null(sample.upstreams.list);
	}
	swk_dyups_history_free(&history);
	free(copy);
	return live;
}

#define A1 "a: 10.0.0.1:80"
#define B1 "b: 10.0.0.1:80"

static void merged_samples(void **state)
{
	static const struct {
		const char *samples, *live;
	} rows[] = {
		{"", ""},
		{"|", ""},
		{A1, A1},
		{A1 "|" A1 "|" A1, A1},
		{A1 "; " B1 "|" B1 "; " A1, A1 "; " B1},
		/* other servers, another spelling */
		{A1 "|a: 10.0.0.2:80", A1 " unread differs"},
		{A1 "|a: 10.0.0.1:80,weight=2", A1 " unread differs"},
		{A1 "|A: 10.0.0.1:80", A1 " unread differs"},
		{A1 "|a: 10.0.0.2:80|" A1, A1 " unread differs"},
		{A1 "|" A1 "|a: 10.0.0.2:80", A1 " unread differs"},
		/* servers that can't be compared */
		{A1 " unread|" A1 " unread", A1 " unread"},
		{A1 " unread|" A1, A1 " unread"},
		{A1 "|a: 10.0.0.2:80 unread", A1 " unread"},
		{A1 " unread|A: 10.0.0.1:80 unread", A1 " unread differs"},
		/* some lack it */
		{A1 "|", A1 " unread some"},
		{"|" A1, A1 " unread some"},
		{A1 "|" A1 "||", A1 " unread some"},
		{"||" A1 "|" A1, A1 " unread some"},
		{A1 "|a: 10.0.0.2:80|", A1 " unread some"},
		{A1 "||a: 10.0.0.2:80", A1 " unread some"},
		/* three switches between samples */
		{A1 "||" A1, A1 " unread some"},
		{"|" A1 "|", A1 " unread some"},
		{"|" A1 "|" A1 "||", A1 " unread some"},
		{A1 "||" A1 "|", A1 " unread returned"},
		{A1 "||A: 10.0.0.1:80|", A1 " unread returned"},
		{A1 "||" A1 "||" A1, A1 " unread returned"},
		{"|" A1 "||" A1, A1 " unread returned"},
		{"|" A1 "||" A1 "|" A1 "|" A1, A1 " unread returned"},
		{A1 "|||" A1 "|" A1 "|||", A1 " unread returned"},
		/* each upstream has its own history */
		{B1 "|" A1 "; " B1 "|" B1 "|" A1 "; " B1 "|" A1 "; " B1,
		 A1 " unread returned; " B1},
		{A1 "; " B1 "|c: 10.0.0.1:80|" A1 "; B: 10.0.0.1:80|" B1,
		 A1 " unread returned; " B1 " unread some; c: 10.0.0.1:80 unread some"},
		{"m: 10.0.0.1:80|" A1 "; z: 10.0.0.1:80|m: 10.0.0.1:80; z: 10.0.0.1:80|" A1
		 "; m: 10.0.0.1:80",
		 A1 " unread returned; m: 10.0.0.1:80 unread some; z: 10.0.0.1:80 unread some"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_live live = merged(rows[i].samples);
		char *shown = unit_show(&live.upstreams);

		unit_same(rows[i].samples, shown, rows[i].live);
		unit_number(rows[i].samples, live.readable, SWK_READ_ATTRIBUTES);
		free(shown);
		swk_live_free(&live);
	}
}

/* The state is only as readable as its least readable sample. */
static void readable(void **state)
{
	static const char *const rows[] = {"?" A1 "|" A1, A1 "|?" A1, A1 "|?" A1 "|" A1};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_live live = merged(rows[i]);

		unit_number(rows[i], live.readable, SWK_READ_ADDRESSES);
		swk_live_free(&live);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_samples),
		cmocka_unit_test(readable),
	};

	return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
