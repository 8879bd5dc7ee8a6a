/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/fleet.h"

#define ID "0123456789abcdef"

/* Hosts, separated by blanks. After a name, `*`: its agent has failed. */
static struct swk_hosts hosts_of(const char *text)
{
	struct swk_hosts hosts = {0};
	struct swk_error error = {0};

	while (*text) {
		size_t length = strcspn(text, " "), name = strcspn(text, " *");
		struct swk_host host = {.alive = SWK_FLEET_PASSING};

		memcpy(host.node, text, name);
		if (text[name] == '*')
			host.alive = SWK_FLEET_CRITICAL;
		assert_int_equal(swk_hosts_append(&hosts, &host, &error), 0);
		text += length + (text[length] == ' ');
	}
	return hosts;
}

/* Acknowledgements, separated by blanks: `a+` done, `a-REASON` pending, `a?REASON` invalid, with
 * `_` for a blank in a reason, and `~` on hold; `x` in front: of another request. */
static struct swk_acks acks_of(const char *text)
{
	struct swk_acks acks = {0};
	struct swk_error error = {0};

	while (*text) {
		size_t length = strcspn(text, " "), name = strcspn(text, " +-?");
		const bool other = *text == 'x';
		struct swk_ack ack = {.state = text[name] == '+'   ? SWK_ACK_DONE
					       : text[name] == '?' ? SWK_ACK_INVALID
								   : SWK_ACK_PENDING};

		ack.on_hold = text[length - 1] == '~';
		(void)sprintf(ack.id, "%s", other ? "fedcba9876543210" : ID);
		memcpy(ack.node, text + other, name - other);
		memcpy(ack.reason, text + name + 1, length - name - 1 - ack.on_hold);
		for (char *blank = ack.reason; (blank = strchr(blank, '_')) != NULL;)
			*blank = ' ';
		assert_int_equal(swk_acks_append(&acks, &ack, &error), 0);
		text += length + (text[length] == ' ');
	}
	return acks;
}

static void list(struct swk_fleet *fleet, const char *text)
{
	struct swk_hosts hosts = hosts_of(text);
	struct swk_error error = {0};

	assert_int_equal(swk_fleet_list(fleet, &hosts, &error), 0);
	swk_hosts_free(&hosts);
}

static void answer(struct swk_fleet *fleet, const char *text, int64_t now)
{
	struct swk_acks acks = acks_of(text);

	swk_fleet_answer(fleet, &acks, ID, now);
	swk_acks_free(&acks);
}

static void must_say(const char *row, const struct swk_fleet *fleet, const char *expected)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, 100000);
	assert_int_equal(swk_fleet_describe(&text, fleet, 2, &error), 0);
	unit_same(row, text.data, expected);
	swk_buffer_free(&text);
}

static void answers(void **state)
{
	static const struct {
		const char *hosts, *without, *acks;
		bool over;
		const char *text;
	} cases[] = {
		{"", NULL, "", false, "0 of 0 hosts have confirmed"},
		{"", NULL, "a+", false, "0 of 0 hosts have confirmed"},
		{"a", NULL, "a+", true, "1 of 1 host has confirmed"},
		{"b a", NULL, "a+ b+", true, "2 of 2 hosts have confirmed"},
		/* No answer. */
		{"a b", NULL, "a+", false, "1 of 2 hosts have confirmed; b: no answer"},
		{"a b*", NULL, "a+", false,
		 "1 of 2 hosts have confirmed; b: no answer; Consul finds that its agent has "
		 "failed"},
		/* A host that has confirmed may fail then. */
		{"a* b", NULL, "a+ b+", true, "2 of 2 hosts have confirmed"},
		/* To another request, or by a host that is not registered. */
		{"a", NULL, "xa+", false, "0 of 1 host has confirmed; a: no answer"},
		{"a", NULL, "aa+", false, "0 of 1 host has confirmed; a: no answer"},
		/* Other answers. */
		{"a b", NULL, "a+ b-edge:1", false, "1 of 2 hosts have confirmed; b: edge:1"},
		{"a b", NULL, "a+ b-edge:1~", false,
		 "1 of 2 hosts have confirmed; b: edge:1 (changes are on hold there)"},
		{"a", NULL, "a-web:_changes_are_on_hold~", false,
		 "0 of 1 host has confirmed; a: web: changes are on hold"},
		{"a", NULL, "a-", false, "0 of 1 host has confirmed; a: its answer can't be read"},
		{"a", NULL, "a?why", false,
		 "0 of 1 host has confirmed; a: its swk-apply can't read the request: why"},
		/* No more than two are named. */
		{"a b c d e", NULL, "c+", false,
		 "1 of 5 hosts have confirmed; a: no answer; b: no answer; 2 more"},
		/* Excluded. */
		{"a b", "b", "a+", true, "1 of 1 host has confirmed"},
		{"a b", "b", "a+ b-edge:1", true, "1 of 1 host has confirmed"},
		{"a b", "b", "b+", false, "0 of 1 host has confirmed; a: no answer"},
		{"a b", "c", "a+", false, "1 of 2 hosts have confirmed; b: no answer"},
		{"a", "a", "", true, "0 of 0 hosts have confirmed"},
		{"a\n", NULL, "", false, "0 of 1 host has confirmed; a\\x0a: no answer"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *names[] = {(char *)(uintptr_t)cases[i].without};
		const struct swk_texts without = {names, 1};
		struct swk_fleet fleet = {.without = cases[i].without ? &without : NULL};

		list(&fleet, cases[i].hosts);
		answer(&fleet, cases[i].acks, 0);
		must_say(cases[i].text, &fleet, cases[i].text);
		unit_number(cases[i].text, swk_fleet_over(&fleet), cases[i].over);
		swk_fleet_free(&fleet);
	}
}

static void hosts_come_and_go(void **state)
{
	struct swk_fleet fleet = {0};

	(void)state;
	list(&fleet, "b a");
	answer(&fleet, "a+ b+", 1);
	assert_true(swk_fleet_over(&fleet));
	/* One joins, and is awaited. */
	list(&fleet, "b c a");
	assert_false(swk_fleet_over(&fleet));
	assert_string_equal(fleet.rows[2].host.node, "c");
	assert_false(swk_fleet_has_unlisted(&fleet));
	/* One is missing. Its proxy may still serve. */
	list(&fleet, "a b");
	assert_true(swk_fleet_has_unlisted(&fleet));
	answer(&fleet, "a+ b+", 2);
	assert_false(swk_fleet_over(&fleet));
	must_say("unlisted", &fleet,
		 "2 of 3 hosts have confirmed; c: no answer; Consul does not list this host now");
	/* It returns. */
	list(&fleet, "a b c");
	assert_false(swk_fleet_has_unlisted(&fleet));
	must_say("returned", &fleet, "2 of 3 hosts have confirmed; c: no answer");
	/* Consul loses its data, and another host comes. */
	list(&fleet, "");
	list(&fleet, "b d");
	must_say("lost", &fleet,
		 "2 of 4 hosts have confirmed; c: no answer; Consul does not list this host now; "
		 "d: no answer");
	/* What a host has confirmed counts also if it is gone. */
	answer(&fleet, "a+ b+ c+ d+", 3);
	assert_true(swk_fleet_over(&fleet));
	swk_fleet_free(&fleet);
}

/* A later answer replaces an earlier one; a missing one withdraws it. */
static void answers_change(void **state)
{
	struct swk_fleet fleet = {0};

	(void)state;
	list(&fleet, "a");
	answer(&fleet, "a-why", 5);
	assert_int_equal(fleet.rows[0].answered, 5);
	answer(&fleet, "a+", 7);
	assert_true(swk_fleet_over(&fleet));
	assert_int_equal(fleet.rows[0].answered, 5);
	answer(&fleet, "a-why", 8);
	assert_false(swk_fleet_over(&fleet));
	answer(&fleet, "", 9);
	assert_int_equal(fleet.rows[0].standing, SWK_FLEET_SILENT);
	answer(&fleet, "a+", 11);
	assert_int_equal(fleet.rows[0].answered, 11);
	swk_fleet_free(&fleet);
}

static void unknown(void **state)
{
	char one[] = "a", other[] = "z", *names[] = {one, other};
	const struct swk_texts without = {names, 2};
	struct swk_fleet fleet = {.without = &without};

	(void)state;
	list(&fleet, "a b");
	assert_string_equal(swk_fleet_unknown(&fleet), "z");
	list(&fleet, "a b z");
	assert_null(swk_fleet_unknown(&fleet));
	swk_fleet_free(&fleet);
}

/* Whether any host that is awaited publishes a service. */
static void published(void **state)
{
	struct swk_texts without = {0};
	struct swk_fleet fleet = {.without = &without};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_texts_add(&without, "c", &error), 0);
	list(&fleet, "a b c");
	answer(&fleet, "a+ b+ c+", 1);
	assert_true(swk_fleet_publishes(&fleet, 63));
	fleet.rows[0].ack.unpublished = UINT64_C(1) << 63;
	assert_true(swk_fleet_publishes(&fleet, 63));
	fleet.rows[1].ack.unpublished = UINT64_C(3) << 62;
	assert_false(swk_fleet_publishes(&fleet, 63));
	assert_true(swk_fleet_publishes(&fleet, 62));
	assert_true(swk_fleet_publishes(&fleet, 0));
	swk_fleet_free(&fleet);
	swk_texts_free(&without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),	  cmocka_unit_test(hosts_come_and_go),
		cmocka_unit_test(answers_change), cmocka_unit_test(published),
		cmocka_unit_test(unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
