/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "target/plan.h"

static void changes_of_the_file(void **state)
{
	static const struct {
		const char *recorded, *desired, *changes;
	} rows[] = {
		{"", "", ""},
		{"a: 10.0.0.1:80", "a: 10.0.0.1:80", ""},
		{"", "b: 10.0.0.1:80; a: 10.0.0.1:80", "a b"},
		{"b: 10.0.0.1:80; a: 10.0.0.1:80", "", "a b"},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80; c: 10.0.0.1:80",
		 "b: 10.0.0.2:80; c: 10.0.0.1:80; d: 10.0.0.1:80", "a b d"},
		{"a: 10.0.0.1:80", "a: 10.0.0.1:80 10.0.0.2:80", "a"},
		{"a: 10.0.0.1:80", "a: 10.0.0.1:80,weight=2", "a"},
		{"a: 10.0.0.1:80", "a: 10.0.0.1:80 keepalive=2", "a"},
		{"a: 10.0.0.1:80", "a: 10.0.0.1:80 ip_hash", "a"},
		{"a: 10.0.0.1:80 keepalive=2", "a: 10.0.0.1:80 keepalive=2 keepalive_timeout=3",
		 "a"},
		{"a: a.example:80", "a: a.example:80", ""},
		{"a: a.example:80", "a: b.example:80", "a"},
		/* Another source is not a change of the proxy; another spelling of the name is. */
		{"x_a: 10.0.0.1:80", "x_a<x gray=a>: 10.0.0.1:80", ""},
		{"a: 10.0.0.1:80", "a: 10.0.0.1:80 of_keys", ""},
		{"A: 10.0.0.1:80", "a: 10.0.0.1:80", "a"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams recorded = unit_upstreams(rows[i].recorded);
		struct swk_upstreams desired = unit_upstreams(rows[i].desired);
		struct swk_names changes = {0};
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_plan_changes(&changes, &recorded, &desired, &error), 0);
		shown = unit_show_names(&changes);
		unit_same(rows[i].recorded, shown, rows[i].changes);
		free(shown);
		swk_names_free(&changes);
		swk_upstreams_free(&recorded);
		swk_upstreams_free(&desired);
	}
}

static void unmanaged_names(void **state)
{
	static const struct {
		const char *live, *recorded, *pending, *unmanaged;
	} rows[] = {
		{"", "a: 10.0.0.1:80", "b", ""},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80; c: 10.0.0.1:80; d: 10.0.0.1:80", "B: 10.0.0.9:80",
		 "C", "a d"},
		{"a: 10.0.0.1:80 draining; b: 10.0.0.1:80", "", "", "b"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_live live = {.upstreams = unit_upstreams(rows[i].live)};
		struct swk_upstreams recorded = unit_upstreams(rows[i].recorded);
		struct swk_names pending = unit_names(rows[i].pending), unmanaged = {0};
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_plan_unmanaged(&unmanaged, &live, &recorded, &pending, &error),
				 0);
		shown = unit_show_names(&unmanaged);
		unit_same(rows[i].live, shown, rows[i].unmanaged);
		free(shown);
		swk_names_free(&unmanaged);
		swk_names_free(&pending);
		swk_upstreams_free(&recorded);
		swk_upstreams_free(&live.upstreams);
	}
}

/* A plan as text: `+name` to send, `-name` to delete, with `!` at the end if it is pending. */
static char *show_plan(const struct swk_plan *plan)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 10000);
	(void)swk_buffer_add(&out, "", 0, &error);
	for (size_t i = 0; i < plan->count; i++)
		(void)swk_buffer_print(&out, &error, "%s%c%s%s", i ? " " : "",
				       plan->list[i].upstream ? '+' : '-', plan->list[i].name,
				       plan->list[i].pending ? "!" : "");
	assert_int_equal(error.status, 0);
	return out.data;
}

static void what_a_target_is_sent(void **state)
{
	static const struct {
		const char *desired, *pending;
		enum swk_readable readable;
		const char *live, *plan, *excluded;
	} rows[] = {
		/* what the target does not receive */
		{"a: 10.0.0.1:80; b: 10.0.0.1:80", "a b x y", SWK_READ_ATTRIBUTES, "", "+b! -y!",
		 "A x"},
		{"a: 10.0.0.1:80", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.2:80", "", "a"},
		/* what is pending is sent, whatever can be read */
		{"a: 10.0.0.1:80; b: 10.0.0.1:80", "A x", SWK_READ_NOTHING, "", "+a! -x!"},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80", "A x", SWK_READ_NAMES, "", "+a! -x!"},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80", "A x", SWK_READ_ADDRESSES,
		 "a: 10.0.0.1:80; b: 10.0.0.1:80", "+a! -x!"},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80", "A x", SWK_READ_ATTRIBUTES,
		 "a: 10.0.0.1:80; b: 10.0.0.1:80", "+a! -x!"},
		{"", "x", SWK_READ_ATTRIBUTES, "", "-x!"},
		/* unmanaged upstreams */
		{"a: 10.0.0.1:80", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.1:80; x: 10.0.0.1:80", ""},
		/* what is missing */
		{"a: 10.0.0.1:80", "", SWK_READ_NOTHING, "", ""},
		{"a: 10.0.0.1:80", "", SWK_READ_NAMES, "", ""},
		{"a: 10.0.0.1:80", "", SWK_READ_ADDRESSES, "", "+a"},
		{"a: 10.0.0.1:80", "", SWK_READ_ATTRIBUTES, "", "+a"},
		/* other addresses */
		{"a: 10.0.0.1:80", "", SWK_READ_NAMES, "a: 10.0.0.2:80", ""},
		{"a: 10.0.0.1:80", "", SWK_READ_ADDRESSES, "a: 10.0.0.2:80", "+a"},
		{"a: 10.0.0.1:80", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.2:80", "+a"},
		{"a: 10.0.0.1:80", "", SWK_READ_ADDRESSES, "a: 10.0.0.1:80 unread", "+a"},
		{"a: 10.0.0.1:80", "", SWK_READ_ATTRIBUTES, "a:", "+a"},
		/* other attributes */
		{"a: 10.0.0.1:80,max_fails=3", "", SWK_READ_ADDRESSES, "a: 10.0.0.1:80", ""},
		{"a: 10.0.0.1:80,max_fails=3", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.1:80", "+a"},
		/* another spelling */
		{"a: 10.0.0.1:80", "", SWK_READ_NAMES, "A: 10.0.0.1:80", ""},
		{"a: 10.0.0.1:80", "", SWK_READ_ADDRESSES, "A: 10.0.0.1:80", "+a"},
		{"a: 10.0.0.1:80", "", SWK_READ_ATTRIBUTES, "A: 10.0.0.1:80", "+a"},
		/* dyups never reports balancing and keepalive */
		{"a: 10.0.0.1:80 keepalive=20", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.1:80", ""},
		{"a: 10.0.0.1:80 ip_hash", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.1:80", ""},
		/* a host name is shown as the addresses that it had */
		{"a: a.example:80 10.0.0.1:80", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.9:80", ""},
		{"a: a.example:80", "", SWK_READ_ADDRESSES, "a: 10.0.0.9:80 10.0.0.8:80", ""},
		{"a: a.example:80", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.9:80 unread", ""},
		{"a: a.example:80", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.9:80 unread differs", ""},
		{"a: a.example:80", "", SWK_READ_ATTRIBUTES, "a: 10.0.0.9:80 unread some", "+a"},
		{"a: a.example:80", "", SWK_READ_ATTRIBUTES, "A: 10.0.0.9:80", "+a"},
		{"a: a.example:80", "", SWK_READ_ATTRIBUTES, "b: 10.0.0.9:80", "+a"},
		{"a: a.example:80", "", SWK_READ_NAMES, "", ""},
		{"a: a.example:80", "a", SWK_READ_ATTRIBUTES, "a: 10.0.0.9:80", "+a!"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_live live = {.readable = rows[i].readable,
					.upstreams = unit_upstreams(rows[i].live)};
		struct swk_upstreams desired = unit_upstreams(rows[i].desired);
		struct swk_names pending = unit_names(rows[i].pending), changes = {0};
		struct swk_names excluded = unit_names(rows[i].excluded ? rows[i].excluded : "");
		struct swk_error error = {0};
		struct swk_plan plan = {0};
		char row[32], *shown;

		assert_int_equal(swk_plan_make(&plan, &desired, &changes, &pending, &excluded,
					       &live, &error),
				 0);
		shown = show_plan(&plan);
		(void)snprintf(row, sizeof(row), "row %zu", i);
		unit_same(row, shown, rows[i].plan);
		for (size_t j = 0; j < plan.count; j++)
			assert_ptr_equal(plan.list[j].upstream,
					 swk_upstreams_find(&desired, plan.list[j].name));
		free(shown);
		swk_plan_free(&plan);
		swk_names_free(&pending);
		swk_names_free(&excluded);
		swk_upstreams_free(&desired);
		swk_upstreams_free(&live.upstreams);
	}
}

static void described(void **state)
{
	static const struct {
		const char *before, *after, *text;
	} rows[] = {
		{"", "web: 10.0.0.1:80 [::1]:80", "web: 10.0.0.1:80 [::1]:80"},
		{"web: 10.0.0.1:80", "", "web"},
		{"", "", ""},
		{"web: 10.0.0.1:80 10.0.0.2:80 10.0.0.4:80",
		 "web: 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 [::1]:80",
		 "web: -10.0.0.1:80 +10.0.0.3:80 +[::1]:80"},
		{"web: 10.0.0.3:80 10.0.0.4:80", "web: 10.0.0.3:80", "web: -10.0.0.4:80"},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80,weight=2", "web: other attributes"},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80 keepalive=2", "web: other attributes"},
		{"web: 10.0.0.1:80", "web: 10.0.0.1:80 least_conn", "web: other attributes"},
		{"web: a.example:80 10.0.0.1:80", "web: b.example:80 10.0.0.1:80",
		 "web: -a.example:80 +b.example:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams before = unit_upstreams(rows[i].before);
		struct swk_upstreams after = unit_upstreams(rows[i].after);
		struct swk_error error = {0};
		struct swk_buffer out;

		swk_buffer_init(&out, 10000);
		assert_int_equal(swk_buffer_add(&out, "", 0, &error), 0);
		assert_int_equal(swk_plan_describe(&out, before.list, after.list, &error), 0);
		unit_same(rows[i].before, out.data, rows[i].text);
		swk_buffer_free(&out);
		swk_upstreams_free(&before);
		swk_upstreams_free(&after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_the_file),
		cmocka_unit_test(unmanaged_names),
		cmocka_unit_test(what_a_target_is_sent),
		cmocka_unit_test(described),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
