/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/guard.h"

static void list_of_services(void **state)
{
	static const struct {
		size_t services, least;
		bool goes_on;
		const char *says;
	} rows[] = {
		{0, 0, false, "the list has no service, so nothing was changed: "},
		{0, 5, false, "the list has no service, so nothing was changed: "},
		{1, 0, true, NULL},
		{1, 1, true, NULL},
		{1, 2, false, "the list has 1 service, but min_services (--min-services) is 2"},
		{4, 5, false, "the list has 4 services, but min_services (--min-services) is 5"},
		{5, 5, true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_report report;
		char row[64];

		(void)snprintf(row, sizeof(row), "%zu of %zu", rows[i].services, rows[i].least);
		swk_report_init(&report);
		unit_number(row,
			    swk_guard_list(rows[i].services, rows[i].least, "--min-services",
					   "the list", &report),
			    rows[i].goes_on);
		unit_number(row, (long long)report.counted[SWK_NOTE_HELD_BACK], !rows[i].goes_on);
		if (rows[i].says)
			unit_says(row, report.notes[0].text, rows[i].says);
		swk_report_free(&report);
	}
}

static void instances_of_all_services(void **state)
{
	static const struct {
		size_t asked, instances;
		bool goes_on;
		const char *says;
	} rows[] = {
		{0, 0, true, NULL}, /* no service answered: nothing is known, nothing suspicious */
		{1, 0, false, "Consul lists 1 service but"},
		{9, 0, false, "Consul lists 9 services but"},
		{9, 1, true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_report report;
		char row[64];

		(void)snprintf(row, sizeof(row), "%zu in %zu", rows[i].instances, rows[i].asked);
		swk_report_init(&report);
		unit_number(row, swk_guard_instances(rows[i].asked, rows[i].instances, &report),
			    rows[i].goes_on);
		unit_number(row, swk_report_status(&report), rows[i].goes_on ? 0 : SWK_HELD_BACK);
		if (rows[i].says)
			unit_says(row, report.notes[0].text, rows[i].says);
		swk_report_free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_of_services),
		cmocka_unit_test(instances_of_all_services),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
