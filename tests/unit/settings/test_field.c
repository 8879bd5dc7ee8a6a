/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "settings/field.h"

/* A struct with a member of each type, and members around them. */
struct thing {
	char *text;
	char *checked;
	bool flag;
	bool beside;
	unsigned number;
	unsigned seconds;
	struct swk_share share;
	unsigned word;
	unsigned end;
};

static bool is_short(const char *text)
{
	return strlen(text) < 4;
}

static const char *const words[] = {"one", "two", "three four", NULL};
static const char *const pair[] = {"left", "right", NULL};
static const char *const single[] = {"only", NULL};

#define AT(member) .offset = offsetof(struct thing, member)

static const struct swk_field list[] = {
	{"text", SWK_TEXT, AT(text), .unset = "some"},
	{"checked_text", SWK_TEXT, AT(checked), .valid = is_short, .expected = "short text"},
	{"flag", SWK_FLAG, AT(flag), .unset = "yes"},
	{"number", SWK_NUMBER, AT(number), .least = 2, .most = 70000, .unset = "7"},
	{"seconds", SWK_SECONDS, AT(seconds), .most = 86400, .unset = "2m"},
	{"share", SWK_SHARE, AT(share), .most = 1000, .unset = "50%"},
	{"word", SWK_WORD, AT(word), .words = words, .unset = "two"},
};

static const struct swk_fields fields = {list, COUNT(list)};

static void defaults(void **state)
{
	struct thing thing = {.end = 9};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_fields_init(&fields, &thing, &error), 0);
	assert_string_equal(thing.text, "some");
	assert_null(thing.checked);
	assert_true(thing.flag);
	assert_false(thing.beside);
	assert_int_equal(thing.number, 7);
	assert_int_equal(thing.seconds, 120);
	assert_int_equal(thing.share.number, 50);
	assert_true(thing.share.percent);
	assert_int_equal(thing.word, 1);
	assert_int_equal(thing.end, 9);
	swk_fields_free(&fields, &thing);
	assert_null(thing.text);
	assert_null(thing.checked);
	/* Members that are not texts are not touched. Calling it twice does no harm. */
	assert_int_equal(thing.number, 7);
	swk_fields_free(&fields, &thing);
}

static void names(void **state)
{
	static const struct {
		const char *name;
		int place; /* -1: none */
	} rows[] = {
		{"text", 0},
		{"checked_text", 1},
		{"checked-text", 1},
		{"word", 6},
		{"", -1},
		{"tex", -1},
		{"texts", -1},
		{"Text", -1},
		{"checked text", -1},
		{"checked", -1},
		{"-text", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_field *found = swk_fields_find(&fields, rows[i].name);

		unit_number(rows[i].name, found ? found - list : -1, rows[i].place);
	}
}

static void underscore_is_not_a_hyphen(void **state)
{
	static const struct swk_field hyphen[] = {{.name = "a-b", .type = SWK_FLAG}};
	static const struct swk_fields one = {hyphen, 1};

	(void)state;
	assert_non_null(swk_fields_find(&one, "a-b"));
	assert_null(swk_fields_find(&one, "a_b"));
}

/* What a value becomes in the field's member, as text, or the message. */
static const char *set_and_show(const char *name, const char *value)
{
	static char shown[SWK_TEXT_MAX];
	struct thing thing = {.text = strdup("old"), .number = 77, .seconds = 77, .word = 77};
	struct swk_error error = {0};
	const struct swk_field *field = swk_fields_find(&fields, name);
	int status;

	assert_non_null(field);
	status = swk_field_set(field, &thing, value, "--it", &error);
	if (status)
		unit_number(value, status, SWK_USAGE);
	if (status)
		(void)snprintf(shown, sizeof(shown), "%s", error.text);
	else if (field->type == SWK_TEXT)
		(void)snprintf(shown, sizeof(shown), "%s",
			       field->offset ? thing.checked : thing.text);
	else if (field->type == SWK_FLAG)
		(void)snprintf(shown, sizeof(shown), "%d", thing.flag);
	else if (field->type == SWK_SHARE)
		(void)snprintf(shown, sizeof(shown), "%u%s", thing.share.number,
			       thing.share.percent ? "%" : "");
	else
		(void)snprintf(shown, sizeof(shown), "%u",
			       field->type == SWK_NUMBER    ? thing.number
			       : field->type == SWK_SECONDS ? thing.seconds
							    : thing.word);
	/* A refused value leaves the member as it was. */
	if (status) {
		unit_same(value, thing.text, "old");
		unit_number(value, thing.number, 77);
		unit_number(value, thing.seconds, 77);
		unit_number(value, thing.word, 77);
		unit_number(value, thing.share.number, 0);
		assert_null(thing.checked);
	}
	swk_fields_free(&fields, &thing);
	return shown;
}

#define SECONDS " is not a time in seconds (or with the unit s, m, h or d) from 0 to 86400"
#define NUMBER " is not a number from 2 to 70000"

static void values(void **state)
{
	static const struct {
		const char *name, *value, *shown;
	} rows[] = {
		/* texts */
		{"text", "x", "x"},
		{"text", " a b ", " a b "},
		{"text", "", "--it: it is empty"},
		{"checked_text", "abc", "abc"},
		{"checked_text", "abcd", "--it: 'abcd' is not short text"},
		{"checked_text", "a\nbcd", "--it: 'a\\x0abcd' is not short text"},
		{"checked_text", "", "--it: it is empty"},
		/* flags */
		{"flag", "1", "1"},
		{"flag", "TRUE", "1"},
		{"flag", "Yes", "1"},
		{"flag", "0", "0"},
		{"flag", "False", "0"},
		{"flag", "no", "0"},
		{"flag", "", "--it: '' is neither 1 nor 0"},
		{"flag", "2", "--it: '2' is neither 1 nor 0"},
		{"flag", "yes ", "--it: 'yes ' is neither 1 nor 0"},
		/* numbers */
		{"number", "2", "2"},
		{"number", "70000", "70000"},
		{"number", "00000000002", "2"},
		{"number", "000000000002", "--it: '000000000002'" NUMBER},
		{"number", "1", "--it: '1'" NUMBER},
		{"number", "0", "--it: '0'" NUMBER},
		{"number", "70001", "--it: '70001'" NUMBER},
		{"number", "4294967298", "--it: '4294967298'" NUMBER},
		{"number", "99999999999", "--it: '99999999999'" NUMBER},
		{"number", "18446744073709551618", "--it: '18446744073709551618'" NUMBER},
		{"number", "", "--it: ''" NUMBER},
		{"number", "-2", "--it: '-2'" NUMBER},
		{"number", "+2", "--it: '+2'" NUMBER},
		{"number", " 2", "--it: ' 2'" NUMBER},
		{"number", "2.0", "--it: '2.0'" NUMBER},
		{"number", "2s", "--it: '2s'" NUMBER},
		{"number", "0x2", "--it: '0x2'" NUMBER},
		/* times */
		{"seconds", "0", "0"},
		{"seconds", "0d", "0"},
		{"seconds", "90", "90"},
		{"seconds", "90s", "90"},
		{"seconds", "90m", "5400"},
		{"seconds", "24h", "86400"},
		{"seconds", "1d", "86400"},
		{"seconds", "86401", "--it: '86401'" SECONDS},
		{"seconds", "1441m", "--it: '1441m'" SECONDS},
		{"seconds", "49711d", "--it: '49711d'" SECONDS},
		{"seconds", "99999999999d", "--it: '99999999999d'" SECONDS},
		{"seconds", "1w", "--it: '1w'" SECONDS},
		{"seconds", "1S", "--it: '1S'" SECONDS},
		{"seconds", "1ms", "--it: '1ms'" SECONDS},
		{"seconds", "1 s", "--it: '1 s'" SECONDS},
		{"seconds", "s", "--it: 's'" SECONDS},
		{"seconds", "-1s", "--it: '-1s'" SECONDS},
		/* shares */
		{"share", "0", "0"},
		{"share", "1000", "1000"},
		{"share", "0%", "0%"},
		{"share", "100%", "100%"},
		{"share", "1001", "--it: '1001' is not a number from 0 to 1000"},
		{"share", "101%", "--it: '101%' is not a number from 0 to 100"},
		{"share", "%", "--it: '%' is not a number from 0 to 100"},
		{"share", "", "--it: '' is not a number from 0 to 1000"},
		{"share", "50%%", "--it: '50%%' is not a number from 0 to 100"},
		{"share", "50 %", "--it: '50 %' is not a number from 0 to 100"},
		{"share", "-1%", "--it: '-1%' is not a number from 0 to 100"},
		{"share", "5s%", "--it: '5s%' is not a number from 0 to 100"},
		{"share", "5%0", "--it: '5%0' is not a number from 0 to 1000"},
		{"share", "99999999999999999999%",
		 "--it: '99999999999999999999%' is not a number from 0 to 100"},
		{"share", "00000000050%", "50%"},
		{"share", "5s", "--it: '5s' is not a number from 0 to 1000"},
		{"share", "00000000000000000050%",
		 "--it: '00000000000000000050%' is not a number from 0 to 100"},
		/* words */
		{"word", "one", "0"},
		{"word", "three four", "2"},
		{"word", "four", "--it: 'four' is not one, two or three four"},
		{"word", "three", "--it: 'three' is not one, two or three four"},
		{"word", "Two", "--it: 'Two' is not one, two or three four"},
		{"word", "", "--it: '' is not one, two or three four"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_same(rows[i].value, set_and_show(rows[i].name, rows[i].value), rows[i].shown);
}

static void bytes(void **state)
{
	static const struct swk_field field = {.type = SWK_BYTES, .most = 2 * 1024 * 1024};
	static const struct {
		const char *value;
		unsigned number;
		bool valid;
	} rows[] = {
		{"0", 0, true},	       {"100", 100, true},     {"1k", 1024, true},
		{"2m", 2097152, true}, {"2049k", 0, false},    {"3m", 0, false},
		{"1g", 0, false},      {"1K", 0, false},       {"1s", 0, false},
		{"k", 0, false},       {"1kb", 0, false},      {"-1k", 0, false},
		{"", 0, false},	       {"4194304k", 0, false}, {"99999999999m", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		unsigned number = 7;
		int status = swk_field_set(&field, &number, rows[i].value, "x", &error);

		unit_number(rows[i].value, status, rows[i].valid ? 0 : SWK_USAGE);
		unit_number(rows[i].value, number, rows[i].valid ? rows[i].number : 7);
		if (!rows[i].valid)
			unit_says(rows[i].value, error.text,
				  "' is not a size in bytes (or with the unit k or m) from 0 to "
				  "2097152");
	}
}

static void messages_about_words(void **state)
{
	static const struct {
		const char *const *words;
		const char *message;
	} rows[] = {{pair, "x: 'y' is not left or right"}, {single, "x: 'y' is not only"}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_field field = {.type = SWK_WORD, .words = rows[i].words};
		struct swk_error error = {0};
		unsigned place = 5;

		assert_int_equal(swk_field_set(&field, &place, "y", "x", &error), SWK_USAGE);
		assert_string_equal(error.text, rows[i].message);
		assert_int_equal(place, 5);
	}
}

static void lists(void **state)
{
	static const struct swk_field field[] = {{.name = "list", .type = SWK_LIST}};
	static const struct swk_fields one = {field, 1};
	static const char *const values[] = {"a", "", "b", "a"};
	struct swk_texts texts = {0}, borrower = {0};
	struct swk_error error = {0};
	uint64_t hash = swk_fields_hash(&one, &texts, 0);

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		uint64_t before = hash;

		assert_int_equal(swk_field_set(field, &texts, values[i], "x", &error), 0);
		assert_int_equal(texts.count, i + 1);
		assert_string_equal(texts.list[i], values[i]);
		hash = swk_fields_hash(&one, &texts, 0);
		assert_true(hash != before);
	}
	swk_field_borrow(field, &borrower, &texts);
	assert_ptr_equal(borrower.list, texts.list);
	assert_int_equal(borrower.count, texts.count);
	swk_fields_free(&one, &texts);
	assert_int_equal(texts.count, 0);
	assert_null(texts.list);
	swk_fields_free(&one, &texts);
}

/* A text is replaced and not leaked; the sanitizers would see it. */
static void set_twice(void **state)
{
	struct thing thing = {0};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_field_set(&list[0], &thing, "a", "", &error), 0);
	assert_int_equal(swk_field_set(&list[0], &thing, "b", "", &error), 0);
	assert_string_equal(thing.text, "b");
	assert_int_equal(swk_field_set(&list[0], &thing, "", "", &error), SWK_USAGE);
	assert_string_equal(thing.text, "b");
	swk_fields_free(&fields, &thing);
}

static void borrowed(void **state)
{
	static char text[] = "from";
	const struct thing from = {.text = text,
				   .flag = true,
				   .beside = true,
				   .number = 1,
				   .seconds = 2,
				   .share = {3, true},
				   .word = 1,
				   .end = 5};

	(void)state;
	for (size_t i = 0; i < COUNT(list); i++) {
		struct thing to = {0}, desired = {0};

		swk_field_borrow(&list[i], &to, &from);
		if (list[i].offset == offsetof(struct thing, text))
			desired.text = text;
		if (list[i].type == SWK_FLAG)
			desired.flag = true;
		if (list[i].type == SWK_NUMBER)
			desired.number = 1;
		if (list[i].type == SWK_SECONDS)
			desired.seconds = 2;
		if (list[i].type == SWK_SHARE)
			desired.share = (struct swk_share){3, true};
		if (list[i].type == SWK_WORD)
			desired.word = 1;
		unit_number(list[i].name, to.text == desired.text, 1);
		unit_number(list[i].name, to.flag, desired.flag);
		unit_number(list[i].name, to.beside, false);
		unit_number(list[i].name, to.number, desired.number);
		unit_number(list[i].name, to.seconds, desired.seconds);
		unit_number(list[i].name, to.share.number, desired.share.number);
		unit_number(list[i].name, to.share.percent, desired.share.percent);
		unit_number(list[i].name, to.word, desired.word);
		unit_number(list[i].name, to.end, 0);
	}
}

static void flags_of_commands(void **state)
{
	struct swk_error error = {0};
	bool flag = true;

	(void)state;
	assert_int_equal(swk_flag_read("maybe", "--json", &flag, &error), SWK_USAGE);
	assert_string_equal(error.text, "--json: 'maybe' is neither 1 nor 0");
	assert_true(flag);
	assert_int_equal(swk_flag_read("NO", "--json", &flag, &error), 0);
	assert_false(flag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(names),
		cmocka_unit_test(underscore_is_not_a_hyphen),
		cmocka_unit_test(values),
		cmocka_unit_test(bytes),
		cmocka_unit_test(messages_about_words),
		cmocka_unit_test(lists),
		cmocka_unit_test(set_twice),
		cmocka_unit_test(borrowed),
		cmocka_unit_test(flags_of_commands),
	};

	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
