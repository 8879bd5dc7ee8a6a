/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/fit.h"

/* All notes, one on each line. */
static const char *notes(const struct swk_report *report)
{
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < report->note_count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s",
			       i ? "\n" : "",
			       report->notes[i].kind == SWK_NOTE_WARNING  ? ""
			       : report->notes[i].kind == SWK_NOTE_DETAIL ? "(detail) "
									  : "(?) ",
			       report->notes[i].text);
	return text;
}

#define BROUGHT_DOWN(from, to)                                                                     \
	"(detail) upstream web: its weights are scaled down, the largest from " from " to " to

static void resolved(void **state)
{
	static const struct {
		const char *upstream;
		unsigned most;
		const char *desired;
		size_t usable;
		const char *noted;
	} rows[] = {
		{"web:", 1000, "web:", 0, NULL},
		{"web: 10.0.0.1:80", 1000, "web: 10.0.0.1:80", 1, NULL},
		/* sorted, each address once, and counted after that */
		{"web: 10.0.0.3:80 10.0.0.1:80 10.0.0.3:80", 1000, "web: 10.0.0.1:80 10.0.0.3:80",
		 2, NULL},
		{"web: 10.0.0.1:80 10.0.0.2:80,down", 1000,
		 "web: 10.0.0.1:80,max_fails=0 10.0.0.2:80,down", 1, NULL},
		{"web: 10.0.0.1:80,max_fails=3", 1000, "web: 10.0.0.1:80,max_fails=3", 1, NULL},
		{"web: 10.0.0.1:80,max_fails=3 10.0.0.2:80,max_fails=3,backup 10.0.0.3:80,down",
		 1000,
		 "web: 10.0.0.1:80,max_fails=3 10.0.0.2:80,max_fails=3,backup 10.0.0.3:80,down", 2,
		 NULL},
		{"web: 10.0.0.1:80,down 10.0.0.2:80,down", 1000,
		 "web: 10.0.0.1:80,down 10.0.0.2:80,down", 0, NULL},
		/* weights */
		{"web: 10.0.0.1:80,weight=50 10.0.0.2:80,weight=25 10.0.0.3:80", 10,
		 "web: 10.0.0.1:80,weight=10 10.0.0.2:80,weight=5 10.0.0.3:80", 3,
		 BROUGHT_DOWN("50", "10")},
		{"web: 10.0.0.1:80,weight=10 10.0.0.2:80,weight=9", 10,
		 "web: 10.0.0.1:80,weight=10 10.0.0.2:80,weight=9", 2, NULL},
		{"web: 10.0.0.1:80,weight=11 10.0.0.2:80,weight=10", 10,
		 "web: 10.0.0.1:80,weight=10 10.0.0.2:80,weight=9", 2, BROUGHT_DOWN("11", "10")},
		{"web: 10.0.0.1:80,weight=100 10.0.0.2:80,weight=14 10.0.0.3:80,weight=15", 10,
		 "web: 10.0.0.1:80,weight=10 10.0.0.2:80 10.0.0.3:80,weight=2", 3,
		 BROUGHT_DOWN("100", "10")},
		{"web: 10.0.0.1:80,weight=65535 10.0.0.2:80,weight=65535", 1,
		 "web: 10.0.0.1:80 10.0.0.2:80", 2, BROUGHT_DOWN("65535", "1")},
		{"web: 10.0.0.1:80,weight=4294967295 10.0.0.2:80,weight=2147483648", 65535,
		 "web: 10.0.0.1:80,weight=65535 10.0.0.2:80,weight=32768", 2,
		 BROUGHT_DOWN("4294967295", "65535")},
		{"web: 10.0.0.1:80,weight=20,down 10.0.0.2:80,weight=4", 10,
		 "web: 10.0.0.1:80,weight=10,down 10.0.0.2:80,weight=4,max_fails=0", 1, NULL},
		{"web: 10.0.0.1:80,weight=50,down 10.0.0.2:80,weight=20 10.0.0.3:80,weight=10", 10,
		 "web: 10.0.0.1:80,weight=10,down 10.0.0.2:80,weight=10 10.0.0.3:80,weight=5", 2,
		 BROUGHT_DOWN("20", "10")},
		{"web: 10.0.0.1:80,weight=10,down 10.0.0.2:80,weight=20", 10,
		 "web: 10.0.0.1:80,weight=5,down 10.0.0.2:80,weight=10,max_fails=0", 1,
		 BROUGHT_DOWN("20", "10")},
		{"web: 10.0.0.1:80,weight=50,down 10.0.0.2:80,weight=5,down", 10,
		 "web: 10.0.0.1:80,weight=10,down 10.0.0.2:80,weight=5,down", 0, NULL},
		{"web: 10.0.0.1:80,weight=4294967295,down 10.0.0.2:80,weight=4294967295", 65535,
		 "web: 10.0.0.1:80,weight=65535,down 10.0.0.2:80,weight=65535,max_fails=0", 1,
		 BROUGHT_DOWN("4294967295", "65535")},
		/* backups */
		{"web: 10.0.0.1:80,backup 10.0.0.2:80", 1000, "web: 10.0.0.1:80,backup 10.0.0.2:80",
		 2, NULL},
		{"web: 10.0.0.1:80,backup 10.0.0.2:80 least_conn", 1000,
		 "web: 10.0.0.1:80,backup 10.0.0.2:80 least_conn", 2, NULL},
		{"web: 10.0.0.1:80,backup 10.0.0.2:80,down", 1000,
		 "web: 10.0.0.1:80,max_fails=0,backup 10.0.0.2:80,down", 1, NULL},
		{"web: 10.0.0.1:80,backup", 1000, "web: 10.0.0.1:80", 1,
		 "upstream web: its 1 backup server is served without 'backup': it has no other "
		 "servers"},
		{"web: 10.0.0.1:80,backup 10.0.0.2:80,backup,down", 1000,
		 "web: 10.0.0.1:80,max_fails=0 10.0.0.2:80,down", 1,
		 "upstream web: its 2 backup servers are served without 'backup': it has no other "
		 "servers"},
		{"web: 10.0.0.1:80,backup 10.0.0.2:80 ip_hash", 1000,
		 "web: 10.0.0.1:80 10.0.0.2:80 ip_hash", 2,
		 "upstream web: its 1 backup server is served without 'backup': nginx does not "
		 "support backups with ip_hash"},
		{"web: 10.0.0.1:80,backup 10.0.0.2:80 random_two", 1000,
		 "web: 10.0.0.1:80 10.0.0.2:80 random_two", 2,
		 "upstream web: its 1 backup server is served without 'backup': nginx does not "
		 "support backups with random two"},
		{"web: 10.0.0.1:80 10.0.0.2:80 ip_hash", 1000,
		 "web: 10.0.0.1:80 10.0.0.2:80 ip_hash", 2, NULL},
		/* both */
		{"web: 10.0.0.1:80,backup,weight=20", 10, "web: 10.0.0.1:80,weight=10", 1,
		 BROUGHT_DOWN("20", "10") "\nupstream web: its 1 backup server is served without "
					  "'backup': it has no other servers"},
		/* the first server of an address counts */
		{"web: 10.0.0.1:80 10.0.0.2:80,backup 10.0.0.2:80,backup", 1000,
		 "web: 10.0.0.1:80 10.0.0.2:80,backup", 2, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = {0};
		struct swk_report report = {0};
		char *shown;

		unit_append(&set, rows[i].upstream);
		unit_number(rows[i].upstream,
			    (long long)swk_fit(&set.list[0], NULL, rows[i].most, 0, &report),
			    (long long)rows[i].usable);
		shown = unit_show(&set);
		unit_same(rows[i].upstream, shown, rows[i].desired);
		unit_same(rows[i].upstream, notes(&report), rows[i].noted ? rows[i].noted : "");
		free(shown);
		swk_report_free(&report);
		swk_upstreams_free(&set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolved),
	};

	return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
