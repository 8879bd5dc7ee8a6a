/* SPDX-License-Identifier: MIT */
#include "document.h"

/* ---- documents ---- */

static const struct document good_documents[] = {
	{"[]", "ended: nothing\n"},
	{" \n[\t]\r\n ", "ended: nothing\n"},
	{"{}", "ended: services\n"},
	{"{ \"web\" : [ \"a\" , \"b,]}\" ] ,\n\"consul\":[]}\n",
	 "service web\nservice consul\nended: services\n"},
	{"{\"\\u0077eb\":[]}", "service web\nended: services\n"},
	{"{\"evil; } include /etc/passwd; #\":[]}",
	 "service evil; } include /etc/passwd; #\nended: services\n"},
	{"{\"a\\\"b\\\\\":[\"\\\\\"]}", "service a\"b\\\nended: services\n"},
	{"[" INSTANCE "]", GOOD(0) "ended: service\n"},
	{"[" INSTANCE ",\n" INSTANCE "]\n", GOOD(0) GOOD(1) "ended: service\n"},
	/* an undecodable element does not affect the others */
	{"[" INSTANCE ",\n{\"x\":\"\\ud800\"},\n{\"x\":\"\xff\"},\n" INSTANCE "]",
	 GOOD(0) "unreadable (unknown): instance 1 (line 2): invalid Unicode '\\uD800' near "
		 "'\"\\ud800\"'\n"
		 "unreadable (unknown): instance 2 (line 3): unable to decode byte 0xff near "
		 "'\"'\n" GOOD(3) "ended: service\n"},
	{"{\"a\\u0000b\":[],\"web\":[\"\\u0000\"],\"\":[],\"\\ud800\":[],\"\xff\":[],\"zoo\":[]}",
	 "unreadable (unknown): a service in the list: its name contains a NUL byte\nservice "
	 "web\nunreadable (unknown): a service in the list: its name is empty\nunreadable "
	 "(unknown): a service in the list: invalid Unicode '\\uD800' near "
	 "'\"\\ud800\"'\nunreadable (unknown): a service in the list: unable to decode byte 0xff "
	 "near '\"'\nservice zoo\nended: services\n"},
	{"{\"web\":[\"\\ud800\",\"\xff\"],\"zoo\":[1e400]}",
	 "service web\nservice zoo\nended: services\n"},
};

static const struct document bad_documents[] = {
	{"", "refused 65: the document is empty"},
	{" \n", "refused 65: the document is empty"},
	{" nul", "refused 65: line 1: this looks like null"},
	{"null\n", "refused 65: line 1: this looks like null, which is the document of a 'key'"},
	/* not JSON */
	{"x", "refused 65: line 1, byte 1: this is not a watch's document: expected an array or an "
	      "object, found x"},
	{"\xef\xbb\xbf[]", "refused 65: line 1, byte 1: this is not a watch's document: expected "
			   "an array or an object, found \\xef"},
	{"\"web\"", "refused 65: line 1, byte 1"},
	{"7", "refused 65: line 1, byte 1"},
	{"]", "refused 65: line 1, byte 1"},
	{"[\n,]",
	 "refused 65: line 2, byte 3: this is not a watch's document: expected an instance or ']'"},
	{"[" INSTANCE ",]", GOOD(0) "refused 65: line 1, byte 147: this is not a watch's document: "
				    "expected an instance, found ]"},
	{"[" INSTANCE "\n" INSTANCE "]", GOOD(0) "refused 65: line 2, byte 147: this is not a "
						 "watch's document: expected ',' or ']', found {"},
	{"[" INSTANCE "}", GOOD(0) "refused 65: line 1, byte 146"},
	{"[1 2]", NULL},
	{"{,}",
	 "refused 65: line 1, byte 2: this is not a watch's document: expected a name or '}'"},
	{"{web:[]}", "refused 65: line 1, byte 2"},
	{"{\"web\" []}",
	 "refused 65: line 1, byte 8: this is not a watch's document: expected ':'"},
	{"{\"web\":}",
	 "refused 65: line 1, byte 8: this is not a watch's document: expected a value"},
	{"{\"web\":[] \"a\":[]}", "service web\nrefused 65: line 1, byte 11"},
	{"{\"web\":[],}", "service web\nrefused 65: line 1, byte 11: this is not a watch's "
			  "document: expected a name"},
	{"{\"web\":[]]", "service web\nrefused 65: line 1, byte 10"},
	/* good framing around text that is not JSON */
	{"[\n{\"a\":1,\n\"b\" 2}]", "refused 65: line 3, byte 15: this is not JSON"},
	{"[" INSTANCE ",\n{]}]", GOOD(0) "refused 65: line 2, byte 1"},
	{"[{\"a\":tru}]", "refused 65: line 1, byte 9: this is not JSON"},
	{"[tru]", "refused 65: line 1, byte 4: this is not JSON"},
	{"[01]", "refused 65: line 1"},
	{"[1\"a\"]", "refused 65: line 1"},
	{"{\"web\":[}", "refused 65: line 1"},
	{"{\"w\teb\":[]}", "refused 65: line 1"},
	{"{\"w\\xeb\":[]}", "refused 65: line 1"},
	/* text after the end */
	{"[]x", "refused 65: line 1, byte 3: this is not a watch's document: expected the end"},
	{"[]\n\n[]", "refused 65: line 3, byte 5"},
	{"{}{}", "refused 65: line 1, byte 3"},
	{"[" INSTANCE "]]", GOOD(0) "refused 65: line 1, byte 147"},
};

/* Results if keys are accepted. */
static const struct document good_keys[] = {
	/* no keys */
	{"[]", "ended: nothing\n"},
	{"null", "ended: nothing\n"},
	{" \t\r\n null \r\n\t", "ended: nothing\n"},
};

static const struct document bad_keys[] = {
	{"[{\"Key\":\"a\"}", "key a\nrefused 65: line 1: the document is cut off"},
	{"[{\"Key\":\"a\"}]]",
	 "key a\nrefused 65: line 1, byte 14: this is not a watch's document: expected the end"},
	{"[{\"Key\":\"a\"},{\"Key\":tru}]", "key a\nrefused 65: line 1, byte 23: this is not JSON"},
	/* almost null */
	{"n", "refused 65: line 1: the document is cut off after 1 bytes"},
	{" nul", "refused 65: line 1: the document is cut off after 4 bytes"},
	{"nul ",
	 "refused 65: line 1, byte 4: this is not a watch's document: expected null, found \\x20"},
	{"\nnu\nll", "refused 65: line 2, byte 4: this is not a watch's document: expected null"},
	{"nulL", "refused 65: line 1, byte 4: this is not a watch's document: expected null"},
	{"nullx", "refused 65: line 1, byte 5: this is not a watch's document: expected the end"},
	{"null\n,", "refused 65: line 2, byte 6: this is not a watch's document: expected the end"},
	{"null null", "refused 65: line 1, byte 6"},
	{"null[]", "refused 65: line 1, byte 5"},
	{"Null", "refused 65: line 1, byte 1"},
};

static void documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++)
		good(&good_documents[i], NO_KEYS);
	for (size_t i = 0; i < COUNT(bad_documents); i++)
		bad(&bad_documents[i], NO_KEYS);
}

static void documents_of_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_keys); i++)
		good(&good_keys[i], KEYS);
	for (size_t i = 0; i < COUNT(bad_keys); i++)
		bad(&bad_keys[i], KEYS);
}

/* A sink for keys accepts all other documents as before. */
static void other_documents_with_keys_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++)
		good(&good_documents[i], KEYS);
}

static void documents_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++)
		split_anywhere(good_documents[i].text, NO_KEYS);
	for (size_t i = 0; i < COUNT(bad_documents); i++)
		split_anywhere(bad_documents[i].text, NO_KEYS);
	for (size_t i = 0; i < COUNT(good_keys); i++)
		split_anywhere(good_keys[i].text, KEYS);
	for (size_t i = 0; i < COUNT(bad_keys); i++)
		split_anywhere(bad_keys[i].text, KEYS);
}

static void documents_cut_short(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_documents); i++)
		cut_short(good_documents[i].text, NO_KEYS);
	for (size_t i = 0; i < COUNT(good_keys); i++)
		cut_short(good_keys[i].text, KEYS);
}

/* JSON has no NUL. In place of any byte it is refused, unless the text is then also not UTF-8. */
static void raw_nul(void **state)
{
	static const char text[] = " [" INSTANCE ", " INSTANCE " ] ";
	char copy[sizeof(text)], *record;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		record = read_document(copy, sizeof(text) - 1);
		unit_says("with a NUL", record, "refused 65: line 1");
		free(record);
	}
	record = read_document("{\"web\":[],\0\"zoo\":[]}", 20);
	assert_string_equal(record, "service web\nrefused 65: line 1, byte 11: this is not a "
				    "watch's document: expected a name, found \\x00\n");
	free(record);
	record = read_document("[7\0]", 4);
	unit_says("after a number", record, "refused 65: line 1, byte 3");
	free(record);
}

/* ---- large documents ---- */

/* An instance of `length` bytes. */
static char *large_instance(size_t length)
{
	static const char first[] = "{\"Output\":\"",
			  last[] = "\"," NODE "," SERVICE(WEB) "," PASSING "}";
	char *text = unit_repeat('x', length);

	memcpy(text, first, strlen(first));
	memcpy(text + length - strlen(last), last, strlen(last));
	return text;
}

static void large_between_two_good(void **state)
{
	static const struct {
		size_t length, piece;
		const char *record;
	} rows[] = {
		{SWK_ELEMENT_MAX, 65536, GOOD(0) GOOD(1) GOOD(2) "ended: service\n"},
		{SWK_ELEMENT_MAX + 1, 65536,
		 GOOD(0) "unreadable (unknown): instance 1 (line 2): it is larger than 4194304 "
			 "bytes\n" GOOD(2) "ended: service\n"},
		{SWK_ELEMENT_MAX + 1, SIZE_MAX,
		 GOOD(0) "unreadable (unknown): instance 1 (line 2): it is larger than 4194304 "
			 "bytes\n" GOOD(2) "ended: service\n"},
		{3 * SWK_ELEMENT_MAX, 1000003,
		 GOOD(0) "unreadable (unknown): instance 1 (line 2): it is larger than 4194304 "
			 "bytes\n" GOOD(2) "ended: service\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *large = large_instance(rows[i].length), *text, *record;
		struct reading reading;
		int length = asprintf(&text, "[%s,\n%s,\n%s]", INSTANCE, large, INSTANCE);

		assert_true(length > 0);
		begin(&reading, NO_KEYS);
		for (size_t at = 0; at < (size_t)length;) {
			size_t piece = (size_t)length - at;

			if (piece > rows[i].piece)
				piece = rows[i].piece;
			feed(&reading, text + at, piece);
			at += piece;
		}
		record = end(&reading);
		unit_same("the large one", record, rows[i].record);
		free(record);
		free(text);
		free(large);
	}
}

static void large_in_a_list(void **state)
{
	char *name = unit_repeat('n', SWK_TEXT_MAX), *large = unit_repeat('n', SWK_ELEMENT_MAX + 1),
	     *text, *record;
	int length = asprintf(&text, "{\"%s\":[],\"%s\":[],\"web\":[\"%s\"],\"zoo\":[]}", name,
			      large, large);

	(void)state;
	assert_true(length > 0);
	record = read_document(text, (size_t)length);
	assert_string_equal(record,
			    "unreadable (unknown): a service in the list: its name is too "
			    "long\n"
			    "unreadable (unknown): a service in the list: it is larger than "
			    "4194304 bytes\n"
			    "service web\nservice zoo\nended: services\n");
	free(record);
	free(text);
	free(large);
	free(name);
}

static void document_over_its_limit(void **state)
{
	static const size_t piece = 1UL << 20;
	char *blanks = unit_repeat(' ', piece);
	struct swk_error error = {0};
	struct reading reading;

	(void)state;
	begin(&reading, NO_KEYS);
	for (size_t at = 0; at < SWK_DOCUMENT_MAX; at += piece)
		assert_int_equal(swk_document_feed(reading.document, blanks, piece, &error), 0);
	assert_int_equal(swk_document_feed(reading.document, "", 0, &error), 0);
	assert_int_equal(swk_document_feed(reading.document, " ", 1, &error), SWK_DATA);
	unit_says("too large", error.text, "larger than 256 MiB");
	free(end(&reading));
	free(blanks);
}

/* So deep that recursion would exhaust the stack. */
static void deeply_nested(void **state)
{
	static const size_t depth = 10000;
	static const struct {
		const char *before, *open, *close, *after, *says;
	} rows[] = {
		{"", "[", "]", "", "refused 65: none of the array's"},
		{"", "[", "", "", "refused 65: line 1: the document is cut off"},
		{"", "{\"a\":", "", "1", "refused 65: line 1: the document is cut off"},
		{"", "{\"a\":", "}", "1",
		 "refused 65: line 1: this looks like an object that is not a list of services"},
		{"[" INSTANCE ",{\"a\":", "[", "]", "}," INSTANCE "]",
		 GOOD(0) "unreadable (unknown): instance 1 (line 1): maximum parsing depth "
			 "reached near '['\n" GOOD(2) "ended: service\n"},
		{"{\"web\":", "[", "]", ",\"zoo\":[]}", "service zoo\nended: services\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		struct swk_buffer text;
		char *record;

		swk_buffer_init(&text, SIZE_MAX / 2);
		(void)swk_buffer_print(&text, &error, "%s", rows[i].before);
		for (size_t j = 0; j < depth; j++)
			(void)swk_buffer_print(&text, &error, "%s", rows[i].open);
		if (*rows[i].open == '{')
			(void)swk_buffer_print(&text, &error, "1");
		for (size_t j = 0; j < depth; j++)
			(void)swk_buffer_print(&text, &error, "%s", rows[i].close);
		if (*rows[i].after != '1')
			(void)swk_buffer_print(&text, &error, "%s", rows[i].after);
		assert_int_equal(error.status, 0);
		record = read_document(text.data, text.length);
		unit_says(rows[i].open, record, rows[i].says);
		free(record);
		swk_buffer_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents),
		cmocka_unit_test(documents_of_keys),
		cmocka_unit_test(other_documents_with_keys_accepted),
		cmocka_unit_test(documents_in_pieces),
		cmocka_unit_test(documents_cut_short),
		cmocka_unit_test(raw_nul),
		cmocka_unit_test(large_between_two_good),
		cmocka_unit_test(large_in_a_list),
		cmocka_unit_test(document_over_its_limit),
		cmocka_unit_test(deeply_nested),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
