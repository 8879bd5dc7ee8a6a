/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "consul/agent_lint.h"

static char folder[] = "/tmp/swk-agent-lint-XXXXXX";
static char program[64], locked[64]; /* an executable, and a file that is not */

static void add(struct swk_agent_watches *watches, const char *file, const char *json)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, 100000);
	(void)swk_buffer_print(&text, &error, "%s", json);
	if (swk_agent_watches_add(watches, file, &text, &error))
		fail_msg("%s: %s", json, error.text);
	swk_buffer_free(&text);
}

/* Puts each watch on a line of its own. %P and %L in them stand for the two files. */
static void expand(char out[4096], const char *watches)
{
	size_t used = (size_t)snprintf(out, 4096, "{\"watches\": [\n");

	for (const char *at = watches; *at; at++) {
		if (!strncmp(at, "%P", 2) || !strncmp(at, "%L", 2))
			used += (size_t)snprintf(out + used, 4096 - used, "%s",
						 *++at == 'P' ? program : locked);
		else
			out[used++] = *at;
	}
	(void)snprintf(out + used, 4096 - used, "\n]}");
}

/* The rules with their lines, such as `2 watch-twice, 3 watch-token`. */
static const char *lint(const char *watches, const char *keyprefix)
{
	static char text[1024], prefix[64];
	struct swk_settings settings = {0};
	struct swk_agent_watches list = {0};
	struct swk_findings findings = {0};
	struct swk_error error = {0};
	char json[4096];

	(void)snprintf(prefix, sizeof(prefix), "%s", keyprefix ? keyprefix : "");
	settings.keyprefix = keyprefix ? prefix : NULL;
	expand(json, watches);
	add(&list, "a.json", json);
	assert_int_equal(swk_agent_lint(&findings, &list, &settings, &error), 0);
	text[0] = '\0';
	for (size_t i = 0; i < findings.count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%u %s",
			       i ? ", " : "", findings.list[i].line, findings.list[i].rule);
	swk_findings_free(&findings);
	swk_agent_watches_free(&list);
	return text;
}

#define WATCH(more) "{" more ", \"handler_type\": \"script\", \"args\": [\"%P\"]}"
#define OF_WEB(more)                                                                               \
	"{\"type\": \"service\", \"service\": \"web\"" more                                        \
	", \"args\": [\"%P\", \"--service\", \"web\"]}"
#define REQUESTS(type, prefix, more)                                                               \
	"{\"type\": \"" type "\", \"prefix\": \"" prefix                                           \
	"\", \"args\": [\"%P\", \"--requests\"" more "]}"
#define CHECKS "\"type\": \"checks\""

static void rules(void **state)
{
	static const struct {
		const char *watches, *keyprefix, *desired;
	} rows[] = {
		{"", NULL, ""},
		{WATCH(CHECKS) ",\n" WATCH("\"type\": \"services\"") ",\n" OF_WEB(""), NULL, ""},
		/* watches of other programs */
		{"{\"type\": \"nodes\", \"args\": [\"other\"]}", NULL, ""},
		{"{\"type\": \"nodes\"}, 7", NULL, ""},
		{"{\"type\": \"service\", \"service\": \"web\", \"tag\": \"a\", \"handler\": "
		 "\"/x/not-swk-apply\"}",
		 NULL, ""},

		/* documents that show a part */
		{OF_WEB(", \"passingonly\": true"), NULL, "2 watch-filtered"},
		{OF_WEB(", \"passingonly\": false"), NULL, ""},
		{OF_WEB(", \"tag\": \"a\""), NULL, "2 watch-filtered"},
		{OF_WEB(", \"tag\": \"\""), NULL, ""},
		{OF_WEB(", \"tag\": [\"a\", \"b\"]"), NULL, "2 watch-filtered"},
		{OF_WEB(", \"filter\": \"Service.Port == 80\", \"passingonly\": true"), NULL,
		 "2 watch-filtered, 2 watch-filtered"},
		{WATCH(CHECKS ", \"state\": \"critical\""), NULL, "2 watch-filtered"},
		{WATCH(CHECKS ", \"service\": \"web\""), NULL, "2 watch-filtered"},
		{WATCH("\"type\": \"services\", \"filter\": \"x\""), NULL, "2 watch-filtered"},

		/* --service */
		{WATCH("\"type\": \"service\", \"service\": \"web\""), NULL, "2 watch-service"},
		{"{\"type\": \"service\", \"service\": \"web\", \"args\": [\"%P\", "
		 "\"--service=web\"]}",
		 NULL, ""},
		{"{\"type\": \"service\", \"service\": \"web\", \"args\": [\"%P\", \"-s\", "
		 "\"api\"]}",
		 NULL, "2 watch-service"},
		{"{\"type\": \"service\", \"service\": \"web\", \"args\": [\"%P\", \"--service\"]}",
		 NULL, "2 watch-service"},
		{"{\"type\": \"service\", \"service\": \"web\", \"args\": [\"env\", "
		 "\"SWK_SERVICE=web\", \"%P\"]}",
		 NULL, ""},
		{"{\"type\": \"service\", \"service\": \"web\", \"args\": [\"sh\", \"-c\", \"exec "
		 "'%P' --service web\"]}",
		 NULL, ""},
		{"{\"type\": \"service\", \"service\": \"web\", \"handler\": \"%P -s web\"}", NULL,
		 ""},
		{"{" CHECKS ", \"args\": [\"%P\", \"-s\", \"web\"]}", NULL, "2 watch-service"},

		/* types */
		{WATCH("\"type\": \"nodes\""), NULL, "2 watch-type"},
		{WATCH("\"type\": \"event\""), NULL, "2 watch-type"},
		{WATCH("\"type\": \"key\", \"key\": \"a\""), NULL, "2 watch-type"},
		{"{\"type\": \"event\", \"args\": [\"%P\", \"--resync\"]}", NULL, ""},
		/* requests of the fleet */
		{REQUESTS("keyprefix", "swk/requests/", ""), NULL, ""},
		{REQUESTS("keyprefix", "swk/requests/", ""), "a", ""},
		{REQUESTS("keyprefix", "swk/requests", ""), NULL, "2 watch-type"},
		{REQUESTS("checks", "swk/requests/", ""), NULL, "2 watch-type"},
		{WATCH("\"type\": \"keyprefix\", \"prefix\": \"swk/requests/\""), "a",
		 "2 watch-type"},
		{REQUESTS("keyprefix", "swk/requests/",
			  "") ",\n" REQUESTS("keyprefix", "swk/requests/", ", \"--conf\", \"/b\""),
		 NULL, "3 watch-twice"},
		{REQUESTS("keyprefix", "swk/requests/", "") ",\n" REQUESTS("keyprefix",
									   "swk/requests/", ""),
		 NULL, "3 watch-twice"},
		{WATCH("\"type\": \"keyprefix\", \"prefix\": \"a/\""), NULL, "2 watch-type"},
		{WATCH("\"type\": \"keyprefix\", \"prefix\": \"a/\""), "a", ""},
		{WATCH("\"type\": \"keyprefix\", \"prefix\": \"a\""), "a", "2 watch-type"},
		{WATCH("\"type\": \"keyprefix\", \"prefix\": \"a/b/\""), "a", "2 watch-type"},
		{"{\"type\": \"keyprefix\", \"prefix\": \"b/\", \"args\": [\"%P\", \"--config\", "
		 "\"/b\"]}",
		 "a", ""},

		/* the same twice */
		{WATCH(CHECKS) ",\n" WATCH(CHECKS), NULL, "3 watch-twice"},
		{OF_WEB("") ",\n" WATCH(CHECKS) ",\n" OF_WEB(", \"stale\": true"), NULL,
		 "4 watch-twice"},
		{OF_WEB("") ",\n{\"type\": \"service\", \"service\": \"api\", \"args\": [\"%P\", "
			    "\"-s\", \"api\"]}",
		 NULL, ""},
		{WATCH(CHECKS ", \"datacenter\": \"a\"") ",\n" WATCH(CHECKS
								     ", \"datacenter\": \"b\""),
		 NULL, ""},
		{WATCH(CHECKS) ",\n{" CHECKS ", \"args\": [\"%P\", \"--syslog\"]}", NULL,
		 "3 watch-twice"},
		{WATCH(CHECKS) ",\n{" CHECKS ", \"args\": [\"%P\", \"--config\", \"/b\"]}", NULL,
		 ""},

		/* tokens */
		{WATCH(CHECKS ", \"token\": \"a\"") ",\n" WATCH("\"type\": \"services\""), NULL,
		 "3 watch-token"},
		{WATCH("\"type\": \"services\"") ",\n" WATCH(CHECKS ", \"token\": \"a\""), NULL,
		 "2 watch-token"},
		{WATCH(CHECKS ", \"token\": \"a\"") ",\n" WATCH(
			 "\"type\": \"services\", \"token\": \"b\""),
		 NULL, ""},

		/* handlers */
		{"{" CHECKS ", \"args\": [\"%L\"]}", NULL, "2 watch-handler"},
		{"{" CHECKS ", \"args\": [\"/none/swk-apply\"]}", NULL, "2 watch-handler"},
		{"{" CHECKS ", \"args\": [\"no-such-wrapper\", \"%P\"]}", NULL, "2 watch-handler"},
		{"{" CHECKS ", \"args\": [\"env\", \"%L\"]}", NULL, "2 watch-handler"},
		{"{" CHECKS ", \"args\": [\"env\", \"%P\"]}", NULL, ""},
		{"{" CHECKS ", \"handler\": \"cd /; %P\"}", NULL, ""},
		{"{" CHECKS ", \"handler\": \"%L\"}", NULL, "2 watch-handler"},
		{"{" CHECKS ", \"args\": [\"bin/swk-apply\"]}", NULL, ""},
		{"{" CHECKS ", \"args\": [\"sh\", \"-c\", \"$HOME/swk-apply\"]}", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_same(rows[i].watches, lint(rows[i].watches, rows[i].keyprefix),
			  rows[i].desired);
}

static void several_files(void **state)
{
	struct swk_agent_watches watches = {0};
	const struct swk_settings settings = {0};
	struct swk_findings findings = {0};
	struct swk_error error = {0};

	(void)state;
	add(&watches, "a.json",
	    "{\"watches\": [{" CHECKS ", \"args\": [\"env\", \"swk-apply\"]}]}");
	add(&watches, "b.json", "{\"server\": true}");
	add(&watches, "c.json",
	    "{\"x\": 1,\n\"watches\": [{" CHECKS ", \"handler\": \"swk-apply\"}]}");
	assert_int_equal(watches.count, 2);
	assert_int_equal(swk_agent_lint(&findings, &watches, &settings, &error), 0);
	assert_true(findings.count > 0);
	for (size_t i = 0; i < findings.count; i++) {
		if (strcmp(findings.list[i].rule, "watch-twice") != 0)
			continue;
		assert_string_equal(findings.list[i].file, "c.json");
		assert_int_equal(findings.list[i].line, 2);
		assert_string_equal(findings.list[i].what, "a.json:1 has this checks watch, too");
	}
	swk_findings_free(&findings);
	swk_agent_watches_free(&watches);
}

static void not_json(void **state)
{
	struct swk_agent_watches watches = {0};
	struct swk_error error = {0};
	struct swk_buffer text;

	(void)state;
	swk_buffer_init(&text, 100);
	assert_int_equal(swk_agent_watches_add(&watches, "a.json", &text, &error), SWK_DATA);
	error = (struct swk_error){0};
	(void)swk_buffer_print(&text, &error, "{\n\"watches\": [}");
	assert_int_equal(swk_agent_watches_add(&watches, "a.json", &text, &error), SWK_DATA);
	unit_says("a.json", error.text, "a.json:2: this is not JSON: ");
	assert_int_equal(watches.count, 0);
	swk_buffer_free(&text);
}

static int make_files(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(program, sizeof(program), "%s/swk-apply", folder);
	(void)snprintf(locked, sizeof(locked), "%s/locked", folder);
	assert_int_equal(mkdir(locked, 0700), 0);
	(void)snprintf(locked, sizeof(locked), "%s/locked/swk-apply", folder);
	assert_int_equal(fclose(fopen(program, "w")), 0);
	assert_int_equal(fclose(fopen(locked, "w")), 0);
	return chmod(program, 0755);
}

static int remove_files(void **state)
{
	(void)state;
	(void)unlink(program);
	(void)unlink(locked);
	*strrchr(locked, '/') = '\0';
	(void)rmdir(locked);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(several_files),
		cmocka_unit_test(not_json),
	};

	return cmocka_run_group_tests_name("agent_lint", tests, make_files, remove_files);
}
