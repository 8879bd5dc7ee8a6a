/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/hash.h"
#include "store/checks.h"

#define HEAD "swk-apply checks 1\n"
#define SETTINGS "settings 0000000000000009\n"
#define NUMBERS "0123456789abcdef fedcba9876543210 00ff00ff00ff00ff"

/* ---- tallies ---- */

static void tallies(void **state)
{
	struct swk_tallies tallies = {0};
	struct swk_error error = {0};

	(void)state;
	swk_tallies_close(&tallies);
	assert_int_equal(swk_tallies_of(&tallies, 1).count, 0);
	for (uint64_t i = 0; i < 100; i++)
		assert_int_equal(swk_tallies_add(&tallies, i * 37 % 10, i, &error), 0);
	assert_int_equal(swk_tallies_add(&tallies, UINT64_MAX, UINT64_MAX, &error), 0);
	assert_int_equal(swk_tallies_add(&tallies, UINT64_MAX, 3, &error), 0);
	swk_tallies_close(&tallies);
	assert_int_equal(tallies.count, 11);
	/* Under 0 are 0, 10, …, 90; under 7 are 1, 11, …, 91. */
	assert_int_equal(swk_tallies_of(&tallies, 0).sum, 450);
	assert_int_equal(swk_tallies_of(&tallies, 7).sum, 460);
	assert_int_equal(swk_tallies_of(&tallies, 7).count, 10);
	assert_int_equal(swk_tallies_of(&tallies, UINT64_MAX).sum, 2);
	assert_int_equal(swk_tallies_of(&tallies, UINT64_MAX).count, 2);
	assert_int_equal(swk_tallies_of(&tallies, 10).sum, 0);
	assert_int_equal(swk_tallies_of(&tallies, 10).count, 0);
	swk_tallies_free(&tallies);
	swk_tallies_free(&tallies);
}

static void known_numbers(void **state)
{
	(void)state;
	/* FNV-1a's test vectors: of nothing, "a" and "foobar". */
	assert_true(swk_hash_bytes(SWK_HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
	assert_true(swk_hash_bytes(SWK_HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(swk_hash_bytes(SWK_HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
	/* MurmurHash3's finalizer, of 1. */
	assert_true(swk_hash_end(1) == UINT64_C(0xb456bcfc34c2cb2c));
	/* The end of a text counts, and NULL differs from "". */
	assert_true(swk_hash_text(swk_hash_text(1, "a"), "bc") !=
		    swk_hash_text(swk_hash_text(1, "ab"), "c"));
	assert_true(swk_hash_text(1, NULL) != swk_hash_text(1, ""));
}

static void keys(void **state)
{
	(void)state;
	assert_true(swk_checks_service("web") != swk_checks_node("web"));
	assert_true(swk_checks_service("web") != swk_checks_service("Web"));
	assert_true(swk_checks_node("edge-1") == swk_checks_node("EDGE-1"));
	assert_true(swk_checks_node("edge-1") != swk_checks_node("edge-2"));
	assert_true(swk_checks_node("[") != swk_checks_node("{"));
}

/* Each difference in a check gives another number, except for members that may differ between a
 * document and an answer. */
static void numbers_of_checks(void **state)
{
	const struct swk_check check = {"n", "c", "w1", "web", "passing", 7, false, true};
	struct swk_check others[] = {check, check, check, check, check, check};
	const uint64_t number = swk_checks_number(&check);

	(void)state;
	others[0].node = "m";
	others[1].id = "d";
	others[2].service_id = "w2";
	others[3].status = "critical";
	others[4].index = 8;
	others[5].node = "nc";
	others[5].id = "";
	for (size_t i = 0; i < COUNT(others); i++)
		assert_true(swk_checks_number(&others[i]) != number);
	others[0] = check;
	others[0].service = "other";
	assert_true(swk_checks_number(&others[0]) == number);
}

/* ---- comparing a document ---- */

/* A check from a word: `web/w1:passing` of a service, at node n1; `n1:passing` of a node; `@7` at
 * the end is the index of its last change. */
static struct swk_check check_of(char *word)
{
	struct swk_check check = {.node = "n1",
				  .id = "c",
				  .service_id = "",
				  .service = "",
				  .status = "passing",
				  .of_node = !strchr(word, '/'),
				  .readable = true};
	char *index = strchr(word, '@'), *status;

	if (index) {
		*index = '\0';
		check.index = strtod(index + 1, NULL);
	}
	status = strchr(word, ':');
	assert_non_null(status);
	*status = '\0';
	check.status = status + 1;
	if (check.of_node) {
		check.node = word;
		return check;
	}
	check.service = strsep(&word, "/");
	check.service_id = check.id = word;
	return check;
}

static struct swk_tallies document_of(const char *text)
{
	struct swk_tallies document = {0};
	struct swk_error error = {0};
	char *copy = strdup(text), *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		struct swk_check check;

		if (!*word)
			continue;
		check = check_of(word);
		assert_int_equal(swk_tallies_add(&document,
						 check.of_node ? swk_checks_node(check.node)
							       : swk_checks_service(check.service),
						 swk_checks_number(&check), &error),
				 0);
	}
	free(copy);
	swk_tallies_close(&document);
	return document;
}

/* Records an answer about web: words for its own checks and, for each instance, for its node's
 * checks. */
static void see(struct swk_checks_entry *seen, const char *own, const char *const *nodes,
		size_t count, uint64_t blocks)
{
	struct swk_tallies tallies = document_of(own), of_nodes = {0}, each;
	struct swk_error error = {0};
	uint64_t sum = swk_tallies_of(&tallies, swk_checks_service("web")).sum;

	for (size_t i = 0; i < count; i++) {
		char name[3] = {nodes[i][0], nodes[i][1], '\0'};

		each = document_of(nodes[i] + strcspn(nodes[i], " "));
		assert_int_equal(swk_tallies_add(&of_nodes, swk_checks_node(name),
						 swk_tallies_of(&each, swk_checks_node(name)).sum,
						 &error),
				 0);
		swk_tallies_free(&each);
	}
	assert_int_equal(swk_checks_set(seen, sum, &of_nodes, &error), 0);
	seen->blocks = blocks;
	swk_tallies_free(&of_nodes);
	swk_tallies_free(&tallies);
}

/* Three instances on two nodes, and the document from that time. */
static const char *const two_nodes[] = {"n1 n1:passing", "n2 n2:passing@4", "n1 n1:passing"};
#define OWN "web/w1:passing@1 web/w2:passing@2 web/w3:warning"
#define NODES " n1:passing n2:passing@4"

static void documents(void **state)
{
	static const struct {
		const char *document;
		bool same;
	} rows[] = {
		{OWN NODES, true},
		/* In another order, and with checks of others. */
		{"n2:passing@4 api/a1:critical web/w3:warning web/w2:passing@2 n1:passing "
		 "web/w1:passing@1 n3:critical Web/w1:critical",
		 true},
		{"web/w1:critical@1 web/w2:passing@2 web/w3:warning" NODES, false},
		/* Changed, and changed back. */
		{"web/w1:passing@9 web/w2:passing@2 web/w3:warning" NODES, false},
		{"web/w1:passing@2 web/w2:passing@1 web/w3:warning" NODES, false},
		/* A node's check. */
		{OWN " n1:passing n2:critical@4", false},
		{OWN " n1:passing n2:passing@5", false},
		{OWN " n1:passing", false},
		{OWN NODES " n1:critical", false},
		/* One more, one less, none. */
		{OWN " web/w4:passing" NODES, false},
		{"web/w1:passing@1 web/w2:passing@2" NODES, false},
		{NODES, false},
		{"", false},
		/* Checks of another service. */
		{"Web/w1:passing@1 Web/w2:passing@2 Web/w3:warning" NODES, false},
	};
	struct swk_tallies blocks = {0}, others = {0};
	struct swk_checks_entry seen = {.service = "web"}, bare = {.service = "web"};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_tallies_add(&blocks, swk_checks_service("web"), 5, &error), 0);
	assert_int_equal(swk_tallies_add(&others, swk_checks_service("web"), 6, &error), 0);
	assert_int_equal(swk_tallies_add(&blocks, swk_checks_service("api"), 9, &error), 0);
	swk_tallies_close(&blocks);
	see(&seen, OWN, two_nodes, COUNT(two_nodes), 5);
	see(&bare, OWN, two_nodes, COUNT(two_nodes), 0);
	assert_int_equal(seen.node_count, 2);
	assert_true(seen.nodes[0] < seen.nodes[1]);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_tallies document = document_of(rows[i].document);

		unit_number(rows[i].document, swk_checks_same(&seen, &document, &blocks),
			    rows[i].same);
		/* FILE now has other upstreams of the service, or has any at all. */
		unit_number(rows[i].document, swk_checks_same(&seen, &document, &others), false);
		unit_number(rows[i].document, swk_checks_same(&bare, &document, &blocks), false);
		swk_tallies_free(&document);
	}
	free(seen.nodes);
	free(bare.nodes);
	swk_tallies_free(&blocks);
	swk_tallies_free(&others);
}

/* No upstream in FILE is a valid state, too, for example of a service that is not published. */
static void without_blocks(void **state)
{
	struct swk_checks_entry seen = {.service = "web"};
	struct swk_tallies document = document_of(OWN NODES), none = {0};

	(void)state;
	see(&seen, OWN, two_nodes, COUNT(two_nodes), 0);
	assert_true(swk_checks_same(&seen, &document, &none));
	free(seen.nodes);
	swk_tallies_free(&document);
}

/* ---- as text ---- */

static char *written(const struct swk_checks *checks)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SWK_CHECKS_MAX);
	assert_int_equal(swk_checks_write(&out, checks, &error), 0);
	return out.data;
}

/* Reads a text in memory of its exact length, and returns the damaged line. */
static size_t read_text(struct swk_checks *checks, const char *text, size_t length)
{
	struct swk_error error = {0};
	char *copy = malloc(length + 1);
	size_t damaged = 12345;

	*checks = (struct swk_checks){0};
	assert_non_null(copy);
	memcpy(copy + 1, text, length);
	assert_int_equal(swk_checks_read(checks, copy + 1, length, &damaged, &error), 0);
	free(copy);
	if (damaged) {
		assert_int_equal(checks->settings, 0);
		assert_int_equal(checks->count, 0);
		assert_null(checks->list);
	}
	return damaged;
}

static const char whole[] = HEAD "settings 0123456789abcdef\n"
				 "service 0000000000000001 ffffffffffffffff 1000000000000000 Web\n"
				 "node 0000000000000000\n"
				 "node 00000000000000ab\n"
				 "node ffffffffffffffff\n"
				 "service 0000000000000000 0000000000000000 0000000000000000 api\n"
				 "service fedcba9876543210 0000000000000002 0000000000000003 web\n"
				 "node 0000000000000007\n"
				 "end\n";

static void written_and_read(void **state)
{
	struct swk_checks checks = {0};
	const struct swk_checks_entry *seen;
	char *text;

	(void)state;
	assert_int_equal(read_text(&checks, whole, strlen(whole)), 0);
	assert_true(checks.settings == UINT64_C(0x0123456789abcdef));
	assert_int_equal(checks.count, 3);
	seen = swk_checks_find(&checks, "Web");
	assert_non_null(seen);
	assert_int_equal(seen->checks, 1);
	assert_true(seen->blocks == UINT64_MAX);
	assert_true(seen->answer == UINT64_C(0x1000000000000000));
	assert_int_equal(seen->node_count, 3);
	assert_int_equal(seen->nodes[1], 0xab);
	seen = swk_checks_find(&checks, "web");
	assert_non_null(seen);
	assert_true(seen->checks == UINT64_C(0xfedcba9876543210));
	assert_int_equal(seen->node_count, 1);
	assert_null(swk_checks_find(&checks, "wea"));
	assert_null(swk_checks_find(&checks, "webs"));
	text = written(&checks);
	assert_string_equal(text, whole);
	free(text);
	swk_checks_free(&checks);
	swk_checks_free(&checks);
}

static void nothing_seen(void **state)
{
	static const struct swk_checks nothing = {.settings = 9};
	struct swk_checks checks;
	char *text = written(&nothing);

	(void)state;
	assert_string_equal(text, HEAD SETTINGS "end\n");
	assert_int_equal(read_text(&checks, text, strlen(text)), 0);
	assert_int_equal(checks.settings, 9);
	swk_checks_free(&checks);
	free(text);
}

static void damage(void **state)
{
	static const struct {
		const char *text;
		size_t line; /* 0: none */
	} rows[] = {
		{HEAD SETTINGS "end\n", 0},
		{"", 1},
		{"\n", 1},
		{"swk-apply checks 2\n" SETTINGS "end\n", 1},
		{"swk-apply state 1\n" SETTINGS "end\n", 1},
		{"end\n", 1},
		{HEAD, 2},
		{HEAD "end\n", 2},
		{HEAD "settings 000000000000000\nend\n", 2},
		{HEAD "settings 00000000000000000\nend\n", 2},
		{HEAD "settings 000000000000000A\nend\n", 2},
		{HEAD "settings 000000000000000 \nend\n", 2},
		{HEAD "settings -00000000000000a\nend\n", 2},
		{HEAD "settings 0x00000000000000\nend\n", 2},
		{HEAD "settings \nend\n", 2},
		{HEAD "settings\nend\n", 2},
		{HEAD "service " NUMBERS " web\nend\n", 2},
		{HEAD SETTINGS, 3},
		{HEAD SETTINGS "end", 3},
		{HEAD SETTINGS "end \n", 3},
		{HEAD SETTINGS "end\nend\n", 4},
		{HEAD SETTINGS "end\nservice " NUMBERS " web\n", 4},
		{HEAD SETTINGS SETTINGS "end\n", 3},
		{HEAD SETTINGS "\nend\n", 3},
		{HEAD SETTINGS "other\nend\n", 3},
		/* services */
		{HEAD SETTINGS "service " NUMBERS " web\nend\n", 0},
		{HEAD SETTINGS "service " NUMBERS " web\r\nend\n", 3},
		{HEAD SETTINGS "service " NUMBERS " we/b\nend\n", 3},
		{HEAD SETTINGS "service " NUMBERS " \nend\n", 3},
		{HEAD SETTINGS "service " NUMBERS "\nend\n", 3},
		{HEAD SETTINGS "service " NUMBERS "  web\nend\n", 3},
		{HEAD SETTINGS "service 0123456789abcdef web\nend\n", 3},
		{HEAD SETTINGS "service 0123456789abcdef fedcba9876543210 web\nend\n", 3},
		{HEAD SETTINGS
		 "service 0123456789abcdef fedcba9876543210 00ff00ff00ff00f web\nend\n",
		 3},
		{HEAD SETTINGS "service \nend\n", 3},
		{HEAD SETTINGS "service\nend\n", 3},
		{HEAD SETTINGS "service " NUMBERS " a\nservice " NUMBERS " b\nend\n", 0},
		{HEAD SETTINGS "service " NUMBERS " a\nservice " NUMBERS " a\nend\n", 4},
		{HEAD SETTINGS "service " NUMBERS " b\nservice " NUMBERS " a\nend\n", 4},
		{HEAD SETTINGS "service " NUMBERS " a\nservice " NUMBERS " A\nend\n", 4},
		/* nodes */
		{HEAD SETTINGS "node 0000000000000001\nend\n", 3},
		{HEAD SETTINGS "service " NUMBERS " a\nnode 0000000000000001\nend\n", 0},
		{HEAD SETTINGS "service " NUMBERS " a\nnode 000000000000001\nend\n", 4},
		{HEAD SETTINGS "service " NUMBERS " a\nnode 0000000000000001 \nend\n", 4},
		{HEAD SETTINGS "service " NUMBERS " a\nnode n1\nend\n", 4},
		{HEAD SETTINGS "service " NUMBERS " a\nnode\nend\n", 4},
		{HEAD SETTINGS "service " NUMBERS " a\nnode 0000000000000001\n"
			       "node 0000000000000001\nend\n",
		 5},
		{HEAD SETTINGS "service " NUMBERS " a\nnode 0000000000000002\n"
			       "node 0000000000000001\nend\n",
		 5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_checks checks;

		unit_number(rows[i].text,
			    (long long)read_text(&checks, rows[i].text, strlen(rows[i].text)),
			    (long long)rows[i].line);
		swk_checks_free(&checks);
	}
}

static void cut_anywhere(void **state)
{
	struct swk_checks checks;

	(void)state;
	for (size_t length = 0; length < strlen(whole); length++) {
		if (!read_text(&checks, whole, length))
			fail_msg("cut to %zu bytes, it is accepted", length);
	}
}

static void nul_anywhere(void **state)
{
	char copy[sizeof(whole)];
	struct swk_checks checks;

	(void)state;
	for (size_t i = 0; i < strlen(whole); i++) {
		memcpy(copy, whole, sizeof(whole));
		copy[i] = '\0';
		if (!read_text(&checks, copy, strlen(whole)))
			fail_msg("with a NUL at %zu, it is accepted", i);
	}
}

static void line_too_long(void **state)
{
	char *name = unit_repeat('x', 100000), *text;
	struct swk_checks checks;

	(void)state;
	assert_true(asprintf(&text, HEAD SETTINGS "service " NUMBERS " %s\nend\n", name) > 0);
	assert_int_equal(read_text(&checks, text, strlen(text)), 3);
	free(text);
	free(name);
}

/* An empty file is a buffer without any bytes. */
static void no_bytes(void **state)
{
	struct swk_checks checks = {0};
	struct swk_error error = {0};
	size_t damaged = 0;

	(void)state;
	assert_int_equal(swk_checks_read(&checks, NULL, 0, &damaged, &error), 0);
	assert_int_equal(damaged, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tallies),
		cmocka_unit_test(known_numbers),
		cmocka_unit_test(keys),
		cmocka_unit_test(numbers_of_checks),
		cmocka_unit_test(documents),
		cmocka_unit_test(without_blocks),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(nothing_seen),
		cmocka_unit_test(damage),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(nul_anywhere),
		cmocka_unit_test(line_too_long),
		cmocka_unit_test(no_bytes),
	};

	return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
