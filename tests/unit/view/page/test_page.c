/* SPDX-License-Identifier: MIT */
#include "decisions.h"
#include "unit.h"
#include "../../../fuzz/markup.h"

#include "view/page/page.h"

/* ---- a page from text ---- */

/* All texts may be NULL. */
struct scene {
	const char *recorded;  /* upstreams, as unit_upstreams takes them */
	const char *rows;      /* `TARGET UPSTREAM STANDING[,kept][,pending] DETAIL; …`; `_` in a
				* standing is a space; a TARGET that begins with `!` does not answer */
	const char *decisions; /* as unit_decisions takes them */
	const char *notes;     /* `KIND TEXT; …`; KIND is a number */
	const char *changes;   /* `SECONDS FATE EVENT SIGN UPSTREAM SIGN:ADDRESS …; …` */
	const char *on_hold;
	const char *failure; /* with status 73 */
};

struct stage {
	struct swk_survey survey;
	struct swk_report report;
	struct swk_error failure;
	struct swk_changes changes;
};

static struct swk_survey_target *target_named(struct swk_survey *survey, const char *name)
{
	for (size_t i = 0; i < survey->target_count; i++) {
		if (!strcmp(survey->targets[i].name, name))
			return &survey->targets[i];
	}
	survey->targets =
		swk_list_grow(survey->targets, survey->target_count, sizeof(*survey->targets));
	survey->targets[survey->target_count] =
		(struct swk_survey_target){.name = strdup(name),
					   .trouble = strdup(*name == '!' ? "no route" : ""),
					   .asked = *name != '!',
					   .read_us = 12345};
	return &survey->targets[survey->target_count++];
}

static enum swk_standing standing_called(const char *word)
{
	for (size_t i = 0; i < SWK_STANDINGS; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%s", swk_standing_words[i]);
		for (char *at = strchr(name, ' '); at; at = strchr(at, ' '))
			*at = '_';
		if (!strncmp(word, name, strlen(name)))
			return (enum swk_standing)i;
	}
	fail_msg("the test's own '%s' is not a state", word);
	return SWK_STANDS_IN_STEP;
}

static void add_row(struct swk_survey *survey, const char *text)
{
	char target_name[64], upstream[64], standing[64], detail[128] = "";
	struct swk_survey_target *target;
	const struct swk_upstream *recorded;

	assert_true(sscanf(text, " %63s %63s %63s %127[^;]", target_name, upstream, standing,
			   detail) >= 3);
	target = target_named(survey, target_name);
	recorded = swk_upstreams_find(&survey->upstreams, upstream);
	target->rows = swk_list_grow(target->rows, target->count, sizeof(*target->rows));
	target->rows[target->count++] =
		(struct swk_survey_row){.upstream = strdup(upstream),
					.service = strdup(upstream),
					.tag = strdup(""),
					.in_file = recorded,
					.seen = true,
					.file = recorded ? recorded->count : 0,
					.live = 2,
					.standing = standing_called(standing),
					.pending = strstr(standing, "pending"),
					.kept = strstr(standing, "kept"),
					.detail = strdup(detail)};
}

static void add_server(struct swk_change_upstream *upstream, const char *word)
{
	upstream->servers = swk_list_grow(upstream->servers, upstream->server_count,
					  sizeof(*upstream->servers));
	upstream->servers[upstream->server_count++] =
		(struct swk_change_server){.sign = word[0],
					   .address = strdup(word + 1),
					   .instance = strdup(""),
					   .node = strdup(""),
					   .reason = strdup("")};
}

static void add_change(struct swk_changes *changes, const char *text)
{
	char event[32], upstream[64], sign;
	struct swk_change *change;
	long long seconds;
	char *copy, *rest, *word;
	int fate, used = 0;

	assert_int_equal(sscanf(text, " %lld %d %31s %c %63s%n", &seconds, &fate, event, &sign,
				upstream, &used),
			 5);
	changes->list = swk_list_grow(changes->list, changes->count, sizeof(*changes->list));
	change = &changes->list[changes->count++];
	*change = (struct swk_change){.number = changes->count,
				      .time = seconds * 1000,
				      .event = strdup(event),
				      .service = strdup(""),
				      .by = strdup(""),
				      .reason = strdup(""),
				      .fate = (enum swk_change_fate)fate};
	change->upstreams = calloc(1, sizeof(*change->upstreams));
	change->upstreams[change->upstream_count++] =
		(struct swk_change_upstream){.sign = sign,
					     .name = strdup(upstream),
					     .source = strdup(upstream),
					     .reason = strdup("")};
	rest = copy = strdup(text + used);
	while ((word = strsep(&rest, " "))) {
		if (*word)
			add_server(change->upstreams, word);
	}
	free(copy);
}

static void add_note(struct swk_report *report, const char *text)
{
	int kind, used = 0;

	assert_int_equal(sscanf(text, " %d %n", &kind, &used), 1);
	swk_report_note(report, (enum swk_note_kind)kind, "%s", text + used);
}

/* Calls a function for each part of a text that ends with a semicolon or with the text. */
#define EACH(text, call)                                                                           \
	do {                                                                                       \
		char *copy = strdup((text) ? (text) : ""), *rest = copy, *part;                    \
		while ((part = strsep(&rest, ";"))) {                                              \
			if (*part)                                                                 \
				call;                                                              \
		}                                                                                  \
		free(copy);                                                                        \
	} while (0)

static void set(struct stage *stage, const struct scene *scene)
{
	struct swk_error error = {0};

	*stage =
		(struct stage){.survey = {.conf = strdup("/srv/conf"), .index = 42, .success = 60}};
	swk_report_init(&stage->report);
	stage->survey.upstreams = unit_upstreams(scene->recorded ? scene->recorded : "");
	stage->survey.decisions = unit_decisions(scene->decisions ? scene->decisions : "");
	assert_int_equal(
		swk_survey_add_unpublished(&stage->survey, &stage->survey.decisions, &error), 0);
	stage->survey.on_hold = scene->on_hold ? strdup(scene->on_hold) : NULL;
	EACH(scene->rows, add_row(&stage->survey, part));
	EACH(scene->notes, add_note(&stage->report, part));
	EACH(scene->changes, add_change(&stage->changes, part));
	if (scene->failure)
		(void)swk_error_set(&stage->failure, SWK_CANTCREATE, "%s", scene->failure);
}

static void clear(struct stage *stage)
{
	swk_survey_free(&stage->survey);
	swk_report_free(&stage->report);
	swk_changes_free(&stage->changes);
}

/* Whether each link leads to a place on the page. */
static void links_lead_somewhere(const char *page)
{
	static const char link[] = "href=\"#";

	for (const char *at = strstr(page, link); at; at = strstr(at + 1, link)) {
		char id[64];

		at += strlen(link);
		(void)snprintf(id, sizeof(id), " id=\"%.*s\"", (int)strcspn(at, "\""), at);
		if (!strstr(page, id))
			fail_msg("nothing has%s on the page:\n%s", id, page);
	}
}

/* The whole page, which must be sound. The caller frees it. */
static char *page_of(const struct stage *stage)
{
	const struct swk_page page = {.host = "edge-1",
				      .now = 120,
				      .survey = &stage->survey,
				      .report = &stage->report,
				      .failure = &stage->failure,
				      .changes = &stage->changes};
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SWK_PAGE_MAX);
	assert_int_equal(swk_page_write(&out, &page, &error), 0);
	unit_same(out.data, markup_mistake(out.data), NULL);
	links_lead_somewhere(out.data);
	return out.data;
}

/* The text of the page's body: a space in place of each tag and each run of blanks. Changes `page`,
 * and returns a part of it. */
static const char *text_of(char *page)
{
	char *body = strstr(page, "<body>"), *to = body;
	bool tag = false;

	assert_non_null(body);
	for (const char *at = body; *at; at++) {
		tag |= *at == '<';
		if (!tag && *at != '\n' && *at != ' ')
			*to++ = *at;
		else if (to == body || to[-1] != ' ')
			*to++ = ' ';
		tag &= *at != '>';
	}
	*to = '\0';
	return body;
}

/* ---- tests ---- */

#define WEB "web: 10.0.0.1:80 10.0.0.2:80,weight=5,backup"

/* What the page says of a scene: each of `says`, and none of `lacks`; both end with NULL. */
static void says(void **state)
{
	static const struct {
		struct scene scene;
		const char *says[6], *lacks[4];
	} cases[] = {
		/* The summary. */
		{{.recorded = WEB, .rows = "one web in_step"},
		 {"swallowkeeper on edge-1 In step As of 1970-01-01 00:02:00 UTC, Consul index 42. "
		  "The last run that left nothing to do: 1970-01-01 00:01:00 . Conf file: "
		  "/srv/conf Upstreams 1 Servers 2 Targets 1 Not in step 0 Pending 0 Kept 0 Held "
		  "back 0 Unmanaged 0 "},
		 {"Messages", "Last changes", "Not published"}},
		{{.rows = ""}, {"No upstreams"}, {"In step"}},
		{{.rows = "one old unmanaged"}, {"No upstreams", "Unmanaged 1"}, {"In step"}},
		{{.recorded = WEB, .rows = "one web pending; two web in_step"},
		 {"Changes are pending", "Not in step 1 Pending 1"},
		 {NULL}},
		{{.recorded = WEB, .rows = "one web differs nginx lacks it"},
		 {" Not in step As of", "Pending 0", " nginx lacks it "},
		 {" on one"}},
		{{.recorded = WEB, .rows = "one web in_step; !two web unseen"},
		 {"A target does not answer", "!two no route no answer 1 12.3 ms"},
		 {NULL}},
		{{.recorded = WEB, .rows = "one web in_step", .notes = "7 Consul is away"},
		 {"Consul does not answer", "Messages 1 Consul Consul is away "},
		 {"In step"}},
		{{.recorded = WEB, .rows = "one web in_step", .failure = "no space"},
		 {"Failed no space (status 73)", "web 2 servers in step"},
		 {"In step"}},
		{{.recorded = WEB, .rows = "one web in_step", .notes = "6 too many deletions"},
		 {"Changes are held back", "held back too many deletions"},
		 {NULL}},
		/* A hold is told once. */
		{{.recorded = WEB,
		  .rows = "one web on_hold swk resume would remove it",
		  .on_hold = "since 1970 by me",
		  .notes = "6 on hold since 1970 by me: /srv/conf stays as it is;6 another"},
		 {"Changes are on hold On hold since 1970 by me. The conf file stays as it is "
		  "until "
		  "swk resume .",
		  "Messages 1 held back another", "swk resume would remove it"},
		 {"stays as it is Not"}},
		/* Messages: not every kind is one. */
		{{.rows = "",
		  .notes = "0 detail;1 due;2 skipped;3 kept;4 far;5 careful;8 sent later"},
		 {"Messages 2 ", "warning careful", "pending sent later"},
		 {"detail", "due", "skipped"}},
		/* Targets. */
		{{.recorded = WEB,
		  .rows = "one web pending,pending; one old unmanaged; two web differs"},
		 {"Targets 2 ", "one 1 pending 1 12.3 ms two not in step 1 12.3 ms"},
		 {NULL}},
		/* Servers, instances and their attributes. */
		{{.recorded = WEB,
		  .rows = "one web in_step",
		  .decisions = "web web i1 10.0.0.1:80 served;web web i9 10.0.0.9:80 left it is "
			       "critical;web web i8 - skipped no port"},
		 {"web 2 servers in step Service web ; round_robin ",
		  "10.0.0.1:80 i1 1 up &#8211; 10.0.0.2:80 5 backup &#8211; ",
		  "no address i8 &#8211; skipped no port",
		  "10.0.0.9:80 i9 &#8211; left out it is critical"},
		 {NULL}},
		{{.recorded =
			  "web<web gray=b>: 10.0.0.1:80,down,max_conns=7 least_conn keepalive=9",
		  .rows = "one web in_step"},
		 {"web 1 server in step Service web , tag gray=b ; least_conn; keepalive 9 ",
		  "10.0.0.1:80 1 max_conns 7 marked down"},
		 {NULL}},
		{{.recorded = "web: 10.0.0.1:80 of_keys", .rows = "one web in_step"},
		 {" Keys web ; round_robin "},
		 {NULL}},
		/* Kept. */
		{{.recorded = WEB,
		  .rows = "one web kept,kept kept: none passes; two web kept,kept kept: none "
			  "passes",
		  .decisions = "web web - - kept none passes;web web i1 10.0.0.1:80 kept critical"},
		 {"Kept 1 These keep their last servers, because too few instances are usable. web "
		  "2 servers kept kept: none passes Service",
		  "10.0.0.1:80 i1 1 up kept: critical"},
		 {"Upstreams 0"}},
		/* In which order. */
		{{.recorded = "a: 10.0.0.1:80; b: 10.0.0.1:80; c: 10.0.0.1:80; d: 10.0.0.1:80",
		  .rows = "one a in_step; one b draining; one c in_step; one d undeclared; one e "
			  "unmanaged; two a pending; two c in_step"},
		 {"Not in step 1 The conf file, a target and Consul do not agree about these. a ",
		  "pending on two Service a", "d 1 server undeclared undeclared on one Service d ",
		  "Unmanaged 1 swk-apply did"},
		 {"in step on one"}},
		/* What is not published. */
		{{.rows = "",
		  .decisions = "consul - - - left it is Consul;f f - - held unmanaged;p - i - "
			       "skipped no port;p - j - skipped no port"},
		 {"Held back 1 A guard or a rule withholds these until an operator decides. "
		  "Service Decision Reason f held back unmanaged",
		  "Unusable registrations 2 Correct these where they are registered. Service "
		  "Decision Reason p i skipped no port p j "
		  "skipped",
		  "Not published 1 The settings or their health leave these out. Service Decision "
		  "Reason consul left out it is Consul",
		  "Changes are held back"},
		 {NULL}},
		/* Changes, and since when. */
		{{.recorded = WEB,
		  .rows = "one web in_step; one api in_step",
		  .changes = "10 0 resync + web +10.0.0.1:80 +10.0.0.2:80;20 0 service ~ web "
			     "-10.0.0.3:80 ~10.0.0.2:80;30 1 checks - web -10.0.0.1:80"},
		 {"Last changes Of the conf file, newest first. 1970-01-01 00:00:30 web removed "
		  "&#8722;10.0.0.1:80 3: checks; not done",
		  "1970-01-01 00:00:20 web &#8722;10.0.0.3:80 ~10.0.0.2:80 2: service ",
		  "1970-01-01 00:00:10 web added +10.0.0.1:80 +10.0.0.2:80 1: resync ",
		  "web 2 servers in step since 1970-01-01 00:00:20 ",
		  "10.0.0.1:80 1 up 1970-01-01 00:00:10 10.0.0.2:80 5 backup 1970-01-01 00:00:20 "},
		 {NULL}},
		/* The clock was set back. */
		{{.recorded = WEB,
		  .rows = "one web in_step",
		  .changes = "90 0 resync + web +10.0.0.1:80 +10.0.0.2:80;20 0 service ~ web "
			     "~10.0.0.2:80"},
		 {"web 2 servers in step since 1970-01-01 00:00:20 ",
		  "10.0.0.1:80 1 up 1970-01-01 00:01:30 10.0.0.2:80 5 backup 1970-01-01 00:00:20 "},
		 {NULL}},
		/* Nothing is known of what was before a gap. */
		{{.recorded = WEB,
		  .rows = "one web in_step; one WEB2 in_step",
		  .changes = "10 2 resync + web +10.0.0.1:80 +10.0.0.2:80;20 0 service ~ WEB "
			     "~10.0.0.2:80"},
		 {"1: resync; then the file changed without an entry in the journal",
		  "web 2 servers in step since 1970-01-01 00:00:20",
		  "10.0.0.1:80 1 up &#8211; 10.0.0.2:80 5 backup 1970-01-01 00:00:20"},
		 {NULL}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stage stage;
		char *page;
		const char *text;

		set(&stage, &cases[i].scene);
		page = page_of(&stage);
		text = text_of(page);
		for (size_t j = 0; cases[i].says[j]; j++)
			unit_says(cases[i].says[0], text, cases[i].says[j]);
		for (size_t j = 0; cases[i].lacks[j]; j++) {
			if (strstr(text, cases[i].lacks[j]))
				fail_msg("'%s' is in: %s", cases[i].lacks[j], text);
		}
		free(page);
		clear(&stage);
	}
}

/* Without a survey, the page has the failure only. */
static void nothing_known(void **state)
{
	struct stage stage = {.failure = {SWK_TEMPFAIL, "the lock was not free"}};
	char *page;
	const char *text;

	(void)state;
	swk_report_init(&stage.report);
	page = page_of(&stage);
	text = text_of(page);
	unit_says("nothing", text, "Failed the lock was not free (status 75) As of");
	assert_null(strstr(text, "Upstreams"));
	free(page);
	clear(&stage);
}

/* The last ten changes, and six upstreams and servers of each. */
static void many_changes(void **state)
{
	struct stage stage;
	char *page;
	const char *text;

	(void)state;
	set(&stage, &(struct scene){.rows = ""});
	for (int i = 1; i <= 12; i++) {
		char change[64];

		(void)snprintf(change, sizeof(change), "%d 0 event%d + web", i, i);
		add_change(&stage.changes, change);
	}
	for (int i = 1; i <= 8; i++)
		add_server(stage.changes.list[11].upstreams, "+10.0.0.1:80");
	page = page_of(&stage);
	text = text_of(page);
	unit_says("newest", text, "12: event12 ");
	unit_says("oldest", text, "3: event3 ");
	unit_says("servers", text, "+10.0.0.1:80 and 2 more servers");
	assert_null(strstr(text, "2: event2 "));
	free(page);
	clear(&stage);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
		count++;
	return count;
}

/* An upstream of many servers is not listed as a whole; upstreams with trouble are open, unless
 * they are many. */
static void long_lists(void **state)
{
	struct stage stage;
	char *page;

	(void)state;
	for (size_t troubled = SWK_PAGE_OPEN; troubled <= SWK_PAGE_OPEN + 1; troubled++) {
		set(&stage, &(struct scene){.recorded = "web: 10.0.0.1:80"});
		for (unsigned i = 0; i < SWK_PAGE_SERVERS + 6; i++) {
			struct swk_error error = {0};
			char address[32];
			struct swk_server server;

			(void)snprintf(address, sizeof(address), "10.1.0.%u:80", i + 1);
			server = unit_server(address);
			assert_int_equal(
				swk_upstream_add(stage.survey.upstreams.list, &server, &error), 0);
		}
		add_row(&stage.survey, "one web in_step");
		for (size_t i = 0; i < troubled; i++) {
			char row[64];

			(void)snprintf(row, sizeof(row), "one x%zu missing", i);
			add_row(&stage.survey, row);
		}
		page = page_of(&stage);
		assert_int_equal(count_of(page, "<details open=\"open\">"),
				 troubled <= SWK_PAGE_OPEN ? troubled : 0);
		assert_int_equal(count_of(page, "class=\"address\">10."), SWK_PAGE_SERVERS);
		unit_says("more", page, "and 7 more servers");
		free(page);
		clear(&stage);
	}
}

/* Whatever the texts are, the page is sound, and none of them is markup. */
static void random_texts(void **state)
{
	static const char letters[] = "<>&\"'%/= \\!-#;\n\t\x01\x7f\x80\xc3\xff"
				      "abcs";
	static struct filled filled;
	uint64_t seed = 88172645463325252U;

	(void)state;
	for (size_t round = 0; round < 3000; round++) {
		struct swk_error error = {0};
		struct swk_buffer out;
		char input[512];

		for (size_t i = 0; i < sizeof(input); i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			input[i] = letters[seed % (sizeof(letters) - 1)];
		}
		fill(&filled, input, sizeof(input));
		swk_buffer_init(&out, SWK_PAGE_MAX);
		assert_int_equal(swk_page_write(&out, &filled.page, &error), 0);
		unit_same("random texts", markup_mistake(out.data), NULL);
		swk_buffer_free(&out);
	}
}

/* A page that does not fit, or for which there is no memory, is an error. */
static void too_small(void **state)
{
	struct stage stage;
	struct swk_error error = {0};
	struct swk_buffer out;

	(void)state;
	set(&stage, &(struct scene){.recorded = WEB, .rows = "one web in_step"});
	swk_buffer_init(&out, 5000);
	assert_int_equal(swk_page_write(&out,
					&(struct swk_page){.host = "",
							   .survey = &stage.survey,
							   .report = &stage.report,
							   .failure = &stage.failure,
							   .changes = &stage.changes},
					&error),
			 SWK_INTERNAL);
	swk_buffer_free(&out);
	clear(&stage);
}

/* The checker of this test finds mistakes. */
static void checker(void **state)
{
	static const char *const wrong[] = {
		"<p>x</p>",
		"<!DOCTYPE html>\n<p>",
		"<!DOCTYPE html>\n</p>",
		"<!DOCTYPE html>\n<p><b></p></b>",
		"<!DOCTYPE html>\n<p>a < b</p>",
		"<!DOCTYPE html>\n<p>a > b</p>",
		"<!DOCTYPE html>\n<p>a & b</p>",
		"<!DOCTYPE html>\n<p>&copy;</p>",
		"<!DOCTYPE html>\n<p title=x>y</p>",
		"<!DOCTYPE html>\n<p title=\"x\"y\">z</p>",
		"<!DOCTYPE html>\n<p title='x'>z</p>",
		"<!DOCTYPE html>\n<p>\x01</p>",
		"<!DOCTYPE html>\n<p>\xc3\xa4</p>",
		"<!DOCTYPE html>\n<P>x</P>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		if (!markup_mistake(wrong[i]))
			fail_msg("no mistake found in: %s", wrong[i]);
	}
	assert_null(markup_mistake("<!DOCTYPE html>\n<p class=\"a\">&lt;<b/>&#8211;</p>\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says),		cmocka_unit_test(nothing_known),
		cmocka_unit_test(many_changes), cmocka_unit_test(long_lists),
		cmocka_unit_test(random_texts), cmocka_unit_test(too_small),
		cmocka_unit_test(checker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
