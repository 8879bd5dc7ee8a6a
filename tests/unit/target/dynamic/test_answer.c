/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "target/dynamic/answer.h"

/* ---- statuses ---- */

static void meanings(void **state)
{
	static const struct {
		long status;
		const char *reason;
		enum swk_dynamic_meaning meaning;
	} rows[] = {
		{200, "", SWK_DYNAMIC_DONE},
		{304, "", SWK_DYNAMIC_NOTHING},
		{400, "upstream required", SWK_DYNAMIC_ALIVE},
		{400, "server or peer is not found", SWK_DYNAMIC_CHANGED},
		{400, "weight: not a number", SWK_DYNAMIC_FINAL},
		{404, "upstream is not found", SWK_DYNAMIC_UNDECLARED},
		{404, "<html>", SWK_DYNAMIC_FINAL},
		{412, "can't change server type (primary<->backup)", SWK_DYNAMIC_CHANGED},
		{500, "no shared memory", SWK_DYNAMIC_FULL},
		{500, "invalid port", SWK_DYNAMIC_FINAL},
		{501, "only for upstream with 'zone'", SWK_DYNAMIC_NO_ZONE},
		{501, "", SWK_DYNAMIC_FINAL},
		{405, "only GET allowed", SWK_DYNAMIC_FINAL},
		{403, "", SWK_DYNAMIC_FINAL},
		{204, "", SWK_DYNAMIC_FINAL},
		{0, "", SWK_DYNAMIC_LATER},
		{502, "", SWK_DYNAMIC_LATER},
		{503, "", SWK_DYNAMIC_LATER},
		{504, "", SWK_DYNAMIC_LATER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_http_request request = {.status = rows[i].status};

		(void)snprintf(request.reason, sizeof(request.reason), "%s", rows[i].reason);
		unit_number(rows[i].reason, (long long)swk_dynamic_meaning(&request),
			    (long long)rows[i].meaning);
	}
}

/* ---- printed servers ---- */

static int show_texts(struct swk_buffer *out, const char *what, const struct swk_texts *texts)
{
	struct swk_error error = {0};
	int status = texts->count ? swk_buffer_print(out, &error, "; %s", what) : 0;

	for (size_t i = 0; !status && i < texts->count; i++)
		status = swk_buffer_print(out, &error, " %s", texts->list[i]);
	return status;
}

/* What is read from a text in memory of its exact length. */
static char *read_text(const char *text, size_t length)
{
	struct swk_dynamic_servers servers = {0};
	struct swk_upstreams set = {0};
	struct swk_error error = {0};
	struct swk_buffer out;
	char *copy = malloc(length + 1), *shown;
	bool unclear, cut;

	assert_non_null(copy);
	memcpy(copy + 1, text, length);
	assert_int_equal(swk_dynamic_servers_read(&servers, "web", copy + 1, length, &error), 0);
	free(copy);
	unclear = servers.unclear;
	cut = servers.cut;
	assert_int_equal(servers.upstream.partial, unclear || servers.others.count);
	servers.upstream.partial = false;
	assert_int_equal(swk_upstream_set(&servers.upstream, "web",
					  &(struct swk_source){.name = "web", .tag = ""}, &error),
			 0);
	assert_int_equal(swk_upstreams_append(&set, &servers.upstream, &error), 0);
	shown = unit_show(&set);
	swk_buffer_init(&out, SWK_LIVE_MAX);
	assert_int_equal(swk_buffer_print(&out, &error, "%s", shown), 0);
	assert_int_equal(show_texts(&out, "others", &servers.others), 0);
	assert_int_equal(show_texts(&out, "placeholders", &servers.placeholders), 0);
	assert_int_equal(swk_buffer_print(&out, &error, "%s%s", unclear ? "; unclear" : "",
					  cut ? "; cut" : ""),
			 0);
	free(shown);
	swk_upstreams_free(&set);
	swk_dynamic_servers_free(&servers);
	return out.data;
}

#define ATTRIBUTES " weight=1 max_fails=1 fail_timeout=10 max_conns=0 conns=0"
#define SERVER(address) "server " address " addr=" address ATTRIBUTES
#define PLACEHOLDER "server 0.0.0.1 addr=0.0.0.1:80" ATTRIBUTES " down;\n"

static void printed(void **state)
{
	static const struct {
		const char *text, *servers;
	} rows[] = {
		{"", "web:"},
		{SERVER("10.0.0.1:80") ";\n", "web: 10.0.0.1:80"},
		{SERVER("10.0.0.2:80") ";\n" SERVER("[2001:db8::1]:81") ";\n" SERVER(
			 "10.0.0.1:80") ";\n",
		 "web: 10.0.0.1:80 10.0.0.2:80 [2001:db8::1]:81"},
		{"server 10.0.0.1:80 addr=10.0.0.1:80 weight=5 max_fails=0 fail_timeout=2 "
		 "max_conns=7 conns=33 down backup;\n",
		 "web: 10.0.0.1:80,weight=5,max_conns=7,max_fails=0,fail_timeout=2,backup,down"},
		{SERVER("10.0.0.1:80") " backup down;\n", "web: 10.0.0.1:80,backup,down"},
		/* nginx before 1.11.5 has no max_conns */
		{"server 10.0.0.1:80 addr=10.0.0.1:80 weight=2 max_fails=3 fail_timeout=4 "
		 "conns=0;\n",
		 "web: 10.0.0.1:80,weight=2,max_fails=3,fail_timeout=4"},
		/* placeholders */
		{PLACEHOLDER, "web:; placeholders 0.0.0.1"},
		{PLACEHOLDER SERVER("0.0.0.1:80") " down;\n" SERVER("0.0.0.0:1") " down;\n",
		 "web:; placeholders 0.0.0.1 0.0.0.1:80 0.0.0.0:1"},
		{PLACEHOLDER SERVER("10.0.0.1:80") ";\n", "web: 10.0.0.1:80; placeholders 0.0.0.1"},
		{"server 0.0.0.1 addr=0.0.0.1:80" ATTRIBUTES ";\n", "web:; others 0.0.0.1"},
		{SERVER("0.0.0.1:80") " down backup;\n", "web:; placeholders 0.0.0.1:80"},
		/* servers that are not as swk-apply adds them */
		{"server 10.0.0.1 addr=10.0.0.1:80" ATTRIBUTES ";\n", "web:; others 10.0.0.1"},
		{"server backend.example addr=10.0.0.1:80" ATTRIBUTES ";\n"
		 "server backend.example addr=10.0.0.2:80" ATTRIBUTES ";\n",
		 "web:; others backend.example backend.example"},
		{SERVER("unix:/run/x") ";\n" SERVER("10.0.0.1:80") ";\n",
		 "web: 10.0.0.1:80; others unix:/run/x"},
		{"server 10.0.0.1:80 addr=10.0.0.2:80" ATTRIBUTES ";\n",
		 "web:; others 10.0.0.1:80"},
		/* twice */
		{SERVER("10.0.0.1:80") ";\n" SERVER("10.0.0.2:80") ";\n" SERVER(
			 "10.0.0.1:80") " backup;\n",
		 "web: 10.0.0.2:80; others 10.0.0.1:80"},
		{SERVER("10.0.0.1:80") ";\n" SERVER("10.0.0.1:80") ";\n" SERVER(
			 "10.0.0.1:80") ";\n",
		 "web:; others 10.0.0.1:80"},
		/* lines that are not understood */
		{SERVER("10.0.0.1:80"), "web:; unclear"},
		{SERVER("10.0.0.1:80") ";", "web:; unclear"},
		{SERVER("10.0.0.1:80") "\n", "web:; unclear"},
		{SERVER("10.0.0.1:80") ";\n\n", "web: 10.0.0.1:80; unclear"},
		{SERVER("10.0.0.1:80") ";\nserver", "web: 10.0.0.1:80; unclear"},
		{"server 10.0.0.1:80 addr=10.0.0.1:80;\n", "web:; unclear"},
		{"server 10.0.0.1:80 addr=10.0.0.1:80 weight=1 max_fails=1 conns=0;\n",
		 "web:; unclear"},
		{SERVER("10.0.0.1:80") " slow=1;\n", "web:; unclear"},
		{SERVER("10.0.0.1:80") "  down;\n", "web:; unclear"},
		{"server 10.0.0.1:80 addr=10.0.0.1:80 weight=x max_fails=1 fail_timeout=1;\n",
		 "web:; unclear"},
		{"server 10.0.0.1:80 addr=10.0.0.1:80 weight=-1 max_fails=1 fail_timeout=1;\n",
		 "web:; unclear"},
		{"server 10.0.0.1:80 addr=10.0.0.1:80 weight=4294967297 max_fails=1 "
		 "fail_timeout=1;\n",
		 "web:; unclear"},
		{"server  addr=10.0.0.1:80" ATTRIBUTES ";\n", "web:; unclear"},
		{"server 10.0.0.1:80 10.0.0.1:80" ATTRIBUTES ";\n", "web:; unclear"},
		{"upstream is not found\n", "web:; unclear"},
		/* words that must not get into a query */
		{"server a&remove= addr=10.0.0.1:80" ATTRIBUTES ";\n", "web:; unclear"},
		{"server a%20b addr=10.0.0.1:80" ATTRIBUTES ";\n", "web:; unclear"},
		{"server a#b addr=10.0.0.1:80" ATTRIBUTES ";\n", "web:; unclear"},
		{"server a?b addr=10.0.0.1:80" ATTRIBUTES ";\n", "web:; unclear"},
		{"server a\x80 addr=10.0.0.1:80" ATTRIBUTES ";\n", "web:; unclear"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = read_text(rows[i].text, strlen(rows[i].text));

		unit_same(rows[i].text, got, rows[i].servers);
		free(got);
	}
}

static void a_nul(void **state)
{
	static const char text[] = "server 10.0.0.1:80\0 addr=10.0.0.1:80" ATTRIBUTES ";\n";
	char *got = read_text(text, sizeof(text) - 1);

	(void)state;
	unit_same("a NUL", got, "web:; unclear");
	free(got);
}

/* The module cuts an answer at 128 KiB, even between two lines. */
static void cut(void **state)
{
	static const char line[] = SERVER("10.0.0.1:80") ";\n";
	const size_t size = 128UL * 1024;
	char *text = malloc(size + sizeof(line)), *got;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < size; i += sizeof(line) - 1)
		memcpy(text + i, line, sizeof(line) - 1);
	got = read_text(text, size);
	unit_same("128 KiB", got, "web:; others 10.0.0.1:80; unclear; cut");
	free(got);
	text[size - 2] = ';';
	text[size - 1] = '\n';
	got = read_text(text, size);
	unit_says("a whole line at its end", got, "; cut");
	free(got);
	free(text);
}

static void placeholders(void **state)
{
	static const struct {
		const char *upstream;
		bool needs;
	} rows[] = {
		{"web:", true},
		{"web: 10.0.0.1:80", false},
		{"web: 10.0.0.1:80,down", false},
		{"web: 10.0.0.1:80 10.0.0.2:80", false},
		{"web: 10.0.0.1:80 10.0.0.2:80,backup", true},
		{"web: 10.0.0.1:80 10.0.0.2:80,backup 10.0.0.3:80,backup", true},
		{"web: 10.0.0.1:80 10.0.0.2:80,backup 10.0.0.3:80", false},
		{"web: 10.0.0.2:80,backup", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = unit_upstreams(rows[i].upstream);

		unit_number(rows[i].upstream, swk_dynamic_needs_placeholder(&set.list[0]),
			    rows[i].needs);
		swk_upstreams_free(&set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meanings), cmocka_unit_test(printed),	    cmocka_unit_test(a_nul),
		cmocka_unit_test(cut),	    cmocka_unit_test(placeholders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
