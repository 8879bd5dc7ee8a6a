/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "consul/trim.h"

#define FULL                                                                                       \
	"{\"Interval\":\"0s\",\"Header\":null,\"Skip\":false,\"Port\":{\"n\":80,\"z\":0},\"m\":{}" \
	"}"

static void check(const char *text, const char *expected, bool tagged)
{
	struct swk_buffer room;
	size_t length = strlen(text);
	const char *result;

	swk_buffer_init(&room, SWK_ELEMENT_MAX);
	result = swk_trim(&room, text, &length, tagged);
	assert_string_equal(result, expected);
	assert_int_equal(length, strlen(expected));
	if (!strcmp(text, expected))
		assert_ptr_equal(result, text);
	swk_buffer_free(&room);
}

static void test_shortened(void **state)
{
	static const char *const rows[][2] = {
		{"{\"Definition\":" FULL "}", "{\"Definition\":{}}"},
		{"[{\"b\":1,\"Definition\":" FULL ",\"c\":[]},{\"Definition\":" FULL "}]",
		 "[{\"b\":1,\"Definition\":{},\"c\":[]},{\"Definition\":{}}]"},
		{"{\"TaggedAddresses\":" FULL ",\"Proxy\":" FULL "}",
		 "{\"TaggedAddresses\":{},\"Proxy\":{}}"},
		/* A name that ends in one of these is not read either. */
		{"{\"x\\\"Definition\":" FULL "}", "{\"x\\\"Definition\":{}}"},
		{"{\"Meta\":" FULL ",\"Definition\":" FULL "}",
		 "{\"Meta\":" FULL ",\"Definition\":{}}"},
		/* Text that is not JSON does not become JSON. */
		{"{\"Definition\":" FULL ",tru", "{\"Definition\":{},tru"},
		{"{\"Definition\":" FULL, "{\"Definition\":{}"},
		{"{\"Definition\":" FULL "{", "{\"Definition\":{}{"},
		{"[\"Definition\":" FULL "]", "[\"Definition\":{}]"},
		/* After an object that is not plain, all stays. */
		{"[{\"Definition\":" FULL "},{\"Definition\":{\"a\":1.5}},{\"Definition\":" FULL
		 "}]",
		 "[{\"Definition\":{}},{\"Definition\":{\"a\":1.5}},{\"Definition\":" FULL "}]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(rows[i][0], rows[i][1], false);
}

static void test_unchanged(void **state)
{
	static const char *const rows[] = {
		"",
		"{}",
		"{\"definition\":{\"a\":1}}",
		"{\"Definition\": {\"a\":1}}",
		"{\"Definition\":\"\"}",
		"{\"Definition\":[{\"a\":1}]}",
		"{\"Port\":0,\"Ports\":[{\"Name\":\"a\",\"Port\":80,\"Default\":true}]}",
		"{\"Output\":\"\\\"Definition\\\":{\\\"a\\\":1}\"}",
		/* Not JSON, or not plain. */
		"{\"Definition\":{",
		"{\"Definition\":{\"a",
		"{\"Definition\":{\"a\"",
		"{\"Definition\":{\"a\":",
		"{\"Definition\":{\"a\":1",
		"{\"Definition\":{\"a\":1,",
		"{\"Definition\":{\"a\":1,}}",
		"{\"Definition\":{,}}",
		"{\"Definition\":{\"a\":}}",
		"{\"Definition\":{\"a\":1 }}",
		"{\"Definition\":{ \"a\":1}}",
		"{\"Definition\":{\"a\":tru}}",
		"{\"Definition\":{\"a\":nulls}}",
		"{\"Definition\":{\"a\":01}}",
		"{\"Definition\":{\"a\":-1}}",
		"{\"Definition\":{\"a\":1e5}}",
		"{\"Definition\":{\"a\":1234567890123456789}}",
		"{\"Definition\":{\"a\":[]}}",
		"{\"Definition\":{\"a\":\"\\u0041\"}}",
		"{\"Definition\":{\"a\":\"\xc3\xa4\"}}",
		"{\"Definition\":{\"a\":\"\x7f\"}}",
		"{\"Definition\":{\"a\":\"\t\"}}",
		"{\"Definition\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{}}}}}}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(rows[i], rows[i], false);
}

/* Where tagged addresses are needed, any name may be one of them. */
static void test_tagged(void **state)
{
#define TAGGED "\"TaggedAddresses\":{\"Definition\":{\"Address\":\"10.0.0.1\",\"Port\":80}}"
#define ODD "\"TaggedAddresses\":{\"Definition\":{\"Address\":\"\\u0031\",\"Port\":80}}"

	(void)state;
	check("{" TAGGED ",\"Definition\":" FULL "}", "{" TAGGED ",\"Definition\":{}}", true);
	check("{" TAGGED "}", "{" TAGGED "}", true);
	check("{" TAGGED "}", "{\"TaggedAddresses\":{}}", false);
	check("{" ODD ",\"Definition\":" FULL "}", "{" ODD ",\"Definition\":" FULL "}", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shortened),
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_tagged),
	};

	return cmocka_run_group_tests_name("trim", tests, NULL, NULL);
}
