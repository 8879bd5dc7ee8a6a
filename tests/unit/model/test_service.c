/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "model/service.h"

static void services_differ_by_case(void **state)
{
	static const char *const come[] = {"web", "Web", "api", "web", "a", "zoo", "Web"};
	static const char *const desired[] = {"Web", "a", "api", "web", "zoo"};
	struct swk_services services = {0};
	struct swk_error error = {0};
	struct swk_service *service;

	(void)state;
	assert_null(swk_services_find(&services, "web"));
	for (size_t i = 0; i < COUNT(come); i++) {
		service = swk_services_get(&services, come[i], &error);
		assert_non_null(service);
		assert_string_equal(service->name, come[i]);
		service->instances++;
	}
	assert_int_equal(services.count, COUNT(desired));
	for (size_t i = 0; i < COUNT(desired); i++) {
		assert_string_equal(services.list[i].name, desired[i]);
		assert_ptr_equal(swk_services_find(&services, desired[i]), &services.list[i]);
	}
	assert_null(swk_services_find(&services, "WEB"));
	assert_int_equal(swk_services_find(&services, "web")->instances, 2);
	swk_services_free(&services);
	assert_int_equal(services.count, 0);
}

static void cleared_service_keeps_only_its_name(void **state)
{
	struct swk_services services = {0};
	struct swk_error error = {0};
	struct swk_service *service = swk_services_get(&services, "web", &error);

	(void)state;
	assert_non_null(service);
	unit_append(&service->upstreams, "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80");
	service->instances = 2;
	service->undecodable = service->unavailable = true;
	service->index = 7;
	swk_service_clear(service);
	assert_string_equal(service->name, "web");
	assert_int_equal(service->instances + service->index + service->upstreams.count, 0);
	assert_false(service->undecodable || service->unavailable);
	swk_services_free(&services);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_differ_by_case),
		cmocka_unit_test(cleared_service_keeps_only_its_name),
	};

	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
