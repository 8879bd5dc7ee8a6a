/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/shares.h"
#include "settings/rules.h"

/* Shares from text: `canary=5 =95`. */
static struct swk_shares shares_of(const char *text)
{
	const struct swk_field *field = swk_fields_find(&swk_rules_fields, "shares");
	struct swk_rules rules = {0};
	struct swk_error error = {0};
	char *copy = strdup(text), *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		if (swk_field_set(field, &rules, word, "test", &error))
			fail_msg("%s: %s", text, error.text);
	}
	free(copy);
	return rules.shares;
}

static void free_shares(struct swk_shares *shares)
{
	struct swk_rules rules = {.shares = *shares};

	swk_fields_free(&swk_rules_fields, &rules);
}

static void add_server(struct swk_upstream *upstream, unsigned group, unsigned weight,
		       const char *attributes)
{
	struct swk_error error = {0};
	struct swk_server server = {.weight = weight,
				    .group = (uint8_t)group,
				    .backup = strstr(attributes, "backup") != NULL,
				    .down = strstr(attributes, "down") != NULL};
	char literal[32];

	(void)snprintf(literal, sizeof(literal), "10.0.%zu.%zu", upstream->count / 250,
		       upstream->count % 250 + 1);
	assert_true(swk_server_set_address(&server, literal, 80));
	assert_int_equal(swk_upstream_add(upstream, &server, &error), 0);
}

/* Servers from text: `GROUP:WEIGHT`, or `GROUP:WEIGHT*COUNT`, perhaps with `,backup` or `,down`. */
static struct swk_upstream servers_of(const char *text)
{
	struct swk_upstream upstream = {0};
	char *copy = strdup(text), *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		unsigned group, weight, count = 1;

		assert_true(sscanf(word, "%u:%u*%u", &group, &weight, &count) >= 2);
		for (unsigned i = 0; i < count; i++)
			add_server(&upstream, group, weight, word);
	}
	free(copy);
	return upstream;
}

/* The weights, with equal neighbours as `WEIGHT*COUNT`. */
static const char *weights(const struct swk_upstream *upstream)
{
	static char text[4096];
	size_t length = 0, same;

	text[0] = '\0';
	for (size_t i = 0; i < upstream->count; i += same) {
		const unsigned weight = upstream->servers[i].weight;

		for (same = 1;
		     i + same < upstream->count && upstream->servers[i + same].weight == weight;)
			same++;
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%u",
					   length ? " " : "", weight);
		if (same > 1)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "*%zu",
						   same);
	}
	return text;
}

static void weighed(void **state)
{
	static const struct {
		const char *shares, *servers;
		unsigned most;
		const char *weights, *parts;
	} rows[] = {
		{"canary=5 =95", "1:1 2:1", 100, "1 19", "canary 5%, no colour 95%"},
		{"canary=5 =95", "1:1 2:1*5", 100, "5 19*5", "canary 5%, no colour 95%"},
		{"canary=5 =95", "1:1*3 2:1*7", 100, "7*3 57*7", "canary 5%, no colour 95%"},
		{"canary=5 =95", "1:1 2:1*19", 100, "1*20", "canary 5%, no colour 95%"},
		{"a=50 b=50", "1:1*3 2:1*3", 100, "1*6", "a 50%, b 50%"},
		{"a=1 b=1 =98", "1:1 2:1 3:1", 100, "1*2 98", "a 1%, b 1%, no colour 98%"},
		{"canary=100", "1:7*3", 100, "1*3", "canary 100%"},
		/* a colour without a server gives its share to the others */
		{"canary=5 =95", "2:1*4", 100, "1*4", "canary 0%, no colour 100%"},
		{"a=20 b=40 =40", "2:1 3:1*2", 100, "2 1*2", "a 0%, b 50%, no colour 50%"},
		{"a=10 b=30 =60", "1:1 2:1", 100, "1 3", "a 25%, b 75%, no colour 0%"},
		/* weights count within a colour only */
		{"canary=5 =95", "1:100 2:1*2", 100, "2 19*2", "canary 5%, no colour 95%"},
		{"canary=10 =90", "1:1 2:2 2:1", 100, "1 6 3", "canary 10%, no colour 90%"},
		{"canary=10 =90", "1:1 2:20 2:10", 100, "1 6 3", "canary 10%, no colour 90%"},
		{"a=50 b=50", "1:3 1:5 2:1", 100, "3 5 8", "a 50%, b 50%"},
		/* and are limited there */
		{"canary=10 =90", "1:1 2:1000 2:100", 10, "11 90 9", "canary 10%, no colour 90%"},
		{"canary=10 =90", "1:65535 2:65535 2:1", 65535, "28 255 1",
		 "canary 9.9%, no colour 90.1%"},
		{"canary=10 =90", "1:1 2:65535 2:1*200", 65535, NULL,
		 "canary 10.1%, no colour 89.9%"},
		{"a=18 b=82", "1:100 1:1*44 2:1", 100, NULL, NULL},
		/* down, and backups, which share among themselves */
		{"canary=5 =95", "1:1 1:9,down 2:1", 100, "1*2 19", "canary 5%, no colour 95%"},
		{"canary=5 =95", "1:1,down 2:1", 100, "1*2", "canary 0%, no colour 100%"},
		{"canary=5 =95", "1:1 2:1 1:1,backup 2:1,backup*1 2:1,backup", 100, "1 19 2 19*2",
		 "canary 5%, no colour 95%"},
		{"canary=5 =95", "1:1,backup 2:1", 100, "1*2", "canary 0%, no colour 100%"},
		{"canary=5 =95", "1:8,down 2:9,down", 100, "1*2", "canary 0%, no colour 0%"},
		/* no group: that of the largest share */
		{"canary=5 =95", "1:1 2:1 0:1", 100, "2 19*2", "canary 5%, no colour 95%"},
		{"a=40 b=60 =0", "0:1*3", 100, "1*3", "a 0%, b 100%, no colour 0%"},
		/* rounded to 256 */
		{"canary=5 =95", "1:1 2:1*400", 100, NULL, "canary 5%, no colour 95%"},
		{"canary=33 =67", "1:1*29 2:1*31", 100, NULL, "canary 33%, no colour 67%"},
		/* not possible with 256 */
		{"canary=99 =1", "1:1 2:1*200", 100, "19800 1*200", "canary 99%, no colour 1%"},
		{"canary=10 =90", "1:1 2:1*10000", 100, "10000 9*10000", NULL},
		{"canary=99 =1", "1:1 2:1*700", 100, "65535 1*700", "canary 98.9%, no colour 1.1%"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_shares shares = shares_of(rows[i].shares);
		struct swk_upstream upstream = servers_of(rows[i].servers);
		char parts[SWK_TEXT_MAX], row[128];

		(void)snprintf(row, sizeof(row), "%s, %s", rows[i].shares, rows[i].servers);
		swk_shares_weigh(&upstream, &shares, rows[i].most, SWK_WEIGHT_MAX);
		swk_shares_describe(parts, &upstream, &shares, SWK_WEIGHT_MAX);
		if (rows[i].weights)
			unit_same(row, weights(&upstream), rows[i].weights);
		if (rows[i].parts)
			unit_same(row, parts, rows[i].parts);
		unit_number(row, swk_shares_hold(&upstream, &shares, SWK_WEIGHT_MAX), true);
		swk_upstream_free(&upstream);
		free_shares(&shares);
	}
}

/* What a target with smaller weights makes of it. */
static void scaled(void **state)
{
	static const struct {
		const char *shares, *servers, *parts;
		bool hold;
	} rows[] = {
		{"canary=5 =95", "1:1 2:1*400", "canary 5%, no colour 95%", true},
		{"canary=99 =1", "1:1 2:1*200", "canary 56.1%, no colour 43.9%", false},
		{"canary=99 =1", "1:1 2:1*3", "canary 98.8%, no colour 1.2%", true},
		{"canary=99 =1", "1:1 2:1*5", "canary 98.1%, no colour 1.9%", true},
		{"canary=99 =1", "1:1 2:1*6", "canary 97.7%, no colour 2.3%", false},
		/* exact weights up to 472, scaled, would miss by 2 points */
		{"a=59 b=40 =1", "1:1 2:1*40 3:1*8", "a 58.4%, b 39.7%, no colour 1.8%", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_shares shares = shares_of(rows[i].shares);
		struct swk_upstream upstream = servers_of(rows[i].servers);
		char parts[SWK_TEXT_MAX];

		swk_shares_weigh(&upstream, &shares, 100, SWK_SHARES_WEIGHT);
		swk_shares_describe(parts, &upstream, &shares, 256);
		unit_same(rows[i].servers, parts, rows[i].parts);
		unit_number(rows[i].servers, swk_shares_hold(&upstream, &shares, 256),
			    rows[i].hold);
		swk_upstream_free(&upstream);
		free_shares(&shares);
	}
}

static void lacking(void **state)
{
	static const struct {
		const char *shares;
		uint64_t colours;
		bool lack;
	} rows[] = {
		{"canary=5 =95", 0, true},   {"canary=5 =95", 1, true},
		{"canary=5 =95", 2, true},   {"canary=5 =95", 3, false},
		{"canary=0 =100", 2, false}, {"canary=0 =100", 0, true},
		{"canary=100 =0", 1, false}, {"a=50 b=50", 3, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_shares shares = shares_of(rows[i].shares);
		const struct swk_upstream upstream = {.colours = rows[i].colours};

		unit_number(rows[i].shares, swk_shares_lack(&shares, &upstream), rows[i].lack);
		free_shares(&shares);
	}
}

/* ---- random upstreams ---- */

static uint64_t random_state = 1;

static unsigned below(unsigned count)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ z >> 31) % count);
}

/* 1 to 4 colours, of at least 1 percent each. */
static void make_shares(char text[128])
{
	unsigned percents[4] = {1, 1, 1, 1}, colours = 1 + below(4), rest = 100 - colours;
	size_t length = 0;

	for (unsigned i = 0; i < colours; i++) {
		unsigned part = i + 1 < colours ? below(rest + 1) : rest;

		percents[i] += part;
		rest -= part;
		length +=
			(size_t)snprintf(text + length, 128 - length, "%s%.*s=%u", i ? " " : "",
					 i > 0, (const char[]){(char)('a' + i), '\0'}, percents[i]);
	}
}

static struct swk_upstream make_servers(const struct swk_shares *shares, unsigned most_servers)
{
	struct swk_upstream upstream = {0};

	for (unsigned i = 0; i < shares->count; i++) {
		const unsigned count = below(4) ? 1 + below(most_servers) : 0;
		const unsigned most = below(3) ? 1 : below(2) ? 100 : 65535;

		for (unsigned j = 0; j < count; j++)
			add_server(&upstream, i + 1, 1 + below(most), below(20) ? "" : "down");
	}
	return upstream;
}

/* The part of a colour in the requests, and what it should be, in percent; -1: it has no server. */
static double part_of(const struct swk_upstream *upstream, const struct swk_shares *shares,
		      unsigned group, double *due)
{
	double all = 0, own = 0, percents = 0;
	bool has[8] = {false};

	for (size_t i = 0; i < upstream->count; i++) {
		const struct swk_server *server = &upstream->servers[i];

		if (server->down)
			continue;
		if (!has[server->group])
			percents += shares->list[server->group - 1].percent;
		has[server->group] = true;
		all += server->weight;
		own += server->group == group ? server->weight : 0;
	}
	*due = 100.0 * shares->list[group - 1].percent / percents;
	return has[group] ? 100 * own / all : -1;
}

static void check_random(const char *row, const struct swk_upstream *upstream,
			 const struct swk_shares *shares, unsigned most)
{
	for (size_t i = 0; i < upstream->count; i++) {
		if (upstream->servers[i].weight < 1 || upstream->servers[i].weight > most)
			fail_msg("%s: weight %u", row, upstream->servers[i].weight);
	}
	for (unsigned i = 1; i <= shares->count; i++) {
		double due, is = part_of(upstream, shares, i, &due);

		if (is >= 0 && (is < due - 1 || is > due + 1))
			fail_msg("%s: colour %u gets %.2f%%, not %.2f%%", row, i, is, due);
	}
}

static void random_shares_hold(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		char text[128], row[160];
		struct swk_shares shares;
		struct swk_upstream upstream;
		bool small = i % 2;

		make_shares(text);
		shares = shares_of(text);
		upstream = make_servers(&shares, small ? 2 : 600);
		(void)snprintf(row, sizeof(row), "round %u: %s, %zu servers", i, text,
			       upstream.count);
		swk_shares_weigh(&upstream, &shares, below(2) ? 100 : SWK_WEIGHT_MAX,
				 SWK_WEIGHT_MAX);
		check_random(row, &upstream, &shares, SWK_WEIGHT_MAX);
		swk_upstream_free(&upstream);
		free_shares(&shares);
	}
}

/* An upstream with the servers of two colours, and their shares. */
static struct swk_shares make_two(struct swk_upstream *upstream, unsigned percent, unsigned one,
				  unsigned other, char row[64])
{
	char text[32];

	(void)snprintf(text, sizeof(text), "a=%u =%u", percent, 100 - percent);
	(void)snprintf(row, 64, "%s, %u and %u servers", text, one, other);
	for (unsigned i = 0; i < one + other; i++)
		add_server(upstream, i < one ? 1 : 2, 1, "");
	return shares_of(text);
}

/* So HAProxy needs no other weights than nginx. */
static void few_servers_have_small_weights(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		const unsigned percent = 10 + below(81), one = 1 + below(20), other = 1 + below(20);
		struct swk_upstream upstream = {0};
		struct swk_shares shares;
		char row[64];

		shares = make_two(&upstream, percent, one, other, row);
		swk_shares_weigh(&upstream, &shares, 100, SWK_WEIGHT_MAX);
		check_random(row, &upstream, &shares, 256);
		swk_upstream_free(&upstream);
		free_shares(&shares);
	}
}

/* A colour's least part is that with 1 for each of its servers, and 256 for each of the other's. */
static bool is_possible(unsigned percent, unsigned servers, unsigned others)
{
	return 100.0 * servers / (256.0 * others + servers) <= percent + 1;
}

static void weights_up_to_256_are_enough_if_possible(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		const unsigned percent = 1 + below(99), one = 1 + below(500),
			       other = 1 + below(500);
		const bool possible =
			is_possible(percent, one, other) && is_possible(100 - percent, other, one);
		struct swk_upstream upstream = {0};
		struct swk_shares shares;
		char row[64];

		shares = make_two(&upstream, percent, one, other, row);
		swk_shares_weigh(&upstream, &shares, 100, SWK_SHARES_WEIGHT);
		unit_number(row, swk_shares_hold(&upstream, &shares, SWK_SHARES_WEIGHT), possible);
		swk_upstream_free(&upstream);
		free_shares(&shares);
	}
}

/* Of the instances in Consul's answer. Otherwise FILE would change without a reason. */
static void order_does_not_matter(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		char text[128];
		struct swk_shares shares;
		struct swk_upstream upstream, again = {0};
		struct swk_error error = {0};

		make_shares(text);
		shares = shares_of(text);
		upstream = make_servers(&shares, 60);
		for (size_t j = upstream.count; j-- > 0;)
			assert_int_equal(swk_upstream_add(&again, &upstream.servers[j], &error), 0);
		swk_upstream_tidy(&upstream);
		swk_upstream_tidy(&again);
		swk_shares_weigh(&upstream, &shares, 100, SWK_WEIGHT_MAX);
		swk_shares_weigh(&again, &shares, 100, SWK_WEIGHT_MAX);
		assert_true(swk_upstream_same(&upstream, &again));
		swk_upstream_free(&upstream);
		swk_upstream_free(&again);
		free_shares(&shares);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weighed),
		cmocka_unit_test(scaled),
		cmocka_unit_test(lacking),
		cmocka_unit_test(random_shares_hold),
		cmocka_unit_test(few_servers_have_small_weights),
		cmocka_unit_test(weights_up_to_256_are_enough_if_possible),
		cmocka_unit_test(order_does_not_matter),
	};

	return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
