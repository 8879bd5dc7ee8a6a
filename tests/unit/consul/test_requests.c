/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "consul/requests.h"

#define ID "0123456789abcdef"

/* Reads a request, and describes it in one line. "": the key is not that of a request. */
static char *describe(const char *key, const char *bytes, size_t length)
{
	const struct swk_value value = {.key = key, .bytes = bytes, .length = length};
	struct swk_request request;
	struct swk_error error = {0};
	struct swk_buffer out;
	char address[SWK_ADDRESS_MAX];
	bool fits;

	swk_buffer_init(&out, SIZE_MAX / 2);
	assert_int_equal(swk_request_decode(&value, &request, &fits, &error), 0);
	assert_int_equal(swk_buffer_add(&out, "", 0, &error), 0);
	if (fits)
		assert_int_equal(swk_buffer_print(&out, &error, "%s by '%s' since %ld%s%s%s",
						  request.id, request.by, (long)request.since,
						  request.all ? " all" : "",
						  request.trouble ? ": " : "",
						  request.trouble ? request.trouble : ""),
				 0);
	for (size_t i = 0; i < request.service_count; i++) {
		const struct swk_request_service *service = &request.services[i];

		assert_int_equal(
			swk_buffer_print(&out, &error, ", %s live %u without %s", service->name,
					 service->live,
					 service->without
						 ? swk_server_address(&service->server, address)
						 : "nothing"),
			0);
	}
	swk_request_free(&request);
	return out.data;
}

static void requests(void **state)
{
#define KEY "swk/requests/" ID
#define BAD ID " by '' since 0: "
	static const struct {
		const char *key, *value, *described;
	} rows[] = {
		{KEY,
		 "{\"by\":\"root@a\",\"since\":5,\"services\":[{\"name\":\"web\",\"live\":3},"
		 "{\"name\":\"api\",\"without\":\"[::1]:80\"},{\"name\":\"x\"}],\"all\":true}",
		 ID " by 'root@a' since 5 all, web live 3 without nothing, api live 0 without "
		    "[::1]:80, x live 0 without nothing"},
		{KEY, "{}", ID " by '' since 0"},
		{KEY, "{\"by\":\"a\\nb\\u001b\",\"since\":-1}", ID " by 'a\\x0ab\\x1b' since 0"},
		{KEY, "{\"by\":7,\"since\":\"x\"}", ID " by '' since 0"},
		/* keys of another form */
		{"swk/requests/", "{}", ""},
		{"swk/requests/0123456789abcde", "{}", ""},
		{"swk/requests/0123456789abcdef0", "{}", ""},
		{"swk/requests/0123456789ABCDEF", "{}", ""},
		{"swk/requests/0123456789abcde/", "{}", ""},
		{"swk/requests/../../acks/x/y0", "{}", ""},
		{"swk/requestz/" ID, "{}", ""},
		{"swk/acks/" ID, "{}", ""},
		/* values that can't be read */
		{KEY, "", BAD "its value is not a JSON object of at most 16384 bytes"},
		{KEY, "[]", BAD "its value is not a JSON object of at most 16384 bytes"},
		{KEY, "{} x", BAD "its value is not a JSON object of at most 16384 bytes"},
		{KEY, "{\"by\":\"a\",\"by\":\"b\"}",
		 BAD "its value is not a JSON object of at most 16384 bytes"},
		{KEY, "{\"all\":1}", BAD "'all' is neither true nor false"},
		{KEY, "{\"services\":{}}", BAD "'services' is not an array"},
		{KEY, "{\"services\":[7]}", BAD "a service is not an object"},
		{KEY, "{\"services\":[{}]}", BAD "a service has no valid name"},
		{KEY, "{\"services\":[{\"name\":\"a b\"}]}", BAD "a service has no valid name"},
		{KEY, "{\"services\":[{\"name\":\"web\",\"live\":0}]}",
		 BAD "web: 'live' is not a number from 1 to 200000"},
		{KEY, "{\"services\":[{\"name\":\"web\",\"live\":200001}]}",
		 BAD "web: 'live' is not a number from 1 to 200000"},
		{KEY, "{\"services\":[{\"name\":\"web\",\"live\":true}]}",
		 BAD "web: 'live' is not a number from 1 to 200000"},
		{KEY, "{\"services\":[{\"name\":\"web\",\"without\":null}]}",
		 BAD "web: 'without' is not an IP address with a port"},
		{KEY, "{\"services\":[{\"name\":\"web\",\"without\":\"10.0.0.1\"}]}",
		 BAD "web: 'without' is not an IP address with a port"},
		/* a condition that this version does not know is not fulfilled */
		{KEY, "{\"services\":[{\"name\":\"web\",\"warm\":true}]}",
		 BAD "swk-apply " SWK_VERSION " does not know its member 'warm'"},
		{KEY, "{\"by\":\"a\",\"only\":\"h1\"}",
		 ID " by 'a' since 0: swk-apply " SWK_VERSION " does not know its member 'only'"},
		{KEY, "{\"x\\n\":1}",
		 BAD "swk-apply " SWK_VERSION " does not know its member 'x\\x0a'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *got = describe(rows[i].key, rows[i].value, strlen(rows[i].value));

		assert_string_equal(got, rows[i].described);
		free(got);
	}
}

/* A value that is no base64, one with a NUL, and one that is too large. */
static void requests_of_other_bytes(void **state)
{
	static const char wrong[] = BAD "its value is not a JSON object of at most 16384 bytes";
	char *large = malloc(SWK_REQUEST_BYTES_MAX + 1), *got;

	(void)state;
	assert_non_null(large);
	memset(large, ' ', SWK_REQUEST_BYTES_MAX + 1);
	large[0] = '{';
	large[1] = '}';
	got = describe(KEY, NULL, 0);
	assert_string_equal(got, wrong);
	free(got);
	got = describe(KEY, "{}\0", 3);
	assert_string_equal(got, wrong);
	free(got);
	got = describe(KEY, large, SWK_REQUEST_BYTES_MAX + 1);
	assert_string_equal(got, wrong);
	free(got);
	got = describe(KEY, large, SWK_REQUEST_BYTES_MAX);
	assert_string_equal(got, ID " by '' since 0");
	free(got);
	free(large);
}

static void a_request_of_too_many_services(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	char *got;

	(void)state;
	swk_buffer_init(&text, SIZE_MAX / 2);
	assert_int_equal(swk_buffer_print(&text, &error, "{\"services\":[{\"name\":\"a\"}"), 0);
	for (size_t i = 0; i < SWK_REQUEST_SERVICES_MAX; i++)
		assert_int_equal(swk_buffer_print(&text, &error, ",{\"name\":\"a\"}"), 0);
	assert_int_equal(swk_buffer_print(&text, &error, "]}"), 0);
	got = describe(KEY, text.data, text.length);
	assert_string_equal(got, BAD "it names more than 64 services");
	free(got);
	swk_buffer_free(&text);
}

/* What is encoded is read back, also if a name has any bytes. */
static void there_and_back(void **state)
{
	static const char *const nodes[] = {"web-1", "a/b c", "..", "%2F", "\xff\x01\"{", "é"};
	const struct swk_ack ack = {.id = ID,
				    .state = SWK_ACK_DONE,
				    .reason = "a\n\"b\"",
				    .version = "1.2",
				    .time = 5,
				    .pending = 7,
				    .on_hold = true,
				    .unpublished = UINT64_C(0x8000000000000005)};
	struct swk_error error = {0};
	struct swk_buffer out;

	(void)state;
	swk_buffer_init(&out, SIZE_MAX / 2);
	assert_int_equal(swk_ack_encode(&out, &ack, &error), 0);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
		char *key = swk_ack_key(nodes[i], ID);
		const struct swk_value value = {
			.key = key, .bytes = out.data, .length = out.length};
		struct swk_ack got;
		bool fits;

		assert_int_equal(swk_ack_decode(&value, &got, &fits, &error), 0);
		assert_true(fits);
		assert_string_equal(got.node, nodes[i]);
		assert_string_equal(got.id, ID);
		assert_int_equal(got.state, SWK_ACK_DONE);
		assert_string_equal(got.reason, "a\\x0a\"b\"");
		assert_string_equal(got.version, "1.2");
		assert_int_equal(got.time, 5);
		assert_int_equal(got.pending, 7);
		assert_true(got.on_hold);
		assert_true(got.unpublished == ack.unpublished);
		free(key);
	}
	swk_buffer_free(&out);
}

static void acknowledgements(void **state)
{
	static const struct {
		const char *key, *value;
		bool fits;
		enum swk_ack_state state;
		const char *reason;
	} rows[] = {
		{"swk/acks/h/" ID, "{\"state\":\"done\"}", true, SWK_ACK_DONE, ""},
		{"swk/acks/h/" ID, "{\"state\":\"invalid\",\"reason\":\"\\u0007\"}", true,
		 SWK_ACK_INVALID, "\\x07"},
		{"swk/acks/h/" ID, "{\"state\":\"Done\"}", true, SWK_ACK_PENDING,
		 "its acknowledgement can't be read"},
		{"swk/acks/h/" ID, "done", true, SWK_ACK_PENDING,
		 "its acknowledgement can't be read"},
		{"swk/acks/h/" ID, "{\"state\":\"pending\",\"pending\":-1}", true, SWK_ACK_PENDING,
		 ""},
		{"swk/acks/h/" ID, "{\"state\":\"done\",\"unpublished\":[-1,64,\"1\",1.0,{}]}",
		 true, SWK_ACK_DONE, ""},
		{"swk/acks//" ID, "{}", false, SWK_ACK_PENDING, ""},
		{"swk/acks/h", "{}", false, SWK_ACK_PENDING, ""},
		{"swk/acks/h/i/" ID, "{}", false, SWK_ACK_PENDING, ""},
		{"swk/acks/h%/" ID, "{}", false, SWK_ACK_PENDING, ""},
		{"swk/acks/h%2/" ID, "{}", false, SWK_ACK_PENDING, ""},
		{"swk/acks/h%00/" ID, "{}", false, SWK_ACK_PENDING, ""},
		{"swk/acks/h/" ID "0", "{}", false, SWK_ACK_PENDING, ""},
		{"swk/requests/h/" ID, "{}", false, SWK_ACK_PENDING, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct swk_value value = {.key = rows[i].key,
						.bytes = rows[i].value,
						.length = strlen(rows[i].value)};
		struct swk_error error = {0};
		struct swk_ack ack;
		bool fits;

		assert_int_equal(swk_ack_decode(&value, &ack, &fits, &error), 0);
		assert_int_equal(fits, rows[i].fits);
		assert_int_equal(ack.state, rows[i].state);
		assert_true(!ack.unpublished);
		assert_string_equal(ack.reason, rows[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(requests_of_other_bytes),
		cmocka_unit_test(a_request_of_too_many_services),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(acknowledgements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
