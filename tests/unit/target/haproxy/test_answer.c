/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "target/haproxy/answer.h"

#define COLUMNS                                                                                    \
	"# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "       \
	"srv_iweight srv_time_since_last_change srv_check_status srv_check_result "                \
	"srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id "         \
	"srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr "    \
	"srv_agent_port"

/* The line of a server, as HAProxy 2.6.12 prints it. */
#define LINE(backend, name, address, admin, weight, fqdn, port)                                    \
	"4 " backend " 1 " name " " address " 2 " admin " " weight " 5 140 1 0 2 0 0 0 0 " fqdn    \
	" " port " - 0 0 - - 0"

static void cut_into_answers(void **state)
{
	char text[] = "\n> No such backend.\n> \n> Already exists.\n\n> # name\na\nb\n\n> cut off";
	static const char *const answers[] = {"", "No such backend.", "", "Already exists.",
					      "# name\na\nb"};
	char *rest = text;

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++)
		unit_same("answer", swk_haproxy_next_answer(&rest), answers[i]);
	assert_null(swk_haproxy_next_answer(&rest));
	unit_same("rest", rest, "cut off");
}

static void meanings(void **state)
{
	static const struct {
		enum swk_haproxy_command command;
		const char *answer;
		enum swk_haproxy_meaning meaning;
	} rows[] = {
		{SWK_HAPROXY_ADD, "New server registered.", SWK_HAPROXY_DONE},
		{SWK_HAPROXY_ADD, "", SWK_HAPROXY_REJECTED},
		{SWK_HAPROXY_ADD, "Already exists a server with the same name in backend.",
		 SWK_HAPROXY_EXISTS},
		{SWK_HAPROXY_ADD, "No such backend.", SWK_HAPROXY_REJECTED},
		{SWK_HAPROXY_ADD,
		 "Backend must use a dynamic load balancing to support dynamic servers.",
		 SWK_HAPROXY_REJECTED},
		{SWK_HAPROXY_ADD, "'cookie' option is not accepted for dynamic server",
		 SWK_HAPROXY_REJECTED},
		{SWK_HAPROXY_ADD, "Server deleted.", SWK_HAPROXY_REJECTED},
		{SWK_HAPROXY_SET, "", SWK_HAPROXY_DONE},
		{SWK_HAPROXY_SET, "No such server.", SWK_HAPROXY_REJECTED},
		{SWK_HAPROXY_SET, "Permission denied", SWK_HAPROXY_REJECTED},
		{SWK_HAPROXY_DELETE, "Server deleted.", SWK_HAPROXY_DONE},
		{SWK_HAPROXY_DELETE, "No such server.", SWK_HAPROXY_DONE},
		{SWK_HAPROXY_DELETE,
		 "Server still has connections attached to it, cannot remove it.",
		 SWK_HAPROXY_BUSY},
		{SWK_HAPROXY_DELETE, "Only servers in maintenance mode can be deleted.",
		 SWK_HAPROXY_REJECTED},
		{SWK_HAPROXY_DELETE, "", SWK_HAPROXY_REJECTED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].answer, swk_haproxy_meaning(rows[i].command, rows[i].answer),
			    rows[i].meaning);
}

/* All lines, as `BACKEND NAME ADDRESS WEIGHT`, with `unknown` or `at` before the address if the
 * name is another. */
static char *show_lines(const struct swk_haproxy_state *state)
{
	struct swk_error error = {0};
	char address[SWK_ADDRESS_MAX];
	struct swk_buffer out;

	swk_buffer_init(&out, SIZE_MAX / 2);
	(void)swk_buffer_add(&out, "", 0, &error);
	for (size_t i = 0; i < state->count; i++) {
		const struct swk_haproxy_line *line = &state->lines[i];

		(void)swk_buffer_print(&out, &error, "%s%s %s %s%s %u%s%s", i ? "; " : "",
				       line->backend, line->name, line->placed ? "at " : "",
				       line->known || line->placed
					       ? swk_server_address(&line->server, address)
					       : "unknown",
				       line->server.weight, line->server.down ? " down" : "",
				       line->draining ? " draining" : "");
	}
	return out.data;
}

static void servers(void **state)
{
	static const struct {
		const char *name, *answer;
		const char *lines; /* NULL: refused, */
		const char *cause; /* with this in the message */
	} rows[] = {
		{"none", "1\n" COLUMNS, "", NULL},
		{"sorted; an operator's own, and an address that is not the name",
		 "1\n" COLUMNS "\n" LINE("web", "::1:81", "::1", "0", "256", "-", "81") "\n" LINE(
			 "web", "10.0.0.2:80", "10.0.0.2", "1", "7", "-",
			 "80") "\n" LINE("web", "10.0.0.1:80", "10.0.0.1", "4", "0", "-",
					 "80") "\n" LINE("web", "b", "10.0.0.1", "0", "1", "-",
							 "80") "\n" LINE("api", "10.0.0.3:80",
									 "10.0.0.4", "8", "1", "-",
									 "80"),
		 "api 10.0.0.3:80 at 10.0.0.4:80 1 draining; web b at 10.0.0.1:80 1; "
		 "web 10.0.0.1:80 10.0.0.1:80 "
		 "0; "
		 "web 10.0.0.2:80 10.0.0.2:80 7 down; web ::1:81 [::1]:81 256",
		 NULL},
		{"host names, resolved or not",
		 "1\n" COLUMNS
		 "\n" LINE("web", "a.example:80", "-", "32", "1", "a.example", "80") "\n" LINE(
			 "web", "b.example:80", "10.0.0.1", "0", "1", "b.example", "80"),
		 "web a.example:80 a.example:80 1; web b.example:80 b.example:80 1", NULL},
		{"a host name under another name",
		 "1\n" COLUMNS "\n" LINE("web", "a", "-", "32", "1", "a.example", "80") "\n" LINE(
			 "web", "b", "::2", "1", "1", "b.example", "80"),
		 "web a unknown 1; web b at [::2]:80 1 down", NULL},
		{"no address", "1\n" COLUMNS "\n" LINE("web", "s", "-", "0", "1", "-", "0"),
		 "web s unknown 1", NULL},
		{"columns in another order, and others",
		 "1\n# be_name new srv_name srv_addr srv_port srv_fqdn srv_uweight "
		 "srv_admin_state\nweb x 10.0.0.1:80 10.0.0.1 80 - 3 1",
		 "web 10.0.0.1:80 10.0.0.1:80 3 down", NULL},
		{"a message", "Permission denied", NULL, "with: Permission denied"},
		{"an unknown backend", "Can't find backend.", NULL, "with: Can't find backend."},
		{"another version", "2\n" COLUMNS, NULL, "with: 2"},
		{"nothing", "", NULL, "with: "},
		{"a version only", "1", NULL, "with: 1"},
		{"no columns", "1\nweb", NULL, "expected columns"},
		{"a column missing", "1\n# be_name srv_name srv_addr srv_port srv_fqdn srv_uweight",
		 NULL, "expected columns"},
		{"a short line", "1\n" COLUMNS "\n4 web 1 10.0.0.1:80", NULL, "after 0 others"},
		{"an empty word",
		 "1\n" COLUMNS "\n" LINE("web", "a", "10.0.0.1", "0", "", "-", "80"), NULL,
		 "after 0 others"},
		{"a weight that is too large",
		 "1\n" COLUMNS
		 "\n" LINE("web", "10.0.0.1:80", "10.0.0.1", "0", "256", "-",
			   "80") "\n" LINE("web", "10.0.0.1:80", "10.0.0.1", "0", "257", "-", "80"),
		 NULL, "after 1 others"},
		{"a port that is too large",
		 "1\n" COLUMNS "\n" LINE("web", "a", "10.0.0.1", "0", "1", "-", "65536"), NULL,
		 "after 0 others"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_haproxy_state read = {0};
		struct swk_error error = {0};
		char *answer = strdup(rows[i].answer);
		int status = swk_haproxy_read_servers(&read, answer, &error);

		unit_number(rows[i].name, status, rows[i].lines ? 0 : SWK_TEMPFAIL);
		if (rows[i].lines) {
			char *shown = show_lines(&read);

			unit_same(rows[i].name, shown, rows[i].lines);
			free(shown);
		} else {
			unit_says(rows[i].name, error.text, rows[i].cause);
		}
		swk_haproxy_state_free(&read);
		free(answer);
	}
}

static void looked_up(void **state)
{
	char lines[] =
		"1\n" COLUMNS
		"\n" LINE("web", "10.0.0.1:80", "10.0.0.1", "0", "1", "-", "80") "\n" LINE(
			"Web", "10.0.0.2:80", "10.0.0.2", "0", "1", "-",
			"80") "\n" LINE("web", "10.0.0.3:80", "10.0.0.3", "0", "1", "-", "80");
	char names[] = "# name\nweb\nWeb\napi";
	char info[] = "Name: HAProxy\nVersion: 2.6.12\nPid: 4711\nUptime: 0d";
	char message[] = "Permission denied", wrong[] = "# named\nweb", other[] = "Pid: 3";
	struct swk_haproxy_state read = {0};
	struct swk_error error = {0};
	size_t count;

	(void)state;
	assert_int_equal(swk_haproxy_read_servers(&read, lines, &error), 0);
	assert_int_equal(swk_haproxy_read_backends(&read, names, &error), 0);
	assert_int_equal(swk_haproxy_read_info(&read, info, &error), 0);
	assert_int_equal(read.process, 4711);
	assert_true(swk_haproxy_has_backend(&read, "api"));
	assert_false(swk_haproxy_has_backend(&read, "WEB"));
	assert_string_equal(swk_haproxy_lines(&read, "web", &count)->name, "10.0.0.1:80");
	assert_int_equal(count, 2);
	(void)swk_haproxy_lines(&read, "Web", &count);
	assert_int_equal(count, 1);
	(void)swk_haproxy_lines(&read, "api", &count);
	assert_int_equal(count, 0);
	swk_haproxy_state_free(&read);
	assert_int_equal(swk_haproxy_read_backends(&read, message, &error), SWK_TEMPFAIL);
	unit_says("names", error.text, "HAProxy answers 'show backend' with: Permission denied");
	assert_int_equal(swk_haproxy_read_backends(&read, wrong, &error), SWK_TEMPFAIL);
	assert_int_equal(swk_haproxy_read_info(&read, other, &error), SWK_TEMPFAIL);
	swk_haproxy_state_free(&read);
}

#define STATE                                                                                      \
	"1\n" COLUMNS "\n" LINE("web", "10.0.0.1:80", "10.0.0.1", "0", "1", "-", "80") "\n" LINE(  \
		"web", "10.0.0.2:80", "10.0.0.2", "0", "1", "-", "80")

static void detailed(void **state)
{
	static const struct {
		const char *name, *answer, *cause;
		unsigned limit; /* of the first server */
		bool backup, known[2];
	} rows[] = {
		{"both",
		 "# pxname,svname,slim,bck,\nweb,10.0.0.1:80,7,1,\nweb,10.0.0.2:80,,0,",
		 NULL,
		 7,
		 true,
		 {true, true}},
		{"other columns",
		 "# bck,pxname,more,svname,slim\n0,web,x,10.0.0.1:80,",
		 NULL,
		 0,
		 false,
		 {true, false}},
		{"another backend",
		 "# pxname,svname,slim,bck,\nWeb,10.0.0.1:80,7,1,",
		 NULL,
		 0,
		 false,
		 {false, false}},
		{"no server", "# pxname,svname,slim,bck,", NULL, 0, false, {false, false}},
		{"cut",
		 "# pxname,svname,slim,bck,\nweb,10.0.0.1:80",
		 NULL,
		 0,
		 false,
		 {false, false}},
		{"wrong number",
		 "# pxname,svname,slim,bck,\nweb,10.0.0.1:80,-1,1,",
		 NULL,
		 0,
		 false,
		 {false, false}},
		{"no column",
		 "# pxname,svname,bck,\nweb,10.0.0.1:80,1,",
		 "'show stat' does not have the expected columns",
		 0,
		 false,
		 {false, false}},
		{"a message",
		 "Permission denied",
		 "answers 'show stat' with: Permission denied",
		 0,
		 false,
		 {false, false}},
		{"nothing", "", "answers 'show stat' with: ", 0, false, {false, false}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char lines[] = STATE;
		char *answer = strdup(rows[i].answer);
		struct swk_haproxy_state read = {0};
		struct swk_error error = {0};

		assert_int_equal(swk_haproxy_read_servers(&read, lines, &error), 0);
		unit_number(rows[i].name, swk_haproxy_read_details(&read, answer, &error),
			    rows[i].cause ? SWK_TEMPFAIL : 0);
		if (rows[i].cause)
			unit_says(rows[i].name, error.text, rows[i].cause);
		for (size_t j = 0; j < 2; j++)
			unit_number(rows[i].name, read.lines[j].detailed, rows[i].known[j]);
		unit_number(rows[i].name, read.lines[0].server.max_conns, rows[i].limit);
		unit_number(rows[i].name, read.lines[0].server.backup, rows[i].backup);
		swk_haproxy_state_free(&read);
		free(answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_into_answers), cmocka_unit_test(meanings),
		cmocka_unit_test(servers),	    cmocka_unit_test(looked_up),
		cmocka_unit_test(detailed),
	};

	return cmocka_run_group_tests_name("haproxy answer", tests, NULL, NULL);
}
