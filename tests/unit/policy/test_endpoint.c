/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/endpoint.h"
#include "settings/config.h"

/* Settings with nginx's own defaults, plus a settings file. */
static struct swk_settings settings_of(const char *config)
{
	struct swk_settings settings;
	struct swk_error error = {0};

	assert_int_equal(swk_settings_init(&settings, &error), 0);
	settings.defaults.max_fails = SWK_NGINX_MAX_FAILS;
	settings.defaults.fail_timeout = SWK_NGINX_FAIL_TIMEOUT;
	if (config && swk_config_parse(&settings, "test", config, strlen(config), &error))
		fail_msg("%s: %s", config, error.text);
	return settings;
}

/* All notes, one on each line. */
static const char *notes(const struct swk_report *report)
{
	static char text[4096];

	text[0] = '\0';
	for (size_t i = 0; i < report->note_count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s",
			       i ? "\n" : "",
			       report->notes[i].kind == SWK_NOTE_WARNING ? "" : "(detail) ",
			       report->notes[i].text);
	return text;
}

/* `served 10.0.0.1:80,weight=2`, `down …`, or `skipped: REASON`. */
static const char *show(const struct swk_endpoint *endpoint)
{
	static char text[2 * SWK_TEXT_MAX];
	struct swk_buffer server;

	if (endpoint->outcome != SWK_OUTCOME_SERVED &&
	    endpoint->outcome != SWK_OUTCOME_SERVED_DOWN) {
		(void)snprintf(text, sizeof(text), "%s: %s", swk_outcome_words[endpoint->outcome],
			       endpoint->reason);
		return text;
	}
	swk_buffer_init(&server, sizeof(text));
	unit_show_server(&server, &endpoint->server);
	(void)snprintf(text, sizeof(text), "%s%s%s%s", swk_outcome_words[endpoint->outcome],
		       server.data, *endpoint->reason ? ": " : "", endpoint->reason);
	swk_buffer_free(&server);
	return text;
}

static unsigned asked; /* how often it was asked for this host's addresses */

static bool is_here(const char *address)
{
	asked++;
	return !strcmp(address, "192.0.2.1") || !strcmp(address, "2001:db8::1");
}

static void judge(const char *row, const char *rules, const struct swk_instance *instance,
		  const char *desired, const char *noted)
{
	char config[512];
	struct swk_settings settings;
	struct swk_policy policy = {
		.reserved = {{18882, "a dyups interface"}, {9000, "an interface"}},
		.reserved_count = 2,
		.is_here = is_here};
	struct swk_report report = {0};
	struct swk_endpoint endpoint;
	struct swk_rules found;

	(void)snprintf(config, sizeof(config), *rules == '{' ? "%s" : "{\"defaults\": {%s}}",
		       rules);
	settings = settings_of(config);
	policy.settings = &settings;
	memset(&endpoint, 0x55, sizeof(endpoint)); /* the old content must not matter */
	swk_rules_find(&found, &settings.defaults, &settings.services, instance->service);
	asked = 0;
	swk_endpoint_of_instance(&endpoint, &policy, &found, instance, &report);
	unit_same(row, show(&endpoint), desired);
	unit_number(row, asked, endpoint.here);
	unit_same(row, notes(&report), noted ? noted : "");
	swk_report_free(&report);
	swk_settings_free(&settings);
}

/* A passing instance at an address of its own. Rows change what they test. */
#define INSTANCE                                                                                   \
	.service = "web", .id = "w1", .node = "n1", .address = "10.0.0.1",                         \
	.node_address = "10.9.9.9", .port = 80, .weight_passing = 1, .weight_warning = 1,          \
	.checked = true

/* ---- the address ---- */

static void addresses(void **state)
{
	static const struct {
		const char *row, *rules, *address, *node_address;
		double port;
		const char *desired;
	} rows[] = {
		{"its own", "", "10.0.0.1", "10.9.9.9", 80, "served 10.0.0.1:80"},
		{"the node's if it has none", "", "", "10.9.9.9", 80, "served 10.9.9.9:80"},
		{"neither", "", "", "", 80,
		 "skipped: its address is not an IPv4 or IPv6 address: ''"},
		{"IPv6", "", "2001:db8::1", "", 80, "served [2001:db8::1]:80"},
		{"the node's", "\"address\": \"node\"", "10.0.0.1", "10.9.9.9", 80,
		 "served 10.9.9.9:80"},
		{"the node has none", "\"address\": \"node\"", "10.0.0.1", "", 80,
		 "skipped: its address is not an IPv4 or IPv6 address: ''"},
		{"a port for all", "\"port\": 8080", "10.0.0.1", "", 80, "served 10.0.0.1:8080"},
		{"also if there is none", "\"port\": 8080", "10.0.0.1", "", 0,
		 "served 10.0.0.1:8080"},
		{"no port", "", "10.0.0.1", "", 0, "skipped: its port is not from 1 to 65535: '0'"},
		{"half a port", "", "10.0.0.1", "", 80.5,
		 "skipped: its port is not from 1 to 65535: '80.5'"},
		{"too large", "", "10.0.0.1", "", 65536,
		 "skipped: its port is not from 1 to 65535: '65536'"},
		{"the last", "", "10.0.0.1", "", 65535, "served 10.0.0.1:65535"},
		/* host names */
		{"not allowed", "", "backend.example", "", 80,
		 "skipped: its address is not an IPv4 or IPv6 address: 'backend.example'"},
		{"allowed", "\"allow_hostnames\": true", "backend.example", "", 80,
		 "served backend.example:80"},
		{"addresses still work", "\"allow_hostnames\": true", "10.0.0.1", "", 80,
		 "served 10.0.0.1:80"},
		{"not a host name", "\"allow_hostnames\": true", "back_end", "", 80,
		 "skipped: its address is not an IPv4 or IPv6 address, nor a host name: "
		 "'back_end'"},
		{"code", "\"allow_hostnames\": true", "a;b", "", 80,
		 "skipped: its address is not an IPv4 or IPv6 address, nor a host name: 'a;b'"},
		{"neither address nor host name", "\"allow_hostnames\": true", "10.0.0.256", "", 80,
		 "skipped: its address is not an IPv4 or IPv6 address, nor a host name: "
		 "'10.0.0.256'"},
		{"a socket to nginx", "\"allow_hostnames\": true", "unix", "", 80,
		 "skipped: its address is not an IPv4 or IPv6 address, nor a host name: 'unix'"},
		{"anywhere", "\"allow_hostnames\": true", "0.0.0.0", "", 80,
		 "skipped: its address is not an IPv4 or IPv6 address, nor a host name: '0.0.0.0'"},
		/* the ports of targets */
		{"on loopback", "", "127.0.0.1", "", 18882,
		 "skipped: this may be the address of a dyups interface: '127.0.0.1:18882'"},
		{"of the second target", "", "::1", "", 9000,
		 "skipped: this may be the address of an interface: '[::1]:9000'"},
		{"elsewhere", "", "10.0.0.1", "", 18882, "served 10.0.0.1:18882"},
		{"another port", "", "127.0.0.1", "", 9001, "served 127.0.0.1:9001"},
		{"a host name", "\"allow_hostnames\": true", "backend.example", "", 18882,
		 "skipped: this may be the address of a dyups interface: 'backend.example:18882'"},
		{"a host name, another port", "\"allow_hostnames\": true", "localhost", "", 9001,
		 "served localhost:9001"},
		{"through the rules' port", "\"port\": 18882", "127.0.0.1", "", 80,
		 "skipped: this may be the address of a dyups interface: '127.0.0.1:18882'"},
		{"avoided by the rules' port", "\"port\": 80", "127.0.0.1", "", 18882,
		 "served 127.0.0.1:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_instance instance = {INSTANCE};

		instance.address = rows[i].address;
		instance.node_address = rows[i].node_address;
		instance.port = rows[i].port;
		judge(rows[i].row, rows[i].rules, &instance, rows[i].desired, NULL);
	}
}

/* Instances with several ports, as in Consul 1.22. The decoder selects the default one. */
static void ports(void **state)
{
	static const struct swk_port list[] = {
		{"http", 8080}, {"grpc", 9090}, {"8080-tls", 8443}, {"dyups", 18882}, {"none", 0}};
	static const struct swk_tagged wan[] = {{"wan", "192.0.2.4", 84}};
	static const struct {
		const char *row, *rules;
		size_t count;
		const char *desired;
	} rows[] = {
		{"the default one", "", 5, "served 10.0.0.1:80"},
		{"by name", "\"port\": \"grpc\"", 5, "served 10.0.0.1:9090"},
		{"a name that begins with a number", "\"port\": \"8080-tls\"", 5,
		 "served 10.0.0.1:8443"},
		{"by number", "\"port\": 81", 5, "served 10.0.0.1:81"},
		{"case counts", "\"port\": \"HTTP\"", 5, "skipped: it has no port named 'HTTP'"},
		{"an instance with one port has no name for it", "\"port\": \"http\"", 0,
		 "served 10.0.0.1:80"},
		{"invalid", "\"port\": \"none\"", 5,
		 "skipped: its port is not from 1 to 65535: '0'"},
		{"reserved on loopback only", "\"port\": \"dyups\"", 5, "served 10.0.0.1:18882"},
		{"a tagged address with the named port", "\"port\": \"http\", \"address\": \"wan\"",
		 5, "served 192.0.2.4:8080"},
		{"a tagged address with its own port", "\"address\": \"wan\"", 5,
		 "served 192.0.2.4:84"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_instance instance = {INSTANCE};

		instance.ports = list;
		instance.port_count = rows[i].count;
		instance.tagged = wan;
		instance.tagged_count = COUNT(wan);
		judge(rows[i].row, rows[i].rules, &instance, rows[i].desired, NULL);
	}
}

/* 127.0.0.1 of another node is not this host's. */
static void loopback(void **state)
{
#define OF_ANOTHER(node)                                                                           \
	"skipped: its address is on loopback, and its node's address " node " is not this "        \
	"host's: "
	static const struct {
		const char *row, *rules, *address, *node, *node_address, *desired;
	} rows[] = {
		{"of another node, as Debian's /etc/hosts has it", "", "127.0.1.1", "n7",
		 "10.207.70.12", OF_ANOTHER("10.207.70.12") "'127.0.1.1:80'"},
		{"IPv6", "", "::1", "n7", "10.207.70.12", OF_ANOTHER("10.207.70.12") "'[::1]:80'"},
		{"IPv4 as IPv6", "", "::ffff:127.0.0.1", "n7", "2001:db8::7",
		 OF_ANOTHER("2001:db8::7") "'[::ffff:127.0.0.1]:80'"},
		{"the name", "\"allow_hostnames\": true", "localhost", "n7", "10.207.70.12",
		 OF_ANOTHER("10.207.70.12") "'localhost:80'"},
		{"a name below it", "\"allow_hostnames\": true", "web.LocalHost", "n7",
		 "10.207.70.12", OF_ANOTHER("10.207.70.12") "'web.LocalHost:80'"},
		{"a name that only ends like it", "\"allow_hostnames\": true", "mylocalhost", "n7",
		 "10.207.70.12", "served mylocalhost:80"},
		{"the node has a name instead of an address", "", "127.0.0.1", "n7", "n7.example",
		 OF_ANOTHER("n7.example") "'127.0.0.1:80'"},
		{"of this host", "", "127.0.0.1", "n1", "192.0.2.1", "served 127.0.0.1:80"},
		{"of this host by IPv6", "", "::1", "n1", "2001:db8::1", "served [::1]:80"},
		{"of an agent in development", "", "127.0.0.1", "n1", "127.0.0.1",
		 "served 127.0.0.1:80"},
		{"the address of such an agent", "", "", "n1", "127.0.0.1", "served 127.0.0.1:80"},
		{"such an agent by IPv6", "", "127.0.0.1", "n1", "::1", "served 127.0.0.1:80"},
		{"such an agent by name", "", "127.0.0.1", "n1", "localhost",
		 "served 127.0.0.1:80"},
		{"the node's address is selected", "\"address\": \"node\"", "127.0.0.1", "n7",
		 "10.207.70.12", "served 10.207.70.12:80"},
		{"the node has no address", "", "127.0.0.1", "n7", "", "served 127.0.0.1:80"},
		{"the settings name the node", "{\"consul\": {\"node\": \"n7\"}}", "127.0.0.1",
		 "N7", "10.207.70.12", "served 127.0.0.1:80"},
		{"they name another node", "{\"consul\": {\"node\": \"n1\"}}", "127.0.0.1", "n7",
		 "10.207.70.12", OF_ANOTHER("10.207.70.12") "'127.0.0.1:80'"},
		{"no loopback address", "", "128.0.0.1", "n7", "10.207.70.12",
		 "served 128.0.0.1:80"},
	};
#undef OF_ANOTHER

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_instance instance = {INSTANCE};

		instance.address = rows[i].address;
		instance.node = rows[i].node;
		instance.node_address = rows[i].node_address;
		judge(rows[i].row, rows[i].rules, &instance, rows[i].desired, NULL);
	}
}

static void tagged_addresses(void **state)
{
	static const struct swk_tagged none[] = {{"x", "192.0.2.99", 99}},
				       wan[] = {{"wan_ipv6", "2001:db8::6", 86},
						{"wan_ipv4", "192.0.2.4", 84},
						{"wan", "192.0.2.1", 81}},
				       ending[] = {{"wan_ipv6", "2001:db8::6", 86},
						   {"wan_ipv4", "192.0.2.4", 84}},
				       six[] = {{"wan_ipv6", "2001:db8::6", 0}},
				       empty[] = {{"wan", "", 81}, {"wan_ipv4", "192.0.2.4", 84}},
				       longer[] = {{"wan2", "192.0.2.2", 82},
						   {"wan_ipv4x", "192.0.2.3", 83},
						   {"wa", "192.0.2.5", 85}},
				       host[] = {{"wan", "backend.example", 80}},
				       loopback[] = {{"wan", "127.0.0.1", 80}};
	static const struct {
		const char *row, *rules, *address;
		const struct swk_tagged *tagged, *node_tagged;
		size_t count, node_count;
		const char *desired;
	} rows[] = {
		{"its own, with its port", "\"address\": \"wan\"", "10.0.0.1", wan, none, 3, 1,
		 "served 192.0.2.1:81"},
		{"IPv4 before IPv6", "\"address\": \"wan\"", "10.0.0.1", ending, none, 2, 1,
		 "served 192.0.2.4:84"},
		{"IPv6, and no port", "\"address\": \"wan\"", "10.0.0.1", six, none, 1, 1,
		 "served [2001:db8::6]:80"},
		{"by its full name", "\"address\": \"wan_ipv6\"", "10.0.0.1", wan, none, 3, 1,
		 "served [2001:db8::6]:86"},
		{"an empty one counts as none", "\"address\": \"wan\"", "10.0.0.1", empty, none, 2,
		 1, "served 192.0.2.4:84"},
		{"longer names with the same start", "\"address\": \"wan\"", "10.0.0.1", longer,
		 none, 3, 1, "skipped: it has no address tagged 'wan'"},
		{"case counts", "\"address\": \"WAN\"", "10.0.0.1", wan, none, 3, 1,
		 "skipped: it has no address tagged 'WAN'"},
		{"a port for all", "\"address\": \"wan\", \"port\": 8080", "10.0.0.1", wan, none, 3,
		 1, "served 192.0.2.1:8080"},
		/* the node's tagged addresses */
		{"its own before the node's", "\"address\": \"wan\"", "", six, wan, 1, 3,
		 "served [2001:db8::6]:80"},
		{"the node's, with the instance's port", "\"address\": \"wan\"", "", none, wan, 1,
		 3, "served 192.0.2.1:80"},
		{"the node's by its ending", "\"address\": \"wan\"", "", none, ending, 1, 2,
		 "served 192.0.2.4:80"},
		{"not if it has an address of its own", "\"address\": \"wan\"", "10.0.0.1", none,
		 wan, 1, 3, "skipped: it has no address tagged 'wan'"},
		{"neither", "\"address\": \"wan\"", "", none, none, 1, 1,
		 "skipped: it has no address tagged 'wan'"},
		{"none at all", "\"address\": \"wan\"", "", NULL, NULL, 0, 0,
		 "skipped: it has no address tagged 'wan'"},
		/* checked like any other address */
		{"a host name", "\"address\": \"wan\"", "10.0.0.1", host, none, 1, 1,
		 "skipped: its address is not an IPv4 or IPv6 address: 'backend.example'"},
		{"a host name, allowed", "\"address\": \"wan\", \"allow_hostnames\": true",
		 "10.0.0.1", host, none, 1, 1, "served backend.example:80"},
		{"on loopback", "\"address\": \"wan\"", "10.0.0.1", loopback, none, 1, 1,
		 "skipped: its address is on loopback, and its node's address 10.9.9.9 is not this "
		 "host's: '127.0.0.1:80'"},
		{"not asked for", "", "10.0.0.1", wan, wan, 3, 3, "served 10.0.0.1:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_instance instance = {INSTANCE};

		instance.address = rows[i].address;
		instance.tagged = rows[i].tagged;
		instance.tagged_count = rows[i].count;
		instance.node_tagged = rows[i].node_tagged;
		instance.node_tagged_count = rows[i].node_count;
		judge(rows[i].row, rows[i].rules, &instance, rows[i].desired, NULL);
	}
}

/* ---- attributes ---- */

#define IGNORED "service 'web': instance 0 ('w1' on node 'n1'): "
#define ALL                                                                                        \
	"{\"attributes\": {\"allow\": [\"weight\", \"max_fails\", \"fail_timeout\", "              \
	"\"max_conns\", \"backup\", \"down\"]}}"
#define FORBIDDEN " is ignored: the settings do not allow an instance to set it"

static void attributes(void **state)
{
	static const struct {
		const char *row, *rules;
		const char *tags[3], *names[3], *values[3];
		const char *desired, *noted;
	} rows[] = {
		{"none", "", {0}, {0}, {0}, "served 10.0.0.1:80", NULL},
		{"a tag", "", {"nginx:weight=5"}, {0}, {0}, "served 10.0.0.1:80,weight=5", NULL},
		{"Meta", "", {0}, {"nginx_weight"}, {"5"}, "served 10.0.0.1:80,weight=5", NULL},
		{"Meta wins over a tag",
		 "",
		 {"nginx:weight=5"},
		 {"nginx_weight"},
		 {"7"},
		 "served 10.0.0.1:80,weight=7",
		 NULL},
		{"the later of two tags",
		 "",
		 {"nginx:weight=5", "x", "nginx:weight=6"},
		 {0},
		 {0},
		 "served 10.0.0.1:80,weight=6",
		 NULL},
		{"a tag with the value no",
		 "",
		 {"nginx:backup", "nginx:down=0"},
		 {"nginx_backup"},
		 {"no"},
		 "served 10.0.0.1:80",
		 NULL},
		{"flags", "", {"nginx:backup"}, {0}, {0}, "served 10.0.0.1:80,backup", NULL},
		{"flags with a value",
		 "",
		 {"nginx:backup=yes"},
		 {0},
		 {0},
		 "served 10.0.0.1:80,backup",
		 NULL},
		{"flags in Meta",
		 "",
		 {0},
		 {"nginx_backup"},
		 {"true"},
		 "served 10.0.0.1:80,backup",
		 NULL},
		{"down",
		 "",
		 {"nginx:down"},
		 {0},
		 {0},
		 "down 10.0.0.1:80,down: its tags or Meta say that it is down",
		 NULL},
		{"all of them",
		 ALL,
		 {"nginx:max_fails=2", "nginx:fail_timeout=1m", "nginx:backup"},
		 {"nginx_max_conns", "nginx_weight", "other"},
		 {"9", "3", "x"},
		 "served 10.0.0.1:80,weight=3,max_conns=9,max_fails=2,fail_timeout=60,backup",
		 NULL},
		{"0 for a number",
		 ALL,
		 {"nginx:max_fails=0", "nginx:max_conns=0"},
		 {0},
		 {0},
		 "served 10.0.0.1:80,max_fails=0",
		 NULL},
		/* not allowed */
		{"not allowed",
		 "",
		 {"nginx:max_conns=5"},
		 {"nginx_max_fails", "nginx_fail_timeout"},
		 {"5", "5s"},
		 "served 10.0.0.1:80",
		 "(detail) " IGNORED "tag 'nginx:max_conns=5'" FORBIDDEN "\n"
		 "(detail) " IGNORED "Meta 'nginx_max_fails=5'" FORBIDDEN "\n"
		 "(detail) " IGNORED "Meta 'nginx_fail_timeout=5s'" FORBIDDEN},
		{"nothing is allowed",
		 "{\"attributes\": {\"allow\": []}}",
		 {"nginx:weight=5", "nginx:down"},
		 {"nginx_backup"},
		 {"1"},
		 "served 10.0.0.1:80",
		 "(detail) " IGNORED "tag 'nginx:weight=5'" FORBIDDEN "\n"
		 "(detail) " IGNORED "tag 'nginx:down'" FORBIDDEN "\n"
		 "(detail) " IGNORED "Meta 'nginx_backup=1'" FORBIDDEN},
		/* invalid values */
		{"not a number",
		 "",
		 {"nginx:weight=x"},
		 {0},
		 {0},
		 "served 10.0.0.1:80",
		 IGNORED
		 "tag 'nginx:weight=x' is ignored: 'x' is not a number from 1 to 999999999"},
		{"an invalid weight",
		 "",
		 {"nginx:weight=0"},
		 {"nginx_weight"},
		 {"-1"},
		 "served 10.0.0.1:80",
		 IGNORED
		 "tag 'nginx:weight=0' is ignored: '0' is not a number from 1 to "
		 "999999999\n" IGNORED
		 "Meta 'nginx_weight=-1' is ignored: '-1' is not a number from 1 to 999999999"},
		{"a bad one leaves a good one",
		 "",
		 {"nginx:weight=5"},
		 {"nginx_weight"},
		 {""},
		 "served 10.0.0.1:80,weight=5",
		 IGNORED "Meta 'nginx_weight=' is ignored: '' is not a number from 1 to 999999999"},
		{"an empty value counts as none",
		 "",
		 {"nginx:backup="},
		 {0},
		 {0},
		 "served 10.0.0.1:80",
		 IGNORED "tag 'nginx:backup=' is ignored: '' is neither 1 nor 0"},
		{"a number for a flag",
		 "",
		 {"nginx:backup=2"},
		 {0},
		 {0},
		 "served 10.0.0.1:80",
		 IGNORED "tag 'nginx:backup=2' is ignored: '2' is neither 1 nor 0"},
		{"code",
		 "",
		 {0},
		 {"nginx_weight"},
		 {"1;\n"},
		 "served 10.0.0.1:80",
		 IGNORED "Meta 'nginx_weight=1;\\x0a' is ignored: '1;\\x0a' is not a number from 1 "
			 "to 999999999"},
		{"without value",
		 "",
		 {"nginx:weight"},
		 {0},
		 {0},
		 "served 10.0.0.1:80",
		 IGNORED "tag 'nginx:weight' is ignored: it has no value"},
		{"without value, but another has one",
		 "",
		 {"nginx:weight=5", "nginx:weight"},
		 {0},
		 {0},
		 "served 10.0.0.1:80,weight=5",
		 IGNORED "tag 'nginx:weight' is ignored: it has no value"},
		{"every number, and a time",
		 ALL,
		 {"nginx:max_fails", "nginx:fail_timeout", "nginx:max_conns"},
		 {0},
		 {0},
		 "served 10.0.0.1:80",
		 IGNORED "tag 'nginx:max_fails' is ignored: it has no value\n" IGNORED
			 "tag 'nginx:fail_timeout' is ignored: it has no value\n" IGNORED
			 "tag 'nginx:max_conns' is ignored: it has no value"},
		{"without value, nor allowed",
		 "",
		 {"nginx:max_conns"},
		 {0},
		 {0},
		 "served 10.0.0.1:80",
		 "(detail) " IGNORED "tag 'nginx:max_conns'" FORBIDDEN},
		/* names that are not attributes */
		{"an unknown attribute",
		 "",
		 {"nginx:slow_start=5", "nginx:", "nginx:Weight=2"},
		 {0},
		 {0},
		 "served 10.0.0.1:80",
		 IGNORED "tag 'nginx:slow_start=5' is ignored: there is no such "
			 "attribute\n" IGNORED
			 "tag 'nginx:' is ignored: there is no such attribute\n" IGNORED
			 "tag 'nginx:Weight=2' is ignored: there is no such attribute"},
		{"longer than an attribute",
		 "",
		 {"nginx:weights=2", "nginx:weigh=2"},
		 {"nginx_"},
		 {"1"},
		 "served 10.0.0.1:80",
		 IGNORED "tag 'nginx:weights=2' is ignored: there is no such attribute\n" IGNORED
			 "tag 'nginx:weigh=2' is ignored: there is no such attribute\n" IGNORED
			 "Meta 'nginx_=1' is ignored: there is no such attribute"},
		{"other prefixes do not count",
		 "",
		 {"Nginx:weight=2", "nginx_weight=2", "weight=2"},
		 {"nginx:weight", "weight"},
		 {"2", "2"},
		 "served 10.0.0.1:80",
		 NULL},
		{"prefixes that were set",
		 "{\"attributes\": {\"tag_prefix\": \"t.\", \"meta_prefix\": \"m-\"}}",
		 {"t.backup", "nginx:weight=2"},
		 {"m-weight", "nginx_weight"},
		 {"4", "2"},
		 "served 10.0.0.1:80,weight=4,backup",
		 NULL},
		/* upper limits; an upstream's weights are later scaled down together */
		{"the most",
		 "{\"attributes\": {\"allow\": [\"max_fails\", \"fail_timeout\", \"max_conns\"], "
		 "\"max\": {\"max_fails\": 4, \"fail_timeout\": 5, \"max_conns\": 6}}}",
		 {"nginx:max_fails=4", "nginx:fail_timeout=5s", "nginx:max_conns=6"},
		 {0},
		 {0},
		 "served 10.0.0.1:80,max_conns=6,max_fails=4,fail_timeout=5",
		 NULL},
		{"more than that",
		 "{\"attributes\": {\"allow\": [\"max_fails\", \"fail_timeout\", \"max_conns\"], "
		 "\"max\": {\"max_fails\": 4, \"fail_timeout\": 5, \"max_conns\": 6}}}",
		 {"nginx:max_fails=5", "nginx:fail_timeout=1d", "nginx:max_conns=999999999"},
		 {0},
		 {0},
		 "served 10.0.0.1:80,max_conns=6,max_fails=4,fail_timeout=5",
		 NULL},
		{"more than nginx accepts",
		 ALL,
		 {"nginx:max_conns=1000000000"},
		 {0},
		 {0},
		 "served 10.0.0.1:80",
		 IGNORED "tag 'nginx:max_conns=1000000000' is ignored: '1000000000' is not a "
			 "number from 0 to 999999999"},
		{"the default is no limit to the rules",
		 "{\"defaults\": {\"max_fails\": 500, \"fail_timeout\": \"1h\", \"max_conns\": "
		 "500000}}",
		 {0},
		 {0},
		 {0},
		 "served 10.0.0.1:80,max_conns=500000,max_fails=500,fail_timeout=3600",
		 NULL},
		{"a weight by itself",
		 "{\"attributes\": {\"max\": {\"weight\": 10}}}",
		 {"nginx:weight=50"},
		 {0},
		 {0},
		 "served 10.0.0.1:80,weight=50",
		 NULL},
		{"a weight that nginx does not accept",
		 "",
		 {"nginx:weight=999999999"},
		 {0},
		 {0},
		 "served 10.0.0.1:80,weight=65535",
		 NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_instance instance = {INSTANCE};
		struct swk_pair meta[3];

		instance.tags = rows[i].tags;
		instance.meta = meta;
		while (instance.tag_count < 3 && rows[i].tags[instance.tag_count])
			instance.tag_count++;
		while (instance.meta_count < 3 && rows[i].names[instance.meta_count]) {
			meta[instance.meta_count] =
				(struct swk_pair){rows[i].names[instance.meta_count],
						  rows[i].values[instance.meta_count]};
			instance.meta_count++;
		}
		judge(rows[i].row, rows[i].rules, &instance, rows[i].desired, rows[i].noted);
	}
}

/* ---- health and weights ---- */

static void health(void **state)
{
	static const char *const weighs[] = {"nginx:weight=5"}, *const is_down[] = {"nginx:down"};
	static const struct {
		const char *row, *rules;
		enum swk_health health;
		bool maintenance, unchecked;
		unsigned passing, warning;
		const char *const *tags;
		const char *desired;
	} rows[] = {
		{"passing", "", SWK_PASSING, false, false, 1, 1, NULL, "served 10.0.0.1:80"},
		{"warning", "", SWK_WARNING, false, false, 1, 1, NULL, "left out: it is warning"},
		{"warning, included", "\"warning\": \"include\"", SWK_WARNING, false, false, 3, 2,
		 NULL, "served 10.0.0.1:80,weight=3"},
		{"warning, by weight", "\"warning\": \"weight\"", SWK_WARNING, false, false, 3, 2,
		 NULL, "served 10.0.0.1:80,weight=2"},
		{"warning, by a weight of 0", "\"warning\": \"weight\"", SWK_WARNING, false, false,
		 3, 0, NULL, "left out: it is warning, and its Weights.Warning is 0"},
		{"that weight, whatever tags say", "\"warning\": \"weight\"", SWK_WARNING, false,
		 false, 3, 2, weighs, "served 10.0.0.1:80,weight=2"},
		{"the warning weight of a passing instance does not matter",
		 "\"warning\": \"weight\"", SWK_PASSING, false, false, 3, 0, NULL,
		 "served 10.0.0.1:80,weight=3"},
		{"also without weights", "\"warning\": \"weight\", \"weights\": false", SWK_WARNING,
		 false, false, 3, 2, NULL, "served 10.0.0.1:80,weight=2"},
		{"warning and down", "\"warning\": \"include\"", SWK_WARNING, false, false, 1, 1,
		 is_down, "down 10.0.0.1:80,down: its tags or Meta say that it is down"},
		{"warning is left out, down or not", "", SWK_WARNING, false, false, 1, 1, is_down,
		 "left out: it is warning"},
		{"critical", "", SWK_CRITICAL, false, false, 1, 1, NULL,
		 "left out: it is critical"},
		{"critical, down", "\"critical\": \"down\"", SWK_CRITICAL, false, false, 1, 1, NULL,
		 "down 10.0.0.1:80,down: it is critical"},
		{"critical, whatever warning says", "\"warning\": \"include\"", SWK_CRITICAL, false,
		 false, 1, 1, NULL, "left out: it is critical"},
		{"critical, and down by its own tag", "", SWK_CRITICAL, false, false, 1, 1, is_down,
		 "left out: it is critical"},
		{"maintenance", "", SWK_PASSING, true, false, 1, 1, NULL,
		 "left out: it is in maintenance"},
		{"maintenance, down", "\"maintenance\": \"down\"", SWK_PASSING, true, false, 1, 1,
		 NULL, "down 10.0.0.1:80,down: it is in maintenance"},
		{"maintenance before critical", "\"critical\": \"down\"", SWK_CRITICAL, true, false,
		 1, 1, NULL, "left out: it is in maintenance"},
		{"the same the other way round", "\"maintenance\": \"down\"", SWK_CRITICAL, true,
		 false, 1, 1, NULL, "down 10.0.0.1:80,down: it is in maintenance"},
		{"maintenance before warning", "\"warning\": \"include\"", SWK_WARNING, true, false,
		 1, 1, NULL, "left out: it is in maintenance"},
		/* checks */
		{"no check", "", SWK_PASSING, false, true, 1, 1, NULL, "served 10.0.0.1:80"},
		{"no check, but one is required", "\"require_check\": true", SWK_PASSING, false,
		 true, 1, 1, NULL, "left out: it has no check of its own"},
		{"a check, and one is required", "\"require_check\": true", SWK_PASSING, false,
		 false, 1, 1, NULL, "served 10.0.0.1:80"},
		{"no check, and not down either", "\"require_check\": true, \"critical\": \"down\"",
		 SWK_CRITICAL, false, true, 1, 1, NULL, "left out: it has no check of its own"},
		/* weights */
		{"Consul's weight", "", SWK_PASSING, false, false, 7, 1, NULL,
		 "served 10.0.0.1:80,weight=7"},
		{"weights are off", "\"weights\": false", SWK_PASSING, false, false, 7, 1, NULL,
		 "served 10.0.0.1:80"},
		{"a tag's, before Consul's", "", SWK_PASSING, false, false, 7, 1, weighs,
		 "served 10.0.0.1:80,weight=5"},
		{"a tag's, though Consul's weights are off", "\"weights\": false", SWK_PASSING,
		 false, false, 7, 1, weighs, "served 10.0.0.1:80,weight=5"},
		{"none at all", "", SWK_PASSING, false, false, 0, 0, NULL, "served 10.0.0.1:80"},
		{"down keeps its weight", "\"critical\": \"down\"", SWK_CRITICAL, false, false, 7,
		 1, NULL, "down 10.0.0.1:80,weight=7,down: it is critical"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_instance instance = {INSTANCE};

		instance.health = rows[i].health;
		instance.maintenance = rows[i].maintenance;
		instance.checked = !rows[i].unchecked;
		instance.weight_passing = rows[i].passing;
		instance.weight_warning = rows[i].warning;
		instance.tags = rows[i].tags;
		instance.tag_count = rows[i].tags ? 1 : 0;
		judge(rows[i].row, rows[i].rules, &instance, rows[i].desired, NULL);
	}
}

static void connect_native(void **state)
{
	struct swk_instance instance = {INSTANCE, .native = true};

	(void)state;
	judge("by default", "", &instance,
	      "left out: it is Connect-native, so it expects mutual TLS", NULL);
	judge("allowed", "\"connect_native\": true", &instance, "served 10.0.0.1:80", NULL);
	instance.health = SWK_CRITICAL;
	judge("critical, too", "\"critical\": \"down\"", &instance,
	      "left out: it is Connect-native, so it expects mutual TLS", NULL);
	judge("critical and allowed", "\"connect_native\": true", &instance,
	      "left out: it is critical", NULL);
}

static void words_of_health(void **state)
{
	(void)state;
	assert_string_equal(swk_endpoint_health(&(struct swk_instance){.health = SWK_PASSING}),
			    "passing");
	assert_string_equal(swk_endpoint_health(&(struct swk_instance){.health = SWK_WARNING}),
			    "warning");
	assert_string_equal(swk_endpoint_health(&(struct swk_instance){.health = SWK_CRITICAL}),
			    "critical");
	assert_string_equal(swk_endpoint_health(&(struct swk_instance){.health = SWK_CRITICAL,
								       .maintenance = true}),
			    "maintenance");
}

/* ---- keys ---- */

static void keys(void **state)
{
	static char label[300];
	static const struct {
		const char *row, *rules, *address;
		const char *names[4], *values[4];
		const char *trouble, *desired, *noted;
	} rows[] = {
		{"an address", "", "10.0.0.1:80", {0}, {0}, NULL, "served 10.0.0.1:80", NULL},
		{"IPv6", "", "[2001:db8::1]:80", {0}, {0}, NULL, "served [2001:db8::1]:80", NULL},
		{"IPv6 without brackets",
		 "",
		 "2001:db8::1:80",
		 {0},
		 {0},
		 NULL,
		 "skipped: it does not end in ADDRESS:PORT: '2001:db8::1:80'",
		 NULL},
		{"also if host names are allowed",
		 "\"allow_hostnames\": true",
		 "::1:80",
		 {0},
		 {0},
		 NULL,
		 "skipped: it does not end in ADDRESS:PORT: '::1:80'",
		 NULL},
		{"IPv4 in brackets",
		 "",
		 "[10.0.0.1]:80",
		 {0},
		 {0},
		 NULL,
		 "skipped: it does not end in ADDRESS:PORT: '[10.0.0.1]:80'",
		 NULL},
		{"no port",
		 "",
		 "10.0.0.1",
		 {0},
		 {0},
		 NULL,
		 "skipped: it does not end in ADDRESS:PORT: '10.0.0.1'",
		 NULL},
		{"nor by the rules",
		 "\"port\": 80",
		 "10.0.0.1",
		 {0},
		 {0},
		 NULL,
		 "skipped: it does not end in ADDRESS:PORT: '10.0.0.1'",
		 NULL},
		{"port 0",
		 "",
		 "10.0.0.1:0",
		 {0},
		 {0},
		 NULL,
		 "skipped: its port is not from 1 to 65535: '0'",
		 NULL},
		{"a port too large",
		 "",
		 "10.0.0.1:65536",
		 {0},
		 {0},
		 NULL,
		 "skipped: its port is not from 1 to 65535: '65536'",
		 NULL},
		{"a port too long",
		 "",
		 "10.0.0.1:000080",
		 {0},
		 {0},
		 NULL,
		 "skipped: it does not end in ADDRESS:PORT: '10.0.0.1:000080'",
		 NULL},
		{"a port that is none",
		 "",
		 "10.0.0.1:http",
		 {0},
		 {0},
		 NULL,
		 "skipped: it does not end in ADDRESS:PORT: '10.0.0.1:http'",
		 NULL},
		{"the rules' port",
		 "\"port\": 8080",
		 "10.0.0.1:80",
		 {0},
		 {0},
		 NULL,
		 "served 10.0.0.1:8080",
		 NULL},
		{"no address",
		 "",
		 ":80",
		 {0},
		 {0},
		 NULL,
		 "skipped: its address is not an IPv4 or IPv6 address: ''",
		 NULL},
		{"a name",
		 "",
		 "backend.example:80",
		 {0},
		 {0},
		 NULL,
		 "skipped: its address is not an IPv4 or IPv6 address: 'backend.example'",
		 NULL},
		{"a name, allowed",
		 "\"allow_hostnames\": true",
		 "backend.example:80",
		 {0},
		 {0},
		 NULL,
		 "served backend.example:80",
		 NULL},
		{"a target's port",
		 "",
		 "127.0.0.1:18882",
		 {0},
		 {0},
		 NULL,
		 "skipped: this may be the address of a dyups interface: '127.0.0.1:18882'",
		 NULL},
		{"a target's port, IPv6",
		 "",
		 "[::1]:9000",
		 {0},
		 {0},
		 NULL,
		 "skipped: this may be the address of an interface: '[::1]:9000'",
		 NULL},
		{"a target's port, by name",
		 "\"allow_hostnames\": true",
		 "a.b:18882",
		 {0},
		 {0},
		 NULL,
		 "skipped: this may be the address of a dyups interface: 'a.b:18882'",
		 NULL},
		{"the address that tags would choose does not matter",
		 "\"address\": \"wan\"",
		 "10.0.0.1:80",
		 {0},
		 {0},
		 NULL,
		 "served 10.0.0.1:80",
		 NULL},
		/* values of keys: the attributes that instances may set do not matter */
		{"values",
		 "",
		 "10.0.0.1:80",
		 {"weight", "max_fails", "fail_timeout", "max_conns"},
		 {"5000", "2000", "3600", "200000"},
		 NULL,
		 "served 10.0.0.1:80,weight=5000,max_conns=200000,max_fails=2000,fail_timeout=3600",
		 NULL},
		{"flags",
		 "",
		 "10.0.0.1:80",
		 {"backup", "down"},
		 {"1", "0"},
		 NULL,
		 "served 10.0.0.1:80,backup",
		 NULL},
		{"down",
		 "",
		 "10.0.0.1:80",
		 {"down"},
		 {"1"},
		 NULL,
		 "down 10.0.0.1:80,down: its value says that it is down",
		 NULL},
		{"at most what nginx takes",
		 "",
		 "10.0.0.1:80",
		 {"weight", "max_fails", "fail_timeout"},
		 {"65536", "1000001", "86401"},
		 NULL,
		 "served 10.0.0.1:80,weight=65535,max_fails=1000000,fail_timeout=86400",
		 NULL},
		{"rules apply to what the value does not set",
		 "\"max_fails\": 4, \"max_conns\": 5",
		 "10.0.0.1:80",
		 {"weight"},
		 {"2"},
		 NULL,
		 "served 10.0.0.1:80,weight=2,max_conns=5,max_fails=4",
		 NULL},
		{"invalid values",
		 "",
		 "10.0.0.1:80",
		 {"weight", "backup", "other"},
		 {"x", "2", "1"},
		 NULL,
		 "served 10.0.0.1:80",
		 "key 'p/web/x': weight 'x' is ignored: 'x' is not a number from 1 to "
		 "999999999\nkey 'p/web/x': backup '2' is ignored: '2' is neither 1 nor 0\nkey "
		 "'p/web/x': 'other' is ignored: there is no such attribute"},
		{"an unusable value",
		 "",
		 "10.0.0.1:80",
		 {"weight"},
		 {"5"},
		 "its value is not an object",
		 "skipped: its value is not an object",
		 NULL},
		{"too long a name",
		 "\"allow_hostnames\": true",
		 label,
		 {0},
		 {0},
		 NULL,
		 "skipped: its address is not an IPv4 or IPv6 address, nor a host name: ''",
		 NULL},
	};

	(void)state;
	memset(label, 'a', sizeof(label) - 1);
	memcpy(label + sizeof(label) - 4, ":80", 4);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char config[256];
		struct swk_settings settings;
		struct swk_policy policy = {
			.reserved = {{18882, "a dyups interface"}, {9000, "an interface"}},
			.reserved_count = 2};
		struct swk_pair values[4];
		struct swk_key key = {
			.key = "p/web/x", .values = values, .trouble = rows[i].trouble};
		struct swk_report report = {0};
		struct swk_endpoint endpoint;
		struct swk_rules rules;

		while (key.value_count < 4 && rows[i].names[key.value_count]) {
			values[key.value_count] = (struct swk_pair){
				rows[i].names[key.value_count], rows[i].values[key.value_count]};
			key.value_count++;
		}
		(void)snprintf(config, sizeof(config), "{\"defaults\": {%s}}", rows[i].rules);
		settings = settings_of(config);
		policy.settings = &settings;
		memset(&endpoint, 0x55, sizeof(endpoint));
		swk_rules_find(&rules, &settings.defaults, &settings.services, "web");
		swk_endpoint_of_key(&endpoint, &policy, &rules, &key, rows[i].address, &report);
		unit_same(rows[i].row, show(&endpoint), rows[i].desired);
		unit_same(rows[i].row, notes(&report), rows[i].noted ? rows[i].noted : "");
		swk_report_free(&report);
		swk_settings_free(&settings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(loopback),
		cmocka_unit_test(ports),
		cmocka_unit_test(tagged_addresses),
		cmocka_unit_test(attributes),
		cmocka_unit_test(health),
		cmocka_unit_test(words_of_health),
		cmocka_unit_test(connect_native),
		cmocka_unit_test(keys),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
