/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "consul/requests.h"
#include "policy/comply.h"

#define ID "0123456789abcdef"

/* What a row says besides upstreams. */
enum {
	HOLD = 1,
	HELD_BACK = 2,
	UNAVAILABLE = 4,     /* the service */
	UNSEEN = 8,	     /* a worker of the second target */
	UNCERTAIN = 16,	     /* how many workers that has */
	NOT_ASKED = 32,	     /* Consul was not asked about everything */
	LATE = 64,	     /* what is pending may still change */
	UNUSABLE = 128,	     /* no instance of the service is usable */
	DRAINING = 256,	     /* the second target's first upstream */
	CANNOT_CREATE = 512, /* the second target */
	AWAITS = 1024,	     /* expected: reading once more may help */
	UNANSWERED = 2048,   /* the run ended before Consul was asked about the service */
	UNLISTED = 4096,     /* Consul did not say which services there are */
	UNCONFIRMED = 8192,  /* the second target */
	REJECTED = 16384,    /* a target rejects the upstream web as it is in Consul */
};

struct row {
	const char *services, *recorded, *one, *two, *pending;
	unsigned flags;
	const char *expected;
};

/* The live state; `!` instead: unreadable; `?` in front: names only. */
static struct swk_live live_of(const char *text)
{
	struct swk_live live = {.readable = SWK_READ_ATTRIBUTES};

	if (*text == '!')
		live.readable = SWK_READ_NOTHING;
	else
		live.upstreams = unit_upstreams(text + (*text == '?'));
	if (*text == '?')
		live.readable = SWK_READ_NAMES;
	return live;
}

static struct swk_request request_of(const char *services)
{
	const bool all = !strcmp(services, "all");
	struct swk_error error = {0};
	struct swk_request request;
	char text[512];
	bool fits;

	(void)snprintf(text, sizeof(text), "{\"all\":%s,\"services\":[%s]}", all ? "true" : "false",
		       all ? "" : services);
	assert_int_equal(swk_request_decode(&(struct swk_value){.key = "swk/requests/" ID,
								.bytes = text,
								.length = strlen(text)},
					    &request, &fits, &error),
			 0);
	assert_true(fits);
	return request;
}

static void check(const struct row *row)
{
	static const struct swk_target_words words = {"nginx", "dyups", "worker", "workers"};
	struct swk_error error = {0};
	struct swk_settings settings;
	struct swk_services services = {0};
	struct swk_upstreams recorded = unit_upstreams(row->recorded);
	struct swk_names pending = unit_names(row->pending), none = {0};
	struct swk_names rejected = unit_names(row->flags & REJECTED ? "web" : "");
	struct swk_live one = live_of(row->one), two = live_of(row->two);
	struct swk_request request = request_of(row->services);
	struct swk_ack ack = {0};
	struct swk_service *web;
	bool awaits = true;
	char got[600], name[600];
	const struct swk_comply_target targets[] = {
		{"edge", &words, "edge is down", &one, &none, &none, &none, &none, &recorded, true},
		{"second", &words, "second is down", &two, &pending,
		 row->flags & LATE ? &pending : &none, &none, &none, &recorded,
		 !(row->flags & CANNOT_CREATE)},
	};
	const struct swk_comply_known known = {.settings = &settings,
					       .services = &services,
					       .recorded = &recorded,
					       .targets = targets,
					       .target_count = COUNT(targets),
					       .rejected = &rejected,
					       .on_hold = row->flags & HOLD,
					       .held_back = row->flags & HELD_BACK,
					       .unavailable = row->flags & NOT_ASKED,
					       .unlisted = row->flags & UNLISTED};

	assert_int_equal(swk_settings_init(&settings, &error), 0);
	assert_int_equal(swk_texts_add(&settings.selection.exclude, "hidden", &error), 0);
	web = swk_services_get(&services, "web", &error);
	assert_non_null(web);
	web->instances = 2;
	web->unavailable = row->flags & UNAVAILABLE;
	web->answered = !(row->flags & (UNAVAILABLE | UNANSWERED));
	web->upstreams = unit_upstreams(row->recorded);
	for (size_t i = 0; i < web->upstreams.count; i++)
		web->upstreams.list[i].usable = row->flags & UNUSABLE ? 0 : 2;
	two.unseen = row->flags & UNSEEN ? 1 : 0;
	two.uncertain = row->flags & UNCERTAIN;
	two.unconfirmed = row->flags & UNCONFIRMED;
	if (row->flags & DRAINING)
		two.upstreams.list[0].draining = true;
	(void)snprintf(name, sizeof(name), "%s / %s / %s / %s / %s / %u", row->services,
		       row->recorded, row->one, row->two, row->pending, row->flags);
	assert_int_equal(swk_comply(&ack, &request, &known, &awaits, &error), 0);
	(void)snprintf(got, sizeof(got), "%s%s%s", swk_ack_words[ack.state],
		       *ack.reason ? ": " : "", ack.reason);
	unit_same(name, got, row->expected);
	unit_number(name, awaits, !!(row->flags & AWAITS));
	swk_request_free(&request);
	swk_live_free(&one);
	swk_live_free(&two);
	swk_names_free(&pending);
	swk_names_free(&rejected);
	swk_upstreams_free(&recorded);
	swk_services_free(&services);
	swk_settings_free(&settings);
}

#define W1 "web: 10.0.0.1:80"
#define W2 "web: 10.0.0.1:80 10.0.0.2:80"
#define O "other<other>: 10.0.0.7:80"
#define PLAIN "{\"name\":\"web\"}"
#define LIVE(n) "{\"name\":\"web\",\"live\":" n "}"
#define WITHOUT "{\"name\":\"web\",\"without\":\"10.0.0.2:80\"}"

static void requests(void **state)
{
	static const struct row rows[] = {
		/* Nothing is asked, or it can't be read. */
		{"", W2, "!", "!", "web", HOLD, "done"},
		{"{}", W2, W2, W2, "", 0, "invalid: a service has no valid name"},
		/* All parts of all targets are read. */
		{PLAIN, W2, W2, W2, "", 0, "done"},
		{PLAIN, W2, W2, "!", "", AWAITS, "pending: second is down"},
		{PLAIN, W2, "?" W2, W2, "", AWAITS, "pending: edge is down"},
		{PLAIN, W2, W2, W2, "", UNSEEN | AWAITS,
		 "pending: second: 1 of its workers did not answer"},
		{WITHOUT, W1, W1, W1, "", UNCERTAIN | AWAITS,
		 "pending: second: not all of its workers are known to have answered: see swk "
		 "lint"},
		{WITHOUT, W1, W1, "", "web", UNCONFIRMED | AWAITS,
		 "pending: second: what nginx has is not known until it confirms a change"},
		{"", W1, W1, "", "web", UNCONFIRMED, "done"},
		/* In step. */
		{PLAIN, W2, W2, W1, "", AWAITS, "pending: second: upstream web differs"},
		{PLAIN, W2, W2, "", "", AWAITS, "pending: second: upstream web differs"},
		{PLAIN, W2, W2, "", "", CANNOT_CREATE, "done"},
		{PLAIN, W2, W2, W2 " unread differs", "", AWAITS,
		 "pending: second: upstream web differs"},
		{PLAIN, W2, W2, W2, "web", AWAITS, "pending: second: upstream web is pending"},
		{PLAIN, W2, W2, W2, "other", 0, "done"},
		{PLAIN, W2 "; " O, W2 "; " O, W2, "", 0, "done"},
		{PLAIN, W2, W2, W2, "", HOLD, "pending: web: changes are on hold"},
		{PLAIN, W2, W2, W2, "", UNAVAILABLE,
		 "pending: web: Consul could not be asked about it"},
		{PLAIN, W2, W2, W2, "", UNANSWERED,
		 "pending: web: Consul could not be asked about it"},
		{PLAIN, W2, W2, W2, "", UNLISTED, "done"},
		{"{\"name\":\"new\"}", W2, W2, W2, "", UNLISTED,
		 "pending: new: Consul could not be asked about it"},
		{"{\"name\":\"new\"}", W2, W2, W2, "", 0, "done"},
		{PLAIN, W2, W2, W2, "", HELD_BACK | NOT_ASKED, "done"},
		{"{\"name\":\"hidden\"}", "hidden<hidden>: 10.0.0.1:80", "", "", "", HOLD, "done"},
		/* Live. */
		{LIVE("2"), W2, W2, W2, "", 0, "done"},
		{LIVE("3"), W2, W2, W2, "", 0,
		 "pending: web: 2 of 3 live (2 registered, 2 healthy, 2 in the file, 2 sent)"},
		{"{\"name\":\"new\",\"live\":1}", W2, W2, W2, "", 0,
		 "pending: new: 0 of 1 live (0 registered, 0 healthy, 0 in the file, 0 sent)"},
		/* Without a server: in the conf file, and in any upstream of any target. */
		{WITHOUT, W1, W1, W1, "", 0, "done"},
		{WITHOUT, W1, W1, W1, "", HOLD, "done"},
		{WITHOUT, W1, W1, W1, "web", 0, "done"},
		{WITHOUT, W1, W1, W1, "", UNAVAILABLE,
		 "pending: web: Consul could not be asked about it"},
		{WITHOUT, W1, W1, W1, "", UNANSWERED,
		 "pending: web: Consul could not be asked about it"},
		{WITHOUT, W2, W2, W2, "", UNAVAILABLE, "pending: upstream web has 10.0.0.2:80"},
		{"{\"name\":\"new\",\"without\":\"10.0.0.2:80\"}", W1, W1, W1, "", UNLISTED,
		 "pending: new: Consul could not be asked about it"},
		{"{\"name\":\"hidden\",\"without\":\"10.0.0.2:80\"}", W1, W1, W1, "", UNLISTED,
		 "done"},
		{WITHOUT, W1, W1, W1, "other", LATE | AWAITS,
		 "pending: second: upstream other is pending"},
		{WITHOUT, W1, W1, W2, "", AWAITS, "pending: second: upstream web has 10.0.0.2:80"},
		{WITHOUT, W1, W1, "web: 10.0.0.1:80 10.0.0.2:80,down", "", 0, "done"},
		{WITHOUT, W1, W1, "web: 10.0.0.1:80 10.0.0.2:8080", "", 0, "done"},
		{WITHOUT, W1, W1, W1 "; theirs: 10.0.0.2:80", "", AWAITS,
		 "pending: second: upstream theirs has 10.0.0.2:80"},
		{WITHOUT, W1, W1, "old: 10.0.0.2:80; " W1, "", DRAINING, "done"},
		{WITHOUT, W1, W1, W1 " unread some", "", AWAITS,
		 "pending: second: upstream web differs between workers"},
		{WITHOUT, W1, W1, W1 "; theirs: 10.0.0.3:80 unread differs", "", AWAITS,
		 "pending: second: upstream theirs differs between workers"},
		{WITHOUT, "web: a.example:80", "web: 10.0.0.1:80",
		 "web: 10.0.0.1:80 unread differs", "", 0, "done"},
		{WITHOUT, "web: a.example:80", "web: 10.0.0.1:80",
		 "web: 10.0.0.2:80 unread differs", "", AWAITS,
		 "pending: second: upstream web has 10.0.0.2:80"},
		{WITHOUT, W2, W2, W2, "", 0, "pending: upstream web has 10.0.0.2:80"},
		{WITHOUT, W2, W1, W1, "", 0, "pending: upstream web has 10.0.0.2:80"},
		{WITHOUT, W2, W2, W2, "", HOLD,
		 "pending: changes are on hold, and upstream web has 10.0.0.2:80"},
		{WITHOUT, W2, W2, W2, "", UNUSABLE,
		 "pending: upstream web keeps its last servers, and has 10.0.0.2:80"},
		{WITHOUT, "web: 10.0.0.1:80 10.0.0.2:80,down", W1, W1, "", 0, "done"},
		{"{\"name\":\"hidden\",\"without\":\"10.0.0.2:80\"}", W2, W2, W2, "", 0,
		 "pending: upstream web has 10.0.0.2:80"},
		/* Several conditions. */
		{PLAIN "," WITHOUT, W1, W1, W1, "", 0, "done"},
		{WITHOUT "," PLAIN, W1, W1, W1, "web", AWAITS,
		 "pending: second: upstream web is pending"},
		{"{\"name\":\"web\",\"live\":2,\"without\":\"10.0.0.2:80\"}", W1, W1, W1, "", 0,
		 "pending: web: 1 of 2 live (2 registered, 1 healthy, 1 in the file, 1 sent)"},
		/* Everything. */
		{"all", W2 "; " O, W2 "; " O, W2 "; " O, "", 0, "done"},
		{"all", W2 "; " O, W2 "; " O, W2, "", AWAITS,
		 "pending: second: upstream other differs"},
		{"all", W2, W2, W2, "gone", AWAITS, "pending: second: upstream gone is pending"},
		{"all", W2, W2, W2, "", HOLD, "pending: changes are on hold"},
		{"all", W2, W2, W2, "", NOT_ASKED,
		 "pending: Consul could not be asked about everything"},
		{"all", W2, W2, W2, "", HELD_BACK,
		 "pending: a change is held back: see swk status"},
		{"all", "", "", "", "", 0, "done"},
		/* What a target rejects is not in the conf file. */
		{"all", W2, W2, W2, "", REJECTED,
		 "pending: upstream web: a target rejects what Consul says"},
		{"all", "", "", "", "", REJECTED,
		 "pending: upstream web: a target rejects what Consul says"},
		{PLAIN, W2, W2, W2, "", REJECTED,
		 "pending: upstream web: a target rejects what Consul says"},
		{"{\"name\":\"new\"}", W2, W2, W2, "", REJECTED, "done"},
		{LIVE("2"), W2, W2, W2, "", REJECTED, "done"},
		{WITHOUT, W1, W1, W1, "", REJECTED, "done"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(&rows[i]);
}

/* Whether the conf file has none of the servers that a request asks to be without. */
static void gone(void **state)
{
	static const struct {
		const char *services, *recorded;
		bool expected;
	} rows[] = {
		{WITHOUT, W1, true},
		{WITHOUT, W2, false},
		{WITHOUT, "", true},
		{WITHOUT, "web: 10.0.0.2:80,down", true},
		{"{\"name\":\"web\",\"without\":\"10.0.0.1:80\"}," WITHOUT, W1, false},
		{WITHOUT ",{\"name\":\"web\",\"without\":\"10.0.0.1:80\"}", W1, false},
		{"{\"name\":\"web\"}," WITHOUT, W1, true},
		{"{\"name\":\"web\"}", W1, false},
		{"all", W1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams recorded = unit_upstreams(rows[i].recorded);
		struct swk_request request = request_of(rows[i].services);

		unit_number(rows[i].services, swk_comply_is_gone(&request, &recorded),
			    rows[i].expected);
		swk_request_free(&request);
		swk_upstreams_free(&recorded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
