/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "store/state.h"

#define HEAD "swk-apply state 1\nsuccess 0\n"
#define A "00000000000000aa"
#define B "00000000000000bb"

/* Lines that are read, and what is then written. */
static void check(const char *lines, const char *written)
{
	struct swk_state read = {0};
	struct swk_error error = {0};
	struct swk_buffer out;
	size_t damaged;
	char text[1024];

	(void)snprintf(text, sizeof(text), HEAD "%send\n", lines);
	assert_int_equal(swk_state_read(&read, text, strlen(text), &damaged, &error), 0);
	unit_number(lines, (long long)damaged, 0);
	swk_buffer_init(&out, 10000);
	assert_int_equal(swk_state_write(&out, &read, &error), 0);
	(void)snprintf(text, sizeof(text), HEAD "%send\n", written);
	unit_same(lines, out.data, text);
	swk_buffer_free(&out);
	swk_state_free(&read);
}

/* Texts that are read and written unchanged. */
static void there_and_back(void **state)
{
	static const char *const rows[] = {
		"",
		"document 7\n",
		"check passing\n",
		"check critical\n",
		"document 7\ncheck warning\nrequest " A " done 18446744073709551615 0 0\n",
		"request " A " new 0 1 0\n",
		"request " A
		" new 0 0 0\nasks 3 - web\nasks 0 10.0.0.1:80 web\nasks 0 [::1]:80 api\n"
		"request " B " pending 5 0 1764467000123\nasks 0 - web\n",
		"request " A " new 0 0 0\nwrong its value is not a JSON object\n",
		"request " A " invalid 3 0 0\nrequest " B " done 4 1 0\n",
		"request " A " done 3 0 5\nasks 2 - web\nasks 0 10.0.0.1:80 web\n",
		"request " A " gone 3 0 0\nrequest " B " new 0 0 0\nasks 3 - web\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(rows[i], rows[i]);
}

static void damaged_lines(void **state)
{
	static const char *const rows[] = {
		"check fine\n",
		"check \n",
		"document x\n",
		"request \n",
		"request " A " done 1\n",
		"request " A " done 1 0\n",
		"request " A " done 1 2 0\n",
		"request " A " done 1 0 -1\n",
		"request " A " done 1 0 0 0\n",
		"request " A " done 1 0 9223372036854775808\n",
		"request " A " done x 0 0\n",
		"request " A " maybe 1 0 0\n",
		"request 00000000000000AA done 1 0 0\n",
		"request 0000 done 1 0 0\n",
		"request " A "a done 1 0 0\n",
		"request " A " done 1 0 0\nrequest " A " done 1 0 0\n",
		"asks 1 - web\n",
		"wrong x\n",
		"request " A " new 0 0 0\nasks 1 web\n",
		"request " A " new 0 0 0\nasks x - web\n",
		"request " A " new 0 0 0\nasks 200001 - web\n",
		"request " A " new 0 0 0\nasks 1 10.0.0.1 web\n",
		"request " A " new 0 0 0\nasks 1 - we b\n",
		"request " A " new 0 0 0\nasks 1 -  web\n",
		"request " A " new 0 0 0\nwrong \n",
		"request " A " new 0 0 0\nwrong x\nwrong y\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_state read = {0};
		struct swk_error error = {0};
		size_t damaged;
		char text[1024];

		(void)snprintf(text, sizeof(text), HEAD "%send\n", rows[i]);
		assert_int_equal(swk_state_read(&read, text, strlen(text), &damaged, &error), 0);
		if (!damaged)
			fail_msg("it was accepted: %s", rows[i]);
		assert_int_equal(read.requests.count, 0);
		swk_state_free(&read);
	}
}

/* What is not needed any more is left out. */
static void shortened(void **state)
{
	static const struct {
		const char *read, *written;
	} rows[] = {
		{"request " A " done 3 0 0\nasks 2 - web\n", "request " A " done 3 0 0\n"},
		{"request " A " invalid 3 0 0\nwrong x\n", "request " A " invalid 3 0 0\n"},
		{"request " A " invalid 3 0 0\nasks 0 10.0.0.1:80 web\n",
		 "request " A " invalid 3 0 0\n"},
		{"request " A " gone 3 0 5\nasks 0 10.0.0.1:80 web\n",
		 "request " A " gone 3 0 5\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check(rows[i].read, rows[i].written);
}

static void too_many(void **state)
{
	struct swk_received_list received = {0};
	struct swk_error error = {0};
	bool valid;
	char line[64];

	(void)state;
	for (unsigned i = 0; i <= SWK_REQUESTS_MAX; i++) {
		(void)snprintf(line, sizeof(line), "request %016x new 0 0 0", i);
		assert_int_equal(swk_received_read(&received, line, &valid, &error), 0);
		unit_number(line, valid, i < SWK_REQUESTS_MAX);
	}
	for (unsigned i = 0; i <= SWK_REQUEST_SERVICES_MAX; i++) {
		assert_int_equal(swk_received_read(&received, "asks 1 - web", &valid, &error), 0);
		unit_number("asks", valid, i < SWK_REQUEST_SERVICES_MAX);
	}
	swk_received_free(&received);
}

static void open_ones(void **state)
{
	struct swk_received_list received = {0};
	struct swk_error error = {0};
	bool valid;

	(void)state;
	assert_false(swk_received_any_open(&received));
	assert_int_equal(swk_received_read(&received, "request " A " done 0 0 0", &valid, &error),
			 0);
	assert_false(swk_received_any_open(&received));
	assert_int_equal(
		swk_received_read(&received, "request " B " pending 0 0 0", &valid, &error), 0);
	assert_true(swk_received_any_open(&received));
	assert_ptr_equal(swk_received_find(&received, B), &received.list[1]);
	swk_received_remove(&received, 0);
	assert_null(swk_received_find(&received, A));
	assert_ptr_equal(swk_received_find(&received, B), &received.list[0]);
	received.list[0].state = SWK_ACK_INVALID;
	assert_false(swk_received_any_open(&received));
	received.list[0].given = false;
	assert_true(swk_received_any_open(&received));
	assert_int_equal(swk_received_read(&received, "asks 0 10.0.0.1:80 web", &valid, &error), 0);
	assert_false(swk_received_may_reopen(&received.list[0]));
	received.list[0].given = true;
	assert_false(swk_received_may_reopen(&received.list[0]));
	received.list[0].state = SWK_ACK_DONE;
	assert_true(swk_received_may_reopen(&received.list[0]));
	assert_false(swk_received_any_open(&received));
	swk_received_free(&received);
}

static void gone_ones(void **state)
{
	static const char *const lines[] = {"request " A " gone 0 0 0", "request " B " new 0 0 0"};
	struct swk_received_list received = {0};
	struct swk_error error = {0};
	bool valid;

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		assert_int_equal(swk_received_read(&received, lines[i], &valid, &error), 0);
		assert_true(valid);
		assert_int_equal(swk_received_any_open(&received), i);
	}
	assert_true(swk_received_remove_gone(&received));
	assert_int_equal(received.count, 1);
	assert_ptr_equal(swk_received_find(&received, B), &received.list[0]);
	assert_false(swk_received_remove_gone(&received));
	swk_received_free(&received);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(damaged_lines),
		cmocka_unit_test(shortened),	  cmocka_unit_test(too_many),
		cmocka_unit_test(open_ones),	  cmocka_unit_test(gone_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
