/* SPDX-License-Identifier: MIT */
#include "document.h"

#include <unistd.h>

#include "base/deadline.h"

/* ---- kinds ---- */

static const struct document good_kinds[] = {
	{"[{\"Node\":\"n1\",\"CheckID\":\"c\",\"Status\":\"passing\",\"ServiceName\":\"web\"},"
	 "{\"CheckID\":\"d\"}]",
	 "ended: checks\n"},
	/* an element without a kind does not hide the kind of the next */
	{"[{}," INSTANCE "]",
	 "unreadable (unknown): instance 0 (line 1): it is not an instance\n" GOOD(1) "ended: "
										      "service\n"},
	/* kinds mixed: the first that shows its kind decides */
	{"[" INSTANCE ",{\"CheckID\":\"c\"},7,\"x\",null,[]]",
	 GOOD(0) "unreadable (unknown): instance 1 (line 1): Service is not an object\nunreadable "
		 "(unknown): instance 2 (line 1): Service is not an object\nunreadable (unknown): "
		 "instance 3 (line 1): Service is not an object\nunreadable (unknown): instance 4 "
		 "(line 1): Service is not an object\nunreadable (unknown): instance 5 (line 1): "
		 "Service is not an object\nended: service\n"},
	{"[{\"CheckID\":\"c\"}," INSTANCE "]", "ended: checks\n"},
};

static const struct document bad_kinds[] = {
	/* other watches */
	{"\n[{\"ID\":\"1\",\"Name\":\"deploy\",\"Payload\":null,\"LTime\":3}]",
	 "refused 65: line 2: this looks like the document of an 'event' watch"},
	{"[\n{\"LockIndex\":0,\"Key\":\"a\",\"Flags\":18446744073709551615,\"Value\":null}]",
	 "refused 65: line 2: this looks like the document of a 'keyprefix' watch"},
	{"[{\"ID\":\"1\",\"Node\":\"n1\",\"Address\":\"10.0.0.1\"}]",
	 "refused 65: line 1: this looks like the document of a 'nodes' watch"},
	{"{\"Key\":\"a\",\"Value\":\"YQ==\"}",
	 "refused 65: line 1: this looks like the document of a 'key' watch"},
	{"{\"LockIndex\":0,\"Key\":\"a\"}",
	 "refused 65: line 1: this looks like the document of a 'key' watch"},
	{"{\"web\":[],\n\"api\":\n{}}", "service web\nrefused 65: line 3: this looks like an "
					"object that is not a list of services"},
	{"{\"web\":\"a\"}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":7}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":null}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":1e400}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":\"\\ud800\"}", "refused 65: line 1: this looks like an object"},
	{"{\"web\":{\"\\u0000\":1}}", "refused 65: line 1: this looks like an object"},
	/* not one instance */
	{"[{}]", "unreadable (unknown): instance 0 (line 1): it is not an instance\nrefused 65: "
		 "none of the array's 1 elements"},
	{"[7,\"a\",[]]", NULL},
};

/* Results if keys are accepted. */
static const struct document good_kinds_of_keys[] = {
	{"[{\"LockIndex\":0,\"Key\":\"a\"}]", "key a\nended: keys\n"},
	{"[{},{\"Key\":\"b\"}]", "unreadable (unknown): instance 0 (line 1): it is not an "
				 "instance\nkey b\nended: keys\n"},
	/* the first element that shows a kind decides */
	{"[" INSTANCE ",{\"Key\":\"a\"}]", GOOD(0) "unreadable (unknown): instance 1 (line 1): "
						   "Service is not an object\nended: service\n"},
};

#define TAKES "'service', 'services', 'checks' or 'keyprefix' watch\n"

static const struct document bad_kinds_of_keys[] = {
	{"", "refused 65: the document is empty; swk-apply accepts the document of a " TAKES},
	{"\n{\"Key\":\"a\",\"Value\":\"YQ==\"}",
	 "refused 65: line 2: this looks like the document of a 'key' watch; swk-apply accepts the "
	 "document of a " TAKES},
	{"[{\"LTime\":3}]", TAKES},
	{"[{}]", TAKES},
};

static void kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_kinds); i++) {
		good(&good_kinds[i], NO_KEYS);
		good(&good_kinds[i], KEYS);
		split_anywhere(good_kinds[i].text, NO_KEYS);
		cut_short(good_kinds[i].text, NO_KEYS);
	}
	for (size_t i = 0; i < COUNT(bad_kinds); i++) {
		bad(&bad_kinds[i], NO_KEYS);
		split_anywhere(bad_kinds[i].text, NO_KEYS);
	}
}

static void kinds_with_keys_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_kinds_of_keys); i++) {
		good(&good_kinds_of_keys[i], KEYS);
		split_anywhere(good_kinds_of_keys[i].text, KEYS);
		cut_short(good_kinds_of_keys[i].text, KEYS);
	}
	for (size_t i = 0; i < COUNT(bad_kinds_of_keys); i++) {
		bad(&bad_kinds_of_keys[i], KEYS);
		split_anywhere(bad_kinds_of_keys[i].text, KEYS);
	}
}

/* ---- sinks ---- */

static void checks_before_their_instance(void **state)
{
	static const char document[] =
		"[{\"Node\": {\"Node\": \"n\"}, \"Service\": {\"Service\": \"web\", \"ID\": "
		"\"w1\", "
		"\"Port\": 80}, \"Checks\": [" STATE_OF(
			", \"ModifyIndex\": 3") ", {\"Status\": "
						"\"passing\"}]}, "
						"{\"Node\": {}, \"Service\": {\"Service\": "
						"\"web\", \"ID\": \"w2\", \"Port\": 80}, "
						"\"Checks\": null}, "
						"{\"Node\": {}, \"Service\": {\"Service\": "
						"\"web\", \"ID\": \"w3\", \"Port\": \"\"}, "
						"\"Checks\": [" STATE_OF("") "]}]";
	static const char undecodable[] =
		"unreadable web: instance 2 ('w3', line 1): Service.Port is not a "
		"number\nended: service\n";
	char *record = read_checks_of(document, true), *desired;

	(void)state;
	assert_true(asprintf(&desired,
			     "check n/c/ of  (node): passing at 3\n"
			     "check // of  (node): passing at 0 unreadable\n"
			     "instance w1\ninstance w2\n%s",
			     undecodable) > 0);
	assert_string_equal(record, desired);
	free(record);
	free(desired);
	/* A sink that does not ask for checks gets none. */
	record = read_checks_of(document, false);
	assert_true(asprintf(&desired, "instance w1\ninstance w2\n%s", undecodable) > 0);
	assert_string_equal(record, desired);
	free(record);
	free(desired);
}

/* ---- a sink that refuses ---- */

static int refuse_instance(void *context, const struct swk_instance *instance,
			   struct swk_error *error)
{
	(void)context;
	return instance->number < 1 ? 0 : swk_error_set(error, SWK_HELD_BACK, "enough");
}

static int refuse_service(void *context, const char *name, struct swk_error *error)
{
	(void)context;
	return swk_error_set(error, SWK_HELD_BACK, "%s", name);
}

static int refuse_key(void *context, const struct swk_key *key, struct swk_error *error)
{
	(void)context;
	return swk_error_set(error, SWK_HELD_BACK, "%s", key->key);
}

static int refuse_check(void *context, const struct swk_check *check, struct swk_error *error)
{
	(void)context;
	return swk_error_set(error, SWK_HELD_BACK, "%s", check->id);
}

static int refuse_unreadable(void *context, const char *service, const char *what,
			     const char *reason, struct swk_error *error)
{
	(void)context;
	(void)service;
	(void)what;
	return swk_error_set(error, SWK_HELD_BACK, "%s", reason);
}

static void sink_ends_the_reading(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"[" INSTANCE "," INSTANCE ", no JSON", "enough"},
		{"{\"web\":[], no JSON", "web"},
		{"[{}, no JSON", "it is not an instance"},
		{"{\"\":[], no JSON", "its name is empty"},
		{"[{\"Key\":\"a/b\"}, no JSON", "a/b"},
		{"[{\"Key\":\"\"}, no JSON", "Key is missing"},
		{"[{\"CheckID\":\"c\"}, no JSON", "c"},
	};
	static const struct swk_document_sink sink = {.instance = refuse_instance,
						      .service = refuse_service,
						      .undecodable = refuse_unreadable,
						      .key = refuse_key,
						      .check = refuse_check};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		struct swk_document *document;

		assert_int_equal(swk_document_open(&document, &sink, &error), 0);
		unit_number(rows[i].text,
			    swk_document_feed(document, rows[i].text, strlen(rows[i].text), &error),
			    SWK_HELD_BACK);
		unit_same(rows[i].text, error.text, rows[i].says);
		swk_document_close(document);
	}
}

/* ---- from a descriptor ---- */

/* Creates a file with this text, open at its start. */
static FILE *file_of(const char *text, size_t length)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fflush(file), 0);
	rewind(file);
	return file;
}

static void read_from_a_descriptor(void **state)
{
	static const char text[] = "[" INSTANCE "," INSTANCE "]\n";
	struct reading reading;
	enum swk_document_kind kind = SWK_DOCUMENT_NOTHING;
	FILE *file = file_of(text, strlen(text));

	(void)state;
	begin(&reading, NO_KEYS);
	assert_int_equal(swk_document_read(reading.document, fileno(file), swk_now_ms() + 600000,
					   &kind, &reading.error),
			 0);
	assert_int_equal(kind, SWK_DOCUMENT_SERVICE);
	assert_string_equal(reading.record.data, GOOD(0) GOOD(1));
	free(end(&reading));
	(void)fclose(file);
}

static void refused_document_is_read_to_its_end(void **state)
{
	const size_t length = 1000000;
	static const char later[] = "[" INSTANCE "]";
	char *text = unit_repeat('x', length);
	enum swk_document_kind kind;
	struct reading reading;
	FILE *file;

	(void)state;
	/* The sink gets nothing after that, wherever the pieces end. */
	for (size_t at = 4096; at < length - 4096; at += 4096)
		memcpy(text + at, later, strlen(later));
	file = file_of(text, length);
	begin(&reading, NO_KEYS);
	assert_int_equal(swk_document_read(reading.document, fileno(file), swk_now_ms() + 600000,
					   &kind, &reading.error),
			 SWK_DATA);
	assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), length);
	unit_says("the first failure", reading.error.text, "line 1, byte 1");
	assert_string_equal(reading.record.data, "");
	free(end(&reading));
	(void)fclose(file);
	free(text);
}

/* A writer that neither continues nor closes. */
static void idle_writer(void **state)
{
	enum swk_document_kind kind;
	struct reading reading;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "[]", 2), 2);
	begin(&reading, NO_KEYS);
	assert_int_equal(
		swk_document_read(reading.document, ends[0], swk_now_ms(), &kind, &reading.error),
		SWK_DATA);
	unit_says("in time", reading.error.text, "did not end within --timeout");
	free(end(&reading));
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void unreadable_descriptor(void **state)
{
	enum swk_document_kind kind;
	struct reading reading;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	(void)close(ends[0]);
	begin(&reading, NO_KEYS);
	assert_int_equal(swk_document_read(reading.document, ends[0], swk_now_ms() + 600000, &kind,
					   &reading.error),
			 SWK_DATA);
	unit_says("closed", reading.error.text, "standard input: Bad file descriptor");
	free(end(&reading));
	(void)close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(kinds_with_keys_accepted),
		cmocka_unit_test(checks_before_their_instance),
		cmocka_unit_test(sink_ends_the_reading),
		cmocka_unit_test(read_from_a_descriptor),
		cmocka_unit_test(refused_document_is_read_to_its_end),
		cmocka_unit_test(idle_writer),
		cmocka_unit_test(unreadable_descriptor),
	};

	return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
