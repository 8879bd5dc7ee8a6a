/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "haproxy/conf.h"
#include "target/haproxy/change.h"

static char *check_words[] = {"check", "inter", "1s"};
static const struct swk_texts none, check = {check_words, COUNT(check_words)};

/* A state with one backend, `web`, that has the servers of an upstream. `drain` names one that
 * is draining, `other` one whose name is not its address. */
static void make_state(struct swk_haproxy_state *state, const struct swk_upstream *upstream,
		       const char *drain, const char *other)
{
	static const char *names[] = {"web"};
	static char texts[8][SWK_ADDRESS_MAX];
	static struct swk_haproxy_line lines[8];
	size_t first = *other ? 1 : 0;

	*state = (struct swk_haproxy_state){.backends = names,
					    .backend_count = 1,
					    .lines = lines,
					    .count = upstream->count + first};
	lines[0] = (struct swk_haproxy_line){.backend = "web", .name = other};
	for (size_t i = 0; i < upstream->count; i++)
		lines[first + i] = (struct swk_haproxy_line){
			.backend = "web",
			.name = swk_haproxy_server_name(&upstream->servers[i], texts[i]),
			.server = upstream->servers[i],
			.draining = !strcmp(texts[i], drain),
			.known = true};
}

/* The commands, with `; ` between them. */
static const char *commands(const struct swk_haproxy_request *request)
{
	static char text[4096];
	char *at;

	text[0] = '\0';
	if (!request->count)
		return text;
	(void)snprintf(text, sizeof(text), "%s", request->text.data + strlen("prompt\n"));
	text[strlen(text) - 1] = '\0';
	while ((at = strchr(text, '\n')))
		*at = ';';
	return text;
}

static void composed(void **state)
{
	static const struct {
		const char *live, *before, *after;
		const struct swk_texts *options;
		const char *drain, *other;
		const char *raise, *lower;
		bool shows;
	} rows[] = {
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80", "web: 10.0.0.1:80", &none, "", "", "", "",
		 true},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80",
		 "web: 10.0.0.1:80 10.0.0.2:80,weight=3,max_conns=9,backup [::1]:81", &none, "", "",
		 "add server web/10.0.0.2:80 10.0.0.2:80 weight 3 maxconn 9 backup;"
		 "set server web/10.0.0.2:80 state ready;"
		 "add server web/::1:81 [::1]:81 weight 1;"
		 "set server web/::1:81 state ready",
		 "", false},
		{"web:", "web:", "web: 10.0.0.1:80 10.0.0.2:80,down", &check, "", "",
		 "add server web/10.0.0.1:80 10.0.0.1:80 weight 1 check inter 1s;"
		 "enable health web/10.0.0.1:80;set server web/10.0.0.1:80 state ready;"
		 "add server web/10.0.0.2:80 10.0.0.2:80 weight 1 disabled check inter 1s;"
		 "enable health web/10.0.0.2:80",
		 "", false},
		{"web: 10.0.0.1:80 10.0.0.2:80", "web: 10.0.0.1:80 10.0.0.2:80", "web: 10.0.0.2:80",
		 &none, "", "", "",
		 "set server web/10.0.0.1:80 state maint;del server web/10.0.0.1:80", false},
		/* one that has left is not deleted yet, and the backend is as it is to be */
		{"web: 10.0.0.1:80,down 10.0.0.2:80", "web: 10.0.0.2:80", "web: 10.0.0.2:80", &none,
		 "", "", "", "del server web/10.0.0.1:80", true},
		/* it comes back */
		{"web: 10.0.0.1:80,down 10.0.0.2:80", "web: 10.0.0.2:80",
		 "web: 10.0.0.1:80,weight=4,max_conns=5 10.0.0.2:80", &none, "", "",
		 "del server web/10.0.0.1:80;"
		 "add server web/10.0.0.1:80 10.0.0.1:80 weight 4 maxconn 5;"
		 "set server web/10.0.0.1:80 state ready;set server web/10.0.0.1:80 weight 4;"
		 "set maxconn server web/10.0.0.1:80 5",
		 "", false},
		/* a backup leaves, and comes back as one, or not */
		{"web: 10.0.0.1:80,backup 10.0.0.2:80", "web: 10.0.0.1:80,backup 10.0.0.2:80",
		 "web: 10.0.0.2:80", &none, "", "", "",
		 "set server web/10.0.0.1:80 state maint;set server web/10.0.0.1:80 weight 0;"
		 "del server web/10.0.0.1:80",
		 false},
		/* attributes */
		{"web: 10.0.0.1:80,weight=2 10.0.0.2:80,down",
		 "web: 10.0.0.1:80,weight=2,max_conns=5 10.0.0.2:80,down",
		 "web: 10.0.0.1:80,weight=3 10.0.0.2:80", &none, "", "",
		 "set server web/10.0.0.1:80 weight 3;set maxconn server web/10.0.0.1:80 0;"
		 "set server web/10.0.0.2:80 state ready",
		 "", false},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80", "web: 10.0.0.1:80,down", &none, "", "", "",
		 "set server web/10.0.0.1:80 state maint", false},
		/* others have changed it */
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80", "web: 10.0.0.1:80", &none, "10.0.0.1:80",
		 "", "set server web/10.0.0.1:80 state ready", "", false},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80", "web: 10.0.0.1:80", &none, "", "mine", "",
		 "set server web/mine state maint;del server web/mine", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams live = unit_upstreams(rows[i].live),
				     before = unit_upstreams(rows[i].before),
				     after = unit_upstreams(rows[i].after);
		struct swk_haproxy_state shown;
		struct swk_haproxy_request raise, lower;
		struct swk_error error = {0};
		const struct swk_haproxy_change change = {.before = &before.list[0],
							  .after = &after.list[0],
							  .state = &shown,
							  .options = rows[i].options};

		make_state(&shown, &live.list[0], rows[i].drain, rows[i].other);
		swk_haproxy_request_init(&raise);
		swk_haproxy_request_init(&lower);
		assert_int_equal(swk_haproxy_raise(&raise, &change, &error), 0);
		assert_int_equal(swk_haproxy_lower(&lower, &change, &error), 0);
		unit_same(rows[i].after, commands(&raise), rows[i].raise);
		unit_same(rows[i].after, commands(&lower), rows[i].lower);
		unit_number(rows[i].after, swk_haproxy_shows(&shown, &after.list[0]),
			    rows[i].shows);
		swk_haproxy_request_free(&raise);
		swk_haproxy_request_free(&lower);
		swk_upstreams_free(&live);
		swk_upstreams_free(&before);
		swk_upstreams_free(&after);
	}
}

/* A server that comes back and still has connections must be what it was: a backup, whose weight is
 * then 0, or not. */
static void returned_backups(void **state)
{
	static const struct {
		unsigned weight;
		const char *after;
		bool fine;
	} rows[] = {
		{0, "web: 10.0.0.1:80,backup", true},
		{0, "web: 10.0.0.1:80", false},
		{5, "web: 10.0.0.1:80", true},
		{5, "web: 10.0.0.1:80,backup", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams live = unit_upstreams("web: 10.0.0.1:80,down"),
				     before = unit_upstreams("web:"),
				     after = unit_upstreams(rows[i].after);
		struct swk_haproxy_request request;
		struct swk_haproxy_state shown;
		struct swk_error error = {0};

		live.list[0].servers[0].weight = rows[i].weight;
		make_state(&shown, &live.list[0], "", "");
		swk_haproxy_request_init(&request);
		assert_int_equal(
			swk_haproxy_raise(&request,
					  &(struct swk_haproxy_change){.before = &before.list[0],
								       .after = &after.list[0],
								       .state = &shown,
								       .options = &none},
					  &error),
			0);
		request.list[0].meaning = SWK_HAPROXY_BUSY;
		request.list[1].meaning = SWK_HAPROXY_EXISTS;
		assert_true(swk_haproxy_is_fine(&request.list[0]));
		unit_number(rows[i].after, swk_haproxy_is_fine(&request.list[1]), rows[i].fine);
		swk_haproxy_request_free(&request);
		swk_upstreams_free(&live);
		swk_upstreams_free(&before);
		swk_upstreams_free(&after);
	}
}

/* A name that HAProxy can't have shown must not become a command. */
static void unsafe_names(void **state)
{
	static const char *const names[] = {"a;quit", "a b", "a\nquit", "a/b", "", "\xc3\xa4"};
	const struct swk_haproxy_line good = {.backend = "web", .name = "a_b.c:8-0"};

	(void)state;
	for (size_t i = 0; i <= COUNT(names); i++) {
		struct swk_haproxy_request request;
		struct swk_error error = {0};
		struct swk_haproxy_line line = good;

		if (i < COUNT(names))
			line.name = names[i];
		swk_haproxy_request_init(&request);
		unit_number(line.name, swk_haproxy_delete(&request, &line, 0, &error),
			    i < COUNT(names) ? SWK_INTERNAL : 0);
		unit_number(line.name, (long long)request.count, i == COUNT(names));
		swk_haproxy_request_free(&request);
	}
}

static void reloads_needed(void **state)
{
	static const struct {
		const char *before, *after;
		bool needed;
	} rows[] = {
		{"web: 10.0.0.1:80", "web: 10.0.0.2:80,weight=2,backup 10.0.0.1:80,down", false},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80 keepalive=9", false},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80 least_conn", true},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80,backup", true},
		{"web: 10.0.0.1:80,backup", "web: 10.0.0.1:80", true},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80 a.example:80", true},
		{"web: a.example:80", "web: 10.0.0.1:80", true},
		{"web: a.example:80 10.0.0.1:80", "web: a.example:80 10.0.0.2:80", false},
		{"web: a.example:80", "web: b.example:80", true},
		{"web: a.example:80 b.example:80", "web: b.example:80", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams before = unit_upstreams(rows[i].before),
				     after = unit_upstreams(rows[i].after);

		unit_number(rows[i].after,
			    swk_haproxy_needs_reload(&before.list[0], &after.list[0]),
			    rows[i].needed);
		swk_upstreams_free(&before);
		swk_upstreams_free(&after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(composed),
		cmocka_unit_test(returned_backups),
		cmocka_unit_test(unsafe_names),
		cmocka_unit_test(reloads_needed),
	};

	return cmocka_run_group_tests_name("haproxy change", tests, NULL, NULL);
}
