/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "settings/rules.h"

static struct swk_rules defaults(void)
{
	struct swk_rules rules = {0};
	struct swk_error error = {0};

	assert_int_equal(swk_fields_init(&swk_rules_fields, &rules, &error), 0);
	return rules;
}

/* `PATTERN KEY=VALUE KEY=VALUE; PATTERN …`, in the order of a file; `%20` is a blank. */
static struct swk_overrides overrides_of(const char *text)
{
	struct swk_overrides overrides = {0};
	struct swk_error error = {0};
	char *copy = strdup(text), *rest = copy, *part;

	while (*text && (part = strsep(&rest, ";"))) {
		struct swk_override *override;
		char *word;

		part += strspn(part, " ");
		override = swk_overrides_add(&overrides, strsep(&part, " "), &error);
		assert_non_null(override);
		while ((word = strsep(&part, " "))) {
			const char *key = strsep(&word, "=");
			const struct swk_field *field = swk_fields_find(&swk_rules_fields, key);

			if (!field)
				fail_msg("the test's own '%s' is not a key", key);
			if (!strcmp(word, "random%20two"))
				word = strcpy(word, "random two");
			assert_int_equal(swk_override_set(override, field, word, &error), 0);
		}
	}
	free(copy);
	return overrides;
}

static void built_in(void **state)
{
	struct swk_rules rules = defaults();

	(void)state;
	assert_int_equal(rules.max_fails, 3);
	assert_int_equal(rules.fail_timeout, 2);
	assert_int_equal(rules.max_conns, 0);
	assert_int_equal(rules.keepalive, 20);
	assert_int_equal(rules.keepalive_timeout, 0);
	assert_int_equal(rules.keepalive_requests, 0);
	assert_int_equal(rules.balance, SWK_ROUND_ROBIN);
	assert_null(rules.upstream);
	assert_null(rules.port);
	assert_string_equal(rules.address, "service");
	assert_false(rules.allow_hostnames);
	assert_false(rules.connect_native);
	assert_false(rules.require_check);
	assert_int_equal(rules.warning, SWK_WARNING_EXCLUDE);
	assert_int_equal(rules.critical, SWK_UNHEALTHY_EXCLUDE);
	assert_int_equal(rules.maintenance, SWK_UNHEALTHY_EXCLUDE);
	assert_int_equal(rules.empty, SWK_EMPTY_KEEP);
	assert_int_equal(rules.min_healthy.number, 0);
	assert_false(rules.min_healthy.percent);
	assert_true(rules.weights);
	swk_fields_free(&swk_rules_fields, &rules);
}

/* Which entry sets keepalive for a service. Of two keys, each is looked up by itself. */
static void most_specific_wins(void **state)
{
	static const struct {
		const char *overrides, *service;
		unsigned keepalive, max_fails;
	} rows[] = {
		{"", "web", 20, 3},
		{"web keepalive=1", "web", 1, 3},
		{"web keepalive=1", "web2", 20, 3},
		{"web keepalive=1", "Web", 20, 3},
		{"web", "web", 20, 3},
		/* a name wins over every pattern, wherever it is */
		{"web keepalive=1; web-longer-than-it* keepalive=2; w* keepalive=3", "web", 1, 3},
		{"w* keepalive=3; web keepalive=1", "web", 1, 3},
		{"web keepalive=1; we? keepalive=3; *web keepalive=4", "web", 1, 3},
		/* the pattern with more literal characters wins */
		{"* keepalive=1; api-* keepalive=2; a* keepalive=3", "api-x", 2, 3},
		{"api-* keepalive=2; a* keepalive=3; * keepalive=1", "api-x", 2, 3},
		{"* keepalive=1; api-* keepalive=2; a* keepalive=3", "abc", 3, 3},
		{"* keepalive=1; api-* keepalive=2; a* keepalive=3", "web", 1, 3},
		{"**** keepalive=1; a* keepalive=2", "a", 2, 3},
		{"???? keepalive=1; a* keepalive=2", "abcd", 2, 3},
		/* characters in brackets are not literal */
		{"a[bcdef]* keepalive=1; ab* keepalive=2", "abx", 2, 3},
		{"a[]bcdef]* keepalive=1; ab* keepalive=2", "abx", 2, 3},
		{"a[!]xyzw]* keepalive=1; ab* keepalive=2", "abx", 2, 3},
		{"a[^xyzw]* keepalive=1; ab* keepalive=2", "abx", 2, 3},
		{"a[[:alpha:]]* keepalive=1; ab* keepalive=2", "abx", 2, 3},
		{"a[bcd]c* keepalive=1; a* keepalive=2", "abc", 1, 3},
		/* escaped characters are literal */
		{"\\a\\b* keepalive=1; a* keepalive=2", "abc", 1, 3},
		{"\\a\\b* keepalive=1; abc* keepalive=2", "abc", 2, 3},
		/* a bracket that is not closed is a literal character */
		{"a* keepalive=1; a[b* keepalive=2", "a[bc", 2, 3},
		/* of two equally specific patterns the first wins */
		{"a* keepalive=1; *b keepalive=2", "ab", 1, 3},
		{"*b keepalive=2; a* keepalive=1", "ab", 2, 3},
		{"?b keepalive=4; *b keepalive=2; a* keepalive=1; a? keepalive=3", "ab", 4, 3},
		{"* keepalive=1; ** keepalive=2; ? keepalive=3", "a", 1, 3},
		/* each key by itself */
		{"* keepalive=5 max_fails=2; api-* keepalive=50; api-eu max_fails=1", "api-eu", 50,
		 1},
		{"* keepalive=5 max_fails=2; api-* keepalive=50; api-eu max_fails=1", "api-us", 50,
		 2},
		{"* keepalive=5 max_fails=2; api-* keepalive=50; api-eu max_fails=1", "web", 5, 2},
		{"a* keepalive=1; *b keepalive=2 max_fails=9", "ab", 1, 9},
		/* a default that is set counts as set */
		{"* keepalive=5; web keepalive=20", "web", 20, 3},
		{"* keepalive=5; web keepalive=0 max_fails=0", "web", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_overrides overrides = overrides_of(rows[i].overrides);
		struct swk_rules all = defaults(), rules;

		swk_rules_find(&rules, &all, &overrides, rows[i].service);
		unit_number(rows[i].overrides, rules.keepalive, rows[i].keepalive);
		unit_number(rows[i].overrides, rules.max_fails, rows[i].max_fails);
		swk_overrides_free(&overrides);
		assert_null(overrides.list);
		swk_fields_free(&swk_rules_fields, &all);
	}
}

/* Each key changes its own rule, and no other. */
static void every_key(void **state)
{
	static const char *const says[] = {
		"max_fails=9",	    "fail_timeout=9s",	   "max_conns=9",
		"keepalive=9",	    "balance=ip_hash",	   "upstream=other",
		"port=9",	    "address=node",	   "allow_hostnames=1",
		"require_check=1",  "warning=include",	   "critical=down",
		"maintenance=down", "empty=delete",	   "min_healthy=9%",
		"weights=0",	    "keepalive_timeout=9", "keepalive_requests=9",
		"connect_native=1", "failover=dc2",	   "fallback=10.0.0.9:80",
		"filter=x",	    "peer=partner",	   "shares=a=100",
	};

	(void)state;
	assert_int_equal(COUNT(says), swk_rules_fields.count);
	for (size_t i = 0; i < COUNT(says); i++) {
		char text[64];
		struct swk_overrides overrides;
		struct swk_rules all = defaults(), rules;

		(void)snprintf(text, sizeof(text), "web %s", says[i]);
		overrides = overrides_of(text);
		swk_rules_find(&rules, &all, &overrides, "web");
		unit_number(says[i], rules.max_fails, i == 0 ? 9 : 3);
		unit_number(says[i], rules.fail_timeout, i == 1 ? 9 : 2);
		unit_number(says[i], rules.max_conns, i == 2 ? 9 : 0);
		unit_number(says[i], rules.keepalive, i == 3 ? 9 : 20);
		unit_number(says[i], rules.balance, i == 4 ? SWK_IP_HASH : SWK_ROUND_ROBIN);
		unit_same(says[i], rules.upstream, i == 5 ? "other" : NULL);
		unit_same(says[i], rules.port, i == 6 ? "9" : NULL);
		unit_same(says[i], rules.address, i == 7 ? "node" : "service");
		unit_number(says[i], rules.allow_hostnames, i == 8);
		unit_number(says[i], rules.require_check, i == 9);
		unit_number(says[i], rules.warning,
			    i == 10 ? SWK_WARNING_INCLUDE : SWK_WARNING_EXCLUDE);
		unit_number(says[i], rules.critical, i == 11);
		unit_number(says[i], rules.maintenance, i == 12);
		unit_number(says[i], rules.empty, i == 13 ? SWK_EMPTY_DELETE : SWK_EMPTY_KEEP);
		unit_number(says[i], rules.min_healthy.number, i == 14 ? 9 : 0);
		unit_number(says[i], rules.min_healthy.percent, i == 14);
		unit_number(says[i], rules.weights, i != 15);
		unit_number(says[i], rules.keepalive_timeout, i == 16 ? 9 : 0);
		unit_number(says[i], rules.keepalive_requests, i == 17 ? 9 : 0);
		unit_number(says[i], rules.connect_native, i == 18);
		unit_number(says[i], (long long)rules.failover.count, i == 19);
		unit_number(says[i], (long long)rules.fallback.count, i == 20);
		unit_number(says[i], rules.filter != NULL, i == 21);
		unit_number(says[i], (long long)rules.shares.count, i == 23);
		unit_number(says[i], rules.peer != NULL, i == 22);
		swk_overrides_free(&overrides);
		swk_fields_free(&swk_rules_fields, &all);
	}
}

/* The words are in the order of the enums. */
static void words_and_their_meaning(void **state)
{
	static const struct {
		const char *says;
		unsigned balance, warning, empty;
	} rows[] = {
		{"balance=round_robin", SWK_ROUND_ROBIN, 0, 0},
		{"balance=least_conn", SWK_LEAST_CONN, 0, 0},
		{"balance=ip_hash", SWK_IP_HASH, 0, 0},
		{"balance=random%20two", SWK_RANDOM_TWO, 0, 0},
		{"warning=exclude", 0, SWK_WARNING_EXCLUDE, 0},
		{"warning=include", 0, SWK_WARNING_INCLUDE, 0},
		{"warning=weight", 0, SWK_WARNING_WEIGHT, 0},
		{"empty=keep", 0, 0, SWK_EMPTY_KEEP},
		{"empty=down", 0, 0, SWK_EMPTY_DOWN},
		{"empty=delete", 0, 0, SWK_EMPTY_DELETE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64];
		struct swk_overrides overrides;
		struct swk_rules all = defaults(), rules;

		(void)snprintf(text, sizeof(text), "* %s", rows[i].says);
		overrides = overrides_of(text);
		swk_rules_find(&rules, &all, &overrides, "web");
		unit_number(rows[i].says, rules.balance, rows[i].balance);
		unit_number(rows[i].says, rules.warning, rows[i].warning);
		unit_number(rows[i].says, rules.empty, rows[i].empty);
		swk_overrides_free(&overrides);
		swk_fields_free(&swk_rules_fields, &all);
	}
}

/* Without keepalive, its other settings are 0. */
static void without_keepalive(void **state)
{
	static const struct {
		const char *overrides;
		unsigned keepalive, timeout, requests;
	} rows[] = {
		{"web keepalive_timeout=60 keepalive_requests=9", 20, 60, 9},
		{"web keepalive=0 keepalive_timeout=60 keepalive_requests=9", 0, 0, 0},
		{"* keepalive_timeout=60 keepalive_requests=9; web keepalive=0", 0, 0, 0},
		{"* keepalive=0; web keepalive_timeout=60", 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_overrides overrides = overrides_of(rows[i].overrides);
		struct swk_rules all = defaults(), rules;

		swk_rules_find(&rules, &all, &overrides, "web");
		unit_number(rows[i].overrides, rules.keepalive, rows[i].keepalive);
		unit_number(rows[i].overrides, rules.keepalive_timeout, rows[i].timeout);
		unit_number(rows[i].overrides, rules.keepalive_requests, rows[i].requests);
		swk_overrides_free(&overrides);
		swk_fields_free(&swk_rules_fields, &all);
	}
}

/* The result owns nothing: its texts are those of the entries. */
static void texts_are_borrowed(void **state)
{
	struct swk_overrides overrides = overrides_of("web upstream=shop; w* address=lan");
	struct swk_rules all = defaults(), rules, other;

	(void)state;
	swk_rules_find(&rules, &all, &overrides, "web");
	assert_ptr_equal(rules.upstream, overrides.list[1].rules.upstream);
	assert_ptr_equal(rules.address, overrides.list[0].rules.address);
	swk_rules_find(&other, &all, &overrides, "api");
	assert_ptr_equal(other.address, all.address);
	assert_null(other.upstream);
	swk_overrides_free(&overrides);
	swk_fields_free(&swk_rules_fields, &all);
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{"web", "web", true},	    {"web", "Web", false},     {"web", "web2", false},
		{"*", "web", true},	    {"w*b", "web", true},      {"w*b", "wb", true},
		{"w?b", "wb", false},	    {"w?b", "web", true},      {"w[a-e]b", "web", true},
		{"w[!a-e]b", "web", false}, {"w[!a-d]b", "web", true}, {"w\\*", "web", false},
		{"w\\*", "w*", true},	    {"eb", "web", false},      {"*", ".web", true},
		{"a*b", "a/b", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].pattern, swk_pattern_matches(rows[i].pattern, rows[i].name),
			    rows[i].matches);
}

/* An entry without wildcards applies to the service of exactly this name. */
static void plain_names(void **state)
{
	static const struct {
		const char *pattern, *service;
		bool found;
	} rows[] = {
		{"web", "web", true},
		{"web", "Web", false},
		{"web", "web2", false},
		{"web", "we", false},
		{"web", "", false},
		{"web", "a-web", false},
		{"w]b", "w]b", true},
		{"w{e,a}b", "w{e,a}b", true},
		{"w{e,a}b", "web", false},
		{".web", ".web", true},
		{"a/b", "a/b", true},
		{"+(web)", "+(web)", true},
		{"+(web)", "web", false},
		{"w\xc3\xa9", "w\xc3\xa9", true},
		{"w\xc3\xa9", "we\xcc\x81", false},
		{"w\xff", "w\xff", true},
		/* an entry with one is a pattern, even if only one name matches */
		{"we[b]", "web", true},
		{"we[b]", "we[b]", false},
		{"we\\b", "web", true},
		{"we\\b", "we\\b", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64];
		struct swk_overrides overrides;
		struct swk_rules all = defaults(), rules;

		(void)snprintf(text, sizeof(text), "%s keepalive=7", rows[i].pattern);
		overrides = overrides_of(text);
		swk_rules_find(&rules, &all, &overrides, rows[i].service);
		unit_number(rows[i].pattern, rules.keepalive, rows[i].found ? 7 : 20);
		swk_overrides_free(&overrides);
		swk_fields_free(&swk_rules_fields, &all);
	}
}

/* Settings that are only allowed for a single upstream. */
static void names_of_upstreams(void **state)
{
	static const struct {
		const char *name;
		bool taken;
	} rows[] = {
		{"shop", true}, {"Shop_1.x-y", true}, {"_shop", false},	    {"-shop", false},
		{"a b", false}, {"a;b", false},	      {"10.0.0.1", false},  {"localhost", false},
		{"1", true},	{"a/b", false},	      {"LocalHost", false},
	};
	const struct swk_field *field = swk_fields_find(&swk_rules_fields, "upstream");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_rules rules = {0};
		struct swk_error error = {0};

		unit_number(rows[i].name, swk_field_set(field, &rules, rows[i].name, "x", &error),
			    rows[i].taken ? 0 : SWK_USAGE);
		if (!rows[i].taken)
			unit_says(rows[i].name, error.text,
				  "' is not the name of an upstream (letters, digits, '.', '_', "
				  "'-')");
		free(rules.upstream);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_in),	     cmocka_unit_test(most_specific_wins),
		cmocka_unit_test(every_key),	     cmocka_unit_test(words_and_their_meaning),
		cmocka_unit_test(without_keepalive), cmocka_unit_test(texts_are_borrowed),
		cmocka_unit_test(patterns),	     cmocka_unit_test(names_of_upstreams),
		cmocka_unit_test(plain_names),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
