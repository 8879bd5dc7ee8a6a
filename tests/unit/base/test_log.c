/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/log.h"

static const struct timespec now = {1795287978, 5000000};

static char *composed(enum swk_log_format format, enum swk_log_level level, const char *text,
		      const struct swk_log_field *fields, size_t count)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 1000000);
	assert_int_equal(swk_log_compose(&out, format, &now, level, text, fields, count, &error),
			 0);
	return out.data;
}

static void lines(void **state)
{
	static const struct swk_log_field fields[] = {{.name = "a", .text = "x y"},
						      {.name = "b", .number = -3},
						      {.name = "c", .text = "z"}};
	static const struct {
		enum swk_log_format format;
		enum swk_log_level level;
		const char *text, *line;
	} rows[] = {
		{SWK_LOG_LOGFMT, SWK_LOG_ERROR, "two words",
		 "ts=2026-11-21T19:06:18.005Z level=error msg=\"two words\" a=\"x y\" b=-3 c=z"},
		{SWK_LOG_LOGFMT, SWK_LOG_WARNING, "word",
		 "ts=2026-11-21T19:06:18.005Z level=warn msg=word a=\"x y\" b=-3 c=z"},
		{SWK_LOG_LOGFMT, SWK_LOG_INFO, "",
		 "ts=2026-11-21T19:06:18.005Z level=info msg=\"\" a=\"x y\" b=-3 c=z"},
		{SWK_LOG_LOGFMT, SWK_LOG_DEBUG, "a=b",
		 "ts=2026-11-21T19:06:18.005Z level=debug msg=\"a=b\" a=\"x y\" b=-3 c=z"},
		{SWK_LOG_LOGFMT, SWK_LOG_DEBUG, "\"q\"\\",
		 "ts=2026-11-21T19:06:18.005Z level=debug msg=\"\\\"q\\\"\\\\\" a=\"x y\" b=-3 "
		 "c=z"},
		{SWK_LOG_LOGFMT, SWK_LOG_DEBUG, "tab\there",
		 "ts=2026-11-21T19:06:18.005Z level=debug msg=\"tab\\\\x09here\" a=\"x y\" b=-3 "
		 "c=z"},
		{SWK_LOG_JSON, SWK_LOG_WARNING, "\"q\"\\\n\xc3\xa9",
		 "{\"ts\":\"2026-11-21T19:06:18.005Z\",\"level\":\"warn\","
		 "\"msg\":\"\\\"q\\\"\\\\\\\\x0a\\\\xc3\\\\xa9\",\"a\":\"x y\",\"b\":-3,\"c\":"
		 "\"z\"}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *line = composed(rows[i].format, rows[i].level, rows[i].text, fields,
				      COUNT(fields));

		unit_same(rows[i].text, line, rows[i].line);
		free(line);
	}
}

/* Parses a logfmt line as its readers do. Returns the value of msg, or NULL. */
static char *msg_of_logfmt(const char *line)
{
	const char *at = strstr(line, " msg=");
	char *text = malloc(strlen(line) + 1), *to = text;
	bool quoted;

	assert_non_null(text);
	assert_non_null(at);
	at += strlen(" msg=");
	quoted = *at == '"';
	for (at += quoted; *at && *at != (quoted ? '"' : ' '); at++) {
		if (quoted && *at == '\\')
			at++;
		*to++ = *at;
	}
	*to = '\0';
	assert_string_equal(at + quoted, " z=1");
	return text;
}

/* For any bytes, the line is printable ASCII, JSON is valid, and both say the same as the plain
 * message. */
static void any_bytes(void **state)
{
	static const struct swk_log_field last = {.name = "z", .number = 1};
	unsigned seed = 20261121;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		char text[24], desired[4 * sizeof(text)], *json, *logfmt, *msg;
		size_t length = (size_t)rand_r(&seed) % (sizeof(text) - 1);
		json_t *root;

		/* First each byte by itself, then random bytes, special ones more often. */
		for (size_t i = 0; i < length; i++) {
			text[i] = (char)(1 + rand_r(&seed) % 255);
			if (rand_r(&seed) % 3 == 0)
				text[i] = "\"\\= \n{}u"[rand_r(&seed) % 8];
		}
		if (round && round < 256) {
			text[0] = (char)round;
			length = 1;
		}
		text[length] = '\0';
		swk_text_escape(desired, sizeof(desired), text);
		json = composed(SWK_LOG_JSON, SWK_LOG_INFO, text, &last, 1);
		logfmt = composed(SWK_LOG_LOGFMT, SWK_LOG_INFO, text, &last, 1);
		for (const char *at = json; *at; at++)
			assert_in_range(*at, 0x20, 0x7e);
		for (const char *at = logfmt; *at; at++)
			assert_in_range(*at, 0x20, 0x7e);
		root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
		if (!root)
			fail_msg("this is not JSON: %s", json);
		unit_same(json, json_string_value(json_object_get(root, "msg")), desired);
		assert_int_equal(json_integer_value(json_object_get(root, "z")), 1);
		msg = msg_of_logfmt(logfmt);
		unit_same(logfmt, msg, desired);
		json_decref(root);
		free(msg);
		free(json);
		free(logfmt);
	}
}

/* The line that a message becomes on standard error. */
static void line_of_a_message(void **state)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{"as it is: 'x' \\ \\x1b \\n", "swk: warning: as it is: 'x' \\ \\x1b \\n\n"},
		{"x\033[31m\n\x7f", "swk: warning: x\\x1b[31m\\x0a\\x7f\n"},
		{"\xc3\xa9", "swk: warning: \\xc3\\xa9\n"},
	};
	const struct swk_log log = {.program = "swk", .level = SWK_LOG_INFO};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char name[] = "/tmp/swk-unit-XXXXXX", line[128] = "";
		int file = mkstemp(name), before = dup(STDERR_FILENO);

		assert_true(file >= 0 && before >= 0);
		assert_int_equal(unlink(name), 0);
		assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
		swk_log_line(&log, SWK_LOG_WARNING, rows[i].text);
		assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
		assert_true(pread(file, line, sizeof(line) - 1, 0) >= 0);
		unit_same(rows[i].text, line, rows[i].line);
		(void)close(before);
		(void)close(file);
	}
}

static void journal(void **state)
{
	char name[] = "/tmp/swk-unit-XXXXXX", stream[80];
	int file = mkstemp(name);
	struct stat about;

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(fstat(file, &about), 0);
	(void)unsetenv("JOURNAL_STREAM");
	assert_false(swk_log_is_journal(file));
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)about.st_dev,
		       (uintmax_t)about.st_ino);
	(void)setenv("JOURNAL_STREAM", stream, 1);
	assert_true(swk_log_is_journal(file));
	/* The variable is inherited, but standard error goes elsewhere; then values that are not
	 * valid. */
	assert_false(swk_log_is_journal(STDIN_FILENO));
	assert_false(swk_log_is_journal(-1));
	strcat(stream, "0");
	(void)setenv("JOURNAL_STREAM", stream, 1);
	assert_false(swk_log_is_journal(file));
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)about.st_dev + 1,
		       (uintmax_t)about.st_ino);
	(void)setenv("JOURNAL_STREAM", stream, 1);
	assert_false(swk_log_is_journal(file));
	(void)setenv("JOURNAL_STREAM", "", 1);
	assert_false(swk_log_is_journal(file));
	(void)unsetenv("JOURNAL_STREAM");
	(void)close(file);
}

static void formats_have_words(void **state)
{
	(void)state;
	assert_string_equal(swk_log_formats[SWK_LOG_TEXT], "text");
	assert_string_equal(swk_log_formats[SWK_LOG_LOGFMT], "logfmt");
	assert_string_equal(swk_log_formats[SWK_LOG_JSON], "json");
	assert_null(swk_log_formats[SWK_LOG_JSON + 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(line_of_a_message),
		cmocka_unit_test(journal),
		cmocka_unit_test(formats_have_words),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
