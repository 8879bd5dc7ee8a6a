/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "settings/config.h"
#include "settings/config_line.h"
#include "target/dyups/dyups.h"

static struct swk_settings defaults(void)
{
	struct swk_settings settings;
	struct swk_error error = {0};

	assert_int_equal(swk_settings_init(&settings, &error), 0);
	return settings;
}

/* Parses a text in memory of its exact length. It must be accepted. */
static struct swk_settings parsed(const char *text)
{
	struct swk_settings settings = defaults();
	struct swk_error error = {0};
	char *copy = malloc(strlen(text) + 1);

	assert_non_null(copy);
	memcpy(copy + 1, text, strlen(text));
	if (swk_config_parse(&settings, "FILE", copy + 1, strlen(text), &error))
		fail_msg("%s: %s", text, error.text);
	free(copy);
	return settings;
}

/* The message with which a text of this length is refused; "" if it is accepted. */
static const char *refusal(const char *text, size_t length)
{
	static char message[SWK_TEXT_MAX];
	struct swk_settings settings = defaults();
	struct swk_error error = {0};
	char *copy = malloc(length + 1);
	int status;

	assert_non_null(copy);
	memcpy(copy + 1, text, length);
	status = swk_config_parse(&settings, "FILE", copy + 1, length, &error);
	unit_number(text, status, error.status);
	if (status)
		unit_number(text, status, SWK_CONFIG);
	(void)snprintf(message, sizeof(message), "%s", error.text);
	free(copy);
	swk_settings_free(&settings);
	return message;
}

/* ---- accepted values ---- */

/* Every key at once, each with a value that is not its default. */
static const char everything[] =
	"{\"conf\": \"/c\", \"timeout\": \"2m\", \"read_interval\": 3, \"min_services\": 4,"
	"\"max_deletions\": 5, \"include\": [\"a\", \"b*\"], \"exclude\": [\"c\"],"
	"\"require_tag\": \"public\", \"keyprefix\": \"a/b\","
	"\"targets\": [{\"url\": \"http://a:1\", \"name\": \"edge\", \"kind\": \"dyups\","
	"  \"timeout\": 6}, {\"url\": \"http://u\"}],"
	"\"consul\": {\"address\": \"unix:///run/c\", \"datacenter\": \"dc2\","
	"  \"token_file\": \"/t\", \"ca_file\": \"/ca\", \"ca_path\": \"/cas\","
	"  \"cert_file\": \"/cert\", \"key_file\": \"/key\", \"server_name\": \"s\","
	"  \"stale\": true, \"cached\": true, \"namespace\": \"n\","
	"  \"partition\": \"p\","
	"  \"node\": \"edge-1\"},"
	"\"routing\": [{\"tag\": \"zone\", \"default\": \"blue\", \"separator\": \"--\","
	"  \"also_plain\": true}, {\"tag\": \"x\"}],"
	"\"attributes\": {\"meta_prefix\": \"m_\", \"tag_prefix\": \"t:\","
	"  \"allow\": [\"max_fails\", \"max_conns\", \"max_fails\"],"
	"  \"max\": {\"weight\": 7, \"max_fails\": 8, \"fail_timeout\": \"9m\","
	"    \"max_conns\": 10}},"
	"\"defaults\": {\"max_fails\": 11, \"fail_timeout\": \"12s\", \"max_conns\": 13,"
	"  \"keepalive\": 14, \"keepalive_timeout\": \"1h\", \"keepalive_requests\": 16,"
	"  \"balance\": \"random two\", \"port\": 17, \"address\": \"lan\","
	"  \"allow_hostnames\": true, \"connect_native\": true, \"require_check\": true, "
	"\"warning\": \"weight\","
	"  \"critical\": \"down\", \"maintenance\": \"down\", \"empty\": \"delete\","
	"  \"min_healthy\": \"18%\", \"weights\": false, \"shares\": {}},"
	"\"services\": {\"*\": {\"keepalive\": 19}, \"web\": {\"upstream\": \"shop\"}}}";

static void everything_is_read(void **state)
{
	struct swk_settings settings = parsed(everything);
	const struct swk_rules *rules = &settings.defaults;

	(void)state;
	assert_string_equal(settings.conf, "/c");
	assert_int_equal(settings.timeout, 120);
	assert_int_equal(settings.read_interval, 3);
	assert_int_equal(settings.min_services, 4);
	assert_int_equal(settings.max_deletions, 5);
	assert_int_equal(settings.selection.include.count, 2);
	assert_string_equal(settings.selection.include.list[1], "b*");
	assert_int_equal(settings.selection.exclude.count, 1);
	assert_string_equal(settings.selection.exclude.list[0], "c");
	assert_string_equal(settings.require_tag, "public");
	assert_string_equal(settings.keyprefix, "a/b");

	assert_int_equal(settings.target_count, 2);
	assert_string_equal(((struct swk_dyups_settings *)settings.targets[0].own)->url,
			    "http://a:1");
	assert_string_equal(swk_target_settings_name(&settings.targets[0]), "edge");
	assert_int_equal(settings.targets[0].timeout, 6);
	assert_string_equal(settings.targets[0].where, "FILE:1: targets[0].url");
	assert_int_equal(settings.targets[0].wrong, SWK_CONFIG);
	assert_string_equal(swk_target_settings_name(&settings.targets[1]), "http://u");
	assert_null(settings.targets[1].name);
	assert_int_equal(settings.targets[1].timeout, 0);
	assert_string_equal(settings.targets[1].where, "FILE:1: targets[1].url");

	assert_string_equal(settings.consul.address, "unix:///run/c");
	assert_string_equal(settings.consul.datacenter, "dc2");
	assert_string_equal(settings.consul.token_file, "/t");
	assert_null(settings.token_file);
	assert_string_equal(settings.consul.ca_file, "/ca");
	assert_string_equal(settings.consul.ca_path, "/cas");
	assert_string_equal(settings.consul.cert_file, "/cert");
	assert_string_equal(settings.consul.key_file, "/key");
	assert_string_equal(settings.consul.server_name, "s");
	assert_true(settings.consul.stale);
	assert_true(settings.consul.cached);
	assert_string_equal(settings.consul.namespace, "n");
	assert_string_equal(settings.consul.partition, "p");
	assert_string_equal(settings.consul.node, "edge-1");

	assert_int_equal(settings.route_count, 2);
	assert_string_equal(settings.routes[0].tag, "zone");
	assert_string_equal(settings.routes[0].plain, "blue");
	assert_string_equal(settings.routes[0].separator, "--");
	assert_true(settings.routes[0].also_plain);
	assert_string_equal(settings.routes[1].tag, "x");
	assert_string_equal(settings.routes[1].plain, "default");
	assert_string_equal(settings.routes[1].separator, "_");
	assert_false(settings.routes[1].also_plain);

	assert_string_equal(settings.attributes.meta_prefix, "m_");
	assert_string_equal(settings.attributes.tag_prefix, "t:");
	for (size_t i = 0; i < SWK_ATTRIBUTES; i++)
		unit_number(swk_attribute_words[i], settings.attributes.allow[i],
			    i == SWK_ATTRIBUTE_MAX_FAILS || i == SWK_ATTRIBUTE_MAX_CONNS);
	assert_int_equal(settings.attributes.max_weight, 7);
	assert_int_equal(settings.attributes.max_max_fails, 8);
	assert_int_equal(settings.attributes.max_fail_timeout, 540);
	assert_int_equal(settings.attributes.max_max_conns, 10);

	assert_int_equal(rules->max_fails, 11);
	assert_int_equal(rules->fail_timeout, 12);
	assert_int_equal(rules->max_conns, 13);
	assert_int_equal(rules->keepalive, 14);
	assert_int_equal(rules->keepalive_timeout, 3600);
	assert_int_equal(rules->keepalive_requests, 16);
	assert_int_equal(rules->balance, SWK_RANDOM_TWO);
	assert_null(rules->upstream);
	assert_string_equal(rules->port, "17");
	assert_string_equal(rules->address, "lan");
	assert_true(rules->allow_hostnames);
	assert_true(rules->connect_native);
	assert_true(rules->require_check);
	assert_int_equal(rules->warning, SWK_WARNING_WEIGHT);
	assert_int_equal(rules->critical, SWK_UNHEALTHY_DOWN);
	assert_int_equal(rules->maintenance, SWK_UNHEALTHY_DOWN);
	assert_int_equal(rules->empty, SWK_EMPTY_DELETE);
	assert_int_equal(rules->min_healthy.number, 18);
	assert_true(rules->min_healthy.percent);
	assert_false(rules->weights);

	assert_int_equal(settings.services.count, 2);
	assert_string_equal(settings.services.list[0].pattern, "*");
	assert_int_equal(settings.services.list[0].rules.keepalive, 19);
	assert_string_equal(settings.services.list[1].rules.upstream, "shop");
	swk_settings_free(&settings);
}

static void empty_objects(void **state)
{
	static const char *const texts[] = {
		"{}",
		" \n{ }\n",
		"{\"consul\": {}, \"attributes\": {}, \"defaults\": {}, \"services\": {}}",
		"{\"attributes\": {\"max\": {}}, \"include\": [], \"services\": {\"web\": {}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct swk_settings settings = parsed(texts[i]);

		unit_same(texts[i], settings.conf, "/etc/nginx/conf.d/dyups.upstream.conf");
		unit_number(texts[i], settings.timeout, 30);
		unit_number(texts[i], settings.read_interval, 1);
		unit_number(texts[i], settings.min_services, 0);
		unit_number(texts[i], settings.max_deletions, 50);
		unit_number(texts[i], (long long)settings.target_count, 1);
		unit_same(texts[i], swk_target_settings_name(&settings.targets[0]),
			  "http://127.0.0.1:18882");
		unit_number(texts[i], (long long)settings.route_count, 1);
		unit_same(texts[i], settings.routes[0].tag, "gray");
		unit_same(texts[i], settings.routes[0].plain, "default");
		unit_same(texts[i], settings.routes[0].separator, "_");
		unit_number(texts[i], settings.routes[0].also_plain, false);
		unit_number(texts[i], (long long)settings.selection.include.count, 0);
		unit_same(texts[i], settings.require_tag, NULL);
		unit_same(texts[i], settings.keyprefix, NULL);
		unit_same(texts[i], settings.consul.address, NULL);
		unit_number(texts[i], settings.consul.stale, false);
		unit_same(texts[i], settings.attributes.meta_prefix, "nginx_");
		unit_same(texts[i], settings.attributes.tag_prefix, "nginx:");
		for (size_t j = 0; j < SWK_ATTRIBUTES; j++)
			unit_number(texts[i], settings.attributes.allow[j],
				    j == SWK_ATTRIBUTE_WEIGHT || j == SWK_ATTRIBUTE_BACKUP ||
					    j == SWK_ATTRIBUTE_DOWN);
		unit_number(texts[i], settings.attributes.max_weight, 1000);
		unit_number(texts[i], settings.attributes.max_max_fails, 100);
		unit_number(texts[i], settings.attributes.max_fail_timeout, 60);
		unit_number(texts[i], settings.attributes.max_max_conns, 100000);
		unit_number(texts[i], settings.defaults.max_fails, 3);
		swk_settings_free(&settings);
	}
}

/* A list in the file replaces the old one. */
static void lists_are_replaced(void **state)
{
	struct swk_settings settings = parsed("{\"routing\": [], \"attributes\": {\"allow\": []},"
					      "\"targets\": [\n{\n\"url\": \"http://x\"}]}");

	(void)state;
	assert_int_equal(settings.route_count, 0);
	assert_int_equal(settings.target_count, 1);
	assert_string_equal(swk_target_settings_name(&settings.targets[0]), "http://x");
	assert_string_equal(settings.targets[0].where, "FILE:3: targets[0].url");
	for (size_t i = 0; i < SWK_ATTRIBUTES; i++)
		assert_false(settings.attributes.allow[i]);
	swk_settings_free(&settings);
}

/* ---- refused values ---- */

struct refused {
	const char *text, *message; /* "": accepted */
};

static void refuse(const struct refused *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		unit_same(rows[i].text, refusal(rows[i].text, strlen(rows[i].text)),
			  rows[i].message);
}

/* For every key, a value of each type where it needs another. */
static void wrong_types(void **state)
{
	static const char *const values[] = {"null", "true", "1", "1.5", "\"x\"", "[]", "{}"};
	enum { NIL = 1, BOOL = 2, INT = 4, REAL = 8, STRING = 16, ARRAY = 32, OBJECT = 64 };
	static const char flag[] = "true or false", text[] = "a string",
			  number[] = "a whole number",
			  seconds[] = "a whole number of seconds, or a string such as \"2s\"",
			  share[] = "a whole number, or a string such as \"50%\"",
			  port[] = "a whole number, or the name of a port", object[] = "an object",
			  strings[] = "an array of strings",
			  colours[] = "an object such as {\"canary\": 5, \"\": 95}";
	static const struct {
		const char *key, *before, *behind;
		const char *desired;
		int right; /* the types that the key may have, whether the value is valid or not */
	} rows[] = {
		{"conf", "", "", text, STRING},
		{"timeout", "", "", seconds, INT | STRING},
		{"read_interval", "", "", seconds, INT | STRING},
		{"min_services", "", "", number, INT},
		{"max_deletions", "", "", number, INT},
		{"require_tag", "", "", text, STRING},
		{"keyprefix", "", "", text, STRING},
		{"include", "", "", strings, ARRAY},
		{"exclude", "", "", strings, ARRAY},
		{"include[1]", "{\"include\": [\"a\", ", "]}", "a string that is not empty",
		 STRING},
		{"exclude[0]", "{\"exclude\": [", "]}", "a string that is not empty", STRING},
		{"targets", "", "", "an array of 1 to 64 objects", 0},
		{"targets[0]", "{\"targets\": [", "]}", object, OBJECT},
		{"targets[0].url", "{\"targets\": [{\"url\": ", "}]}", text, STRING},
		{"targets[0].name", "{\"targets\": [{\"name\": ", "}]}", text, STRING},
		{"targets[0].kind", "{\"targets\": [{\"kind\": ", "}]}", text, STRING},
		{"targets[0].command",
		 "{\"targets\": [{\"kind\": \"command\", \"command\": ", "}]}", strings, ARRAY},
		{"targets[0].command[1]",
		 "{\"targets\": [{\"kind\": \"command\", \"command\": [\"/x\", ", "]}]}", text,
		 STRING},
		{"targets[0].timeout", "{\"targets\": [{\"timeout\": ", "}]}", seconds,
		 INT | STRING},
		{"consul", "", "", object, OBJECT},
		{"consul.address", "{\"consul\": {\"address\": ", "}}", text, STRING},
		{"consul.datacenter", "{\"consul\": {\"datacenter\": ", "}}", text, STRING},
		{"consul.token_file", "{\"consul\": {\"token_file\": ", "}}", text, STRING},
		{"consul.ca_file", "{\"consul\": {\"ca_file\": ", "}}", text, STRING},
		{"consul.ca_path", "{\"consul\": {\"ca_path\": ", "}}", text, STRING},
		{"consul.cert_file", "{\"consul\": {\"cert_file\": ", "}}", text, STRING},
		{"consul.key_file", "{\"consul\": {\"key_file\": ", "}}", text, STRING},
		{"consul.server_name", "{\"consul\": {\"server_name\": ", "}}", text, STRING},
		{"consul.stale", "{\"consul\": {\"stale\": ", "}}", flag, BOOL},
		{"consul.cached", "{\"consul\": {\"cached\": ", "}}", flag, BOOL},
		{"consul.namespace", "{\"consul\": {\"namespace\": ", "}}", text, STRING},
		{"consul.partition", "{\"consul\": {\"partition\": ", "}}", text, STRING},
		{"routing", "", "", "an array of up to 8 objects", ARRAY},
		{"routing[0]", "{\"routing\": [", "]}", object, OBJECT},
		{"routing[0].tag", "{\"routing\": [{\"tag\": ", "}]}", text, STRING},
		{"routing[0].default", "{\"routing\": [{\"default\": ", "}]}", text, STRING},
		{"routing[0].separator", "{\"routing\": [{\"separator\": ", "}]}", text, STRING},
		{"routing[0].also_plain", "{\"routing\": [{\"also_plain\": ", "}]}", flag, BOOL},
		{"attributes", "", "", object, OBJECT},
		{"attributes.meta_prefix", "{\"attributes\": {\"meta_prefix\": ", "}}", text,
		 STRING},
		{"attributes.tag_prefix", "{\"attributes\": {\"tag_prefix\": ", "}}", text, STRING},
		{"attributes.allow", "{\"attributes\": {\"allow\": ", "}}", strings, ARRAY},
		{"attributes.allow[0]", "{\"attributes\": {\"allow\": [", "]}}", text, STRING},
		{"attributes.max", "{\"attributes\": {\"max\": ", "}}", object, OBJECT},
		{"attributes.max.weight", "{\"attributes\": {\"max\": {\"weight\": ", "}}}", number,
		 INT},
		{"attributes.max.max_fails", "{\"attributes\": {\"max\": {\"max_fails\": ", "}}}",
		 number, INT},
		{"attributes.max.fail_timeout",
		 "{\"attributes\": {\"max\": {\"fail_timeout\": ", "}}}", seconds, INT | STRING},
		{"attributes.max.max_conns", "{\"attributes\": {\"max\": {\"max_conns\": ", "}}}",
		 number, INT},
		{"defaults", "", "", object, OBJECT},
		{"services", "", "", object, OBJECT},
		{"services.web", "{\"services\": {\"web\": ", "}}", object, OBJECT},
		{"max_fails", NULL, "", number, INT},
		{"fail_timeout", NULL, "", seconds, INT | STRING},
		{"max_conns", NULL, "", number, INT},
		{"keepalive", NULL, "", number, INT},
		{"keepalive_timeout", NULL, "", seconds, INT | STRING},
		{"keepalive_requests", NULL, "", number, INT},
		{"balance", NULL, "", text, STRING},
		{"port", NULL, "", port, INT | STRING},
		{"address", NULL, "", text, STRING},
		{"allow_hostnames", NULL, "", flag, BOOL},
		{"connect_native", NULL, "", flag, BOOL},
		{"require_check", NULL, "", flag, BOOL},
		{"warning", NULL, "", text, STRING},
		{"critical", NULL, "", text, STRING},
		{"maintenance", NULL, "", text, STRING},
		{"empty", NULL, "", text, STRING},
		{"min_healthy", NULL, "", share, INT | STRING},
		{"weights", NULL, "", flag, BOOL},
		{"shares", NULL, "", colours, OBJECT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t j = 0; j < COUNT(values); j++) {
			/* Keys of rules have two places. */
			for (size_t k = 0; k < (rows[i].before ? 1 : 2); k++) {
				char config[256], desired[256];

				if (rows[i].right & 1 << j)
					continue;
				if (!rows[i].before)
					(void)snprintf(config, sizeof(config), "{%s{\"%s\": %s}}%s",
						       k ? "\"services\": {\"w\": "
							 : "\"defaults\": ",
						       rows[i].key, values[j], k ? "}" : "");
				else if (!*rows[i].before)
					(void)snprintf(config, sizeof(config), "{\"%s\": %s}",
						       rows[i].key, values[j]);
				else
					(void)snprintf(config, sizeof(config), "%s%s%s",
						       rows[i].before, values[j], rows[i].behind);
				(void)snprintf(desired, sizeof(desired),
					       "FILE:1: %s%s: this must be %s",
					       rows[i].before ? ""
					       : k	      ? "services.w."
							      : "defaults.",
					       rows[i].key, rows[i].desired);
				unit_same(config, refusal(config, strlen(config)), desired);
			}
		}
	}
}

/* Unknown keys, in every object. */
static void unknown_keys(void **state)
{
	static const struct refused rows[] = {
		{"{\"x\": 1}", "FILE:1: x: there is no such key"},
		{"{\"Conf\": \"/c\"}", "FILE:1: Conf: there is no such key; did you mean conf?"},
		{"{\"\": 1}", "FILE:1: : there is no such key"},
		{"{\"read-interval\": 1}",
		 "FILE:1: read-interval: there is no such key; did you mean read_interval?"},
		{"{\"max_fails\": 1}",
		 "FILE:1: max_fails: there is no such key; did you mean defaults.max_fails?"},
		{"{\"url\": \"x\"}", "FILE:1: url: there is no such key"},
		/* settings of a single run */
		{"{\"force\": true}", "FILE:1: force: there is no such key"},
		{"{\"verify\": true}", "FILE:1: verify: there is no such key"},
		{"{\"dyups\": \"http://a\"}", "FILE:1: dyups: there is no such key"},
		{"{\"token_file\": \"/t\"}", "FILE:1: token_file: there is no such key"},
		{"{\"service\": \"web\"}",
		 "FILE:1: service: there is no such key; did you mean services?"},
		{"{\"targets\": [{\"url\": \"http://x\", \"y\": 1}]}",
		 "FILE:1: targets[0].y: there is no such key"},
		{"{\"targets\": [{\"url\": \"http://x\"}, {\"where\": \"x\"}]}",
		 "FILE:1: targets[1].where: there is no such key"},
		{"{\"consul\": {\"token\": \"x\"}}", "FILE:1: consul.token: there is no such key"},
		{"{\"consul\": {\"token-file\": \"x\"}}",
		 "FILE:1: consul.token-file: there is no such key; did you mean token_file?"},
		{"{\"routing\": [{\"tag\": \"a\", \"plain\": \"x\"}]}",
		 "FILE:1: routing[0].plain: there is no such key"},
		{"{\"attributes\": {\"weight\": 1}}",
		 "FILE:1: attributes.weight: there is no such key"},
		{"{\"attributes\": {\"max\": {\"backup\": 1}}}",
		 "FILE:1: attributes.max.backup: there is no such key"},
		{"{\"attributes\": {\"max\": {\"allow\": []}}}",
		 "FILE:1: attributes.max.allow: there is no such key"},
		{"{\"defaults\": {\"weight\": 1}}",
		 "FILE:1: defaults.weight: there is no such key; did you mean weights?"},
		{"{\"defaults\": {\"max-fails\": 1}}",
		 "FILE:1: defaults.max-fails: there is no such key; did you mean max_fails?"},
		{"{\"services\": {\"web\": {\"tag\": 1}}}",
		 "FILE:1: services.web.tag: there is no such key"},
		{"{\"services\": {\"web\": {\"web\": {}}}}",
		 "FILE:1: services.web.web: there is no such key"},
		{"{\"defaults\": {\"upstream\": \"x\"}}",
		 "FILE:1: defaults.upstream: it can only be set under services"},
		{"{\"defaults\": {\"upstream\": null}}",
		 "FILE:1: defaults.upstream: it can only be set under services"},
		{"{\"services\": {\"\": {}}}", "FILE:1: services.: a service needs a name"},
	};

	(void)state;
	refuse(rows, COUNT(rows));
}

/* The first and last value of each number, and those beyond. */
static void ranges(void **state)
{
	static const struct {
		const char *before, *key, *behind;
		long long least, most;
		bool seconds;
	} rows[] = {
		{"{", "timeout", "}", 1, 3600, true},
		{"{", "read_interval", "}", 0, 60, true},
		{"{", "min_services", "}", 0, 1000000, false},
		{"{", "max_deletions", "}", 0, 100, false},
		{"{\"targets\": [{\"url\": \"http://x\", ", "timeout", "}]}", 1, 3600, true},
		{"{\"attributes\": {\"max\": {", "weight", "}}}", 1, 65535, false},
		{"{\"attributes\": {\"max\": {", "max_fails", "}}}", 0, 1000000, false},
		{"{\"attributes\": {\"max\": {", "fail_timeout", "}}}", 0, 86400, true},
		{"{\"attributes\": {\"max\": {", "max_conns", "}}}", 0, 999999999, false},
		{"{\"defaults\": {", "max_fails", "}}", 0, 1000000, false},
		{"{\"defaults\": {", "fail_timeout", "}}", 0, 86400, true},
		{"{\"defaults\": {", "max_conns", "}}", 0, 999999999, false},
		{"{\"defaults\": {", "keepalive", "}}", 0, 65535, false},
		{"{\"defaults\": {", "keepalive_timeout", "}}", 0, 86400, true},
		{"{\"defaults\": {", "keepalive_requests", "}}", 0, 1000000000, false},
		{"{\"defaults\": {", "port", "}}", 1, 65535, false},
		{"{\"defaults\": {", "min_healthy", "}}", 0, 1000000, false},
		{"{\"services\": {\"web\": {", "keepalive", "}}}", 0, 65535, false},
		{"{\"services\": {\"web\": {", "port", "}}}", 1, 65535, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const long long values[] = {rows[i].least,    rows[i].most,  rows[i].least - 1,
					    rows[i].most + 1, -4294967295LL, 4294967297LL,
					    INT64_MAX,	      INT64_MIN};

		for (size_t j = 0; j < COUNT(values); j++) {
			char config[256], desired[256];
			const char *message;

			(void)snprintf(config, sizeof(config), "%s\"%s\": %lld%s", rows[i].before,
				       rows[i].key, values[j], rows[i].behind);
			message = refusal(config, strlen(config));
			if (j < 2) {
				unit_same(config, message, "");
				continue;
			}
			(void)snprintf(
				desired, sizeof(desired),
				"%s: '%lld' is not a %s from %lld to %lld", rows[i].key, values[j],
				rows[i].seconds ? "time in seconds (or with the unit s, m, h or d)"
						: "number",
				rows[i].least, rows[i].most);
			unit_says(config, message, "FILE:1: ");
			unit_says(config, message, desired);
		}
	}
}

static void impossible_values(void **state)
{
	static const struct refused rows[] = {
		{"{\"conf\": \"\"}", "FILE:1: conf: it is empty"},
		{"{\"require_tag\": \"\"}", "FILE:1: require_tag: it is empty"},
		{"{\"keyprefix\": \"\"}", "FILE:1: keyprefix: it is empty"},
#define PREFIX(text)                                                                               \
	{"{\"keyprefix\": \"" text "\"}",                                                          \
	 "FILE:1: keyprefix: '" text                                                               \
	 "' is not a key prefix without a slash at either end, and not 'swk' or below it"}
		PREFIX("/a"),
		PREFIX("a/"),
		PREFIX("/"),
		/* the fleet's own keys */
		PREFIX("swk"),
		PREFIX("swk/requests"),
		PREFIX("swk/other"),
		{"{\"keyprefix\": \"a\"}", ""},
		{"{\"keyprefix\": \"swks\"}", ""},
		{"{\"keyprefix\": \"a/swk\"}", ""},
		{"{\"timeout\": \"1d\"}", "FILE:1: timeout: '1d' is not a time in seconds (or with "
					  "the unit s, m, h or d) from 1 to 3600"},
		{"{\"timeout\": \"\"}", "FILE:1: timeout: this must be a whole number of seconds, "
					"or a string such as \"2s\""},
		{"{\"timeout\": \"5\"}", "FILE:1: timeout: this must be a whole number of seconds, "
					 "or a string such as \"2s\""},
		{"{\"defaults\": {\"min_healthy\": \"5\"}}",
		 "FILE:1: defaults.min_healthy: this must be a whole number, or a string such as "
		 "\"50%\""},
		{"{\"include\": [\"\"]}",
		 "FILE:1: include[0]: this must be a string that is not empty"},
		/* targets */
		{"{\"targets\": [{}]}", "FILE:1: targets[0]: it needs a url"},
		{"{\"targets\": [{\"url\": \"http://x\"}, {\"name\": \"a\"}]}",
		 "FILE:1: targets[1]: it needs a url"},
		{"{\"targets\": [{\"url\": \"\"}]}", "FILE:1: targets[0].url: it is empty"},
		{"{\"targets\": [{\"name\": \"a b\"}]}",
		 "FILE:1: targets[0].name: 'a b' is not a name (letters, digits, '.', '_', '-')"},
		{"{\"targets\": [{\"kind\": \"upsync\"}]}",
		 "FILE:1: targets[0].kind: 'upsync' is not dyups, command, file, haproxy or "
		 "dynamic"},
		{"{\"targets\": [{\"kind\": \"command\"}]}",
		 "FILE:1: targets[0]: it needs a command"},
		{"{\"targets\": [{\"command\": [\"/x\"], \"kind\": \"command\"}]}",
		 "FILE:1: targets[0]: it needs a name"},
		{"{\"targets\": [{\"name\": \"a\", \"kind\": \"command\", \"command\": []}]}",
		 "FILE:1: targets[0]: it needs a command"},
		{"{\"targets\": [{\"name\": \"a\", \"kind\": \"command\", \"command\": [\"x\", "
		 "\"/x\"]}]}",
		 "FILE:1: targets[0].command: the first string must be the absolute path of a "
		 "program"},
		{"{\"targets\": [{\"name\": \"a\", \"kind\": \"command\", \"command\": [\"\"]}]}",
		 "FILE:1: targets[0].command: the first string must be the absolute path of a "
		 "program"},
		{"{\"targets\": [{\"name\": \"a\", \"kind\": \"command\", \"command\": [\"/x\", "
		 "\"\", "
		 "\"-a b\"]}]}",
		 ""},
		{"{\"targets\": [{\"name\": \"a\", \"kind\": \"command\", \"command\": [\"/x\"], "
		 "\"url\": \"http://x\"}]}",
		 "FILE:1: targets[0].url: a target of this kind has no such key"},
		{"{\"targets\": [{\"url\": \"http://x\", \"command\": [\"/x\"]}]}",
		 "FILE:1: targets[0].command: a target of this kind has no such key"},
		{"{\"targets\": [{\"name\": \"a\", \"kind\": \"command\", \"command\": [\"/x\"]}, "
		 "{\"url\": \"http://x\", \"name\": \"a\"}]}",
		 "FILE:1: targets[1]: another target has the same name or URL"},
		{"{\"targets\": [{\"url\": \"http://x\", \"name\": \"a\"}, {\"url\": "
		 "\"http://y\"}, "
		 "{\"url\": \"http://z\", \"name\": \"a\"}]}",
		 "FILE:1: targets[2]: another target has the same name or URL"},
		{"{\"targets\": [{\"url\": \"http://x\", \"name\": \"a\"}, {\"url\": \"http://x\", "
		 "\"name\": \"A\"}]}",
		 ""},
		{"{\"targets\": [{\"url\": \"http://x\"}, {\"url\": \"http://x\"}]}",
		 "FILE:1: targets[1]: another target has the same name or URL"},
		/* consul */
		{"{\"consul\": {\"address\": \"ftp://a\"}}",
		 "FILE:1: consul.address: 'ftp://a' is not HOST:PORT, an http or https URL, or "
		 "unix://PATH"},
		{"{\"consul\": {\"address\": \"HTTP://user:secret@h\"}}",
		 "FILE:1: consul.address: it is not HOST:PORT, an http or https URL, or "
		 "unix://PATH"},
		{"{\"consul\": {\"address\": \"http://\"}}",
		 "FILE:1: consul.address: 'http://' is not HOST:PORT, an http or https URL, or "
		 "unix://PATH"},
		{"{\"consul\": {\"address\": \"unix://\"}}",
		 "FILE:1: consul.address: 'unix://' is not HOST:PORT, an http or https URL, or "
		 "unix://PATH"},
		{"{\"consul\": {\"address\": \"xhttp://a\"}}",
		 "FILE:1: consul.address: 'xhttp://a' is not HOST:PORT, an http or https URL, or "
		 "unix://PATH"},
		{"{\"consul\": {\"address\": \"http://a\"}}", ""},
		{"{\"consul\": {\"address\": \"https://a:1/x\"}}", ""},
		{"{\"consul\": {\"address\": \"unix:///run/x\"}}", ""},
		{"{\"consul\": {\"address\": \"a:1\"}}", ""},
		{"{\"consul\": {\"ca_file\": \"\"}}", "FILE:1: consul.ca_file: it is empty"},
		/* routing */
		{"{\"routing\": [{}]}", "FILE:1: routing[0]: it needs a tag"},
		{"{\"routing\": [{\"tag\": \"a=b\"}]}",
		 "FILE:1: routing[0].tag: 'a=b' is not the name of a tag (letters, digits, '.', "
		 "'_', '-')"},
		{"{\"routing\": [{\"tag\": \"\"}]}", "FILE:1: routing[0].tag: it is empty"},
		{"{\"routing\": [{\"tag\": \"-a\"}]}", ""},
		{"{\"routing\": [{\"tag\": \"a\"}, {\"tag\": \"b\"}, {\"tag\": \"a\"}]}",
		 "FILE:1: routing[2]: another entry of routing has the same tag"},
		{"{\"routing\": [{\"tag\": \"a\"}, {\"tag\": \"A\"}]}", ""},
		{"{\"routing\": [{\"tag\": \"a\", \"default\": \"x y\"}]}",
		 "FILE:1: routing[0].default: 'x y' is not the value of a tag (letters, digits, "
		 "'.', '_', '-')"},
		{"{\"routing\": [{\"tag\": \"a\", \"default\": \"\"}]}",
		 "FILE:1: routing[0].default: it is empty"},
		{"{\"routing\": [{\"tag\": \"a\", \"separator\": \"\"}]}",
		 "FILE:1: routing[0].separator: it is empty"},
		{"{\"routing\": [{\"tag\": \"a\", \"separator\": \"/\"}]}",
		 "FILE:1: routing[0].separator: '/' is not a separator (up to 8 letters, digits, "
		 "'.', '_', '-')"},
		{"{\"routing\": [{\"tag\": \"a\", \"separator\": \"12345678\"}]}", ""},
		{"{\"routing\": [{\"tag\": \"a\", \"separator\": \"123456789\"}]}",
		 "FILE:1: routing[0].separator: '123456789' is not a separator (up to 8 letters, "
		 "digits, '.', '_', '-')"},
		/* attributes */
		{"{\"attributes\": {\"allow\": [\"weight\", \"slow_start\"]}}",
		 "FILE:1: attributes.allow[1]: 'slow_start' is not weight, max_fails, "
		 "fail_timeout, max_conns, backup or down"},
		{"{\"attributes\": {\"meta_prefix\": \"\"}}",
		 "FILE:1: attributes.meta_prefix: it is empty"},
		/* rules */
		{"{\"defaults\": {\"balance\": \"random\"}}",
		 "FILE:1: defaults.balance: 'random' is not round_robin, least_conn, ip_hash or "
		 "random two"},
		{"{\"defaults\": {\"warning\": \"down\"}}",
		 "FILE:1: defaults.warning: 'down' is not exclude, include or weight"},
		{"{\"defaults\": {\"critical\": \"keep\"}}",
		 "FILE:1: defaults.critical: 'keep' is not exclude or down"},
		{"{\"defaults\": {\"maintenance\": \"include\"}}",
		 "FILE:1: defaults.maintenance: 'include' is not exclude or down"},
		{"{\"defaults\": {\"empty\": \"exclude\"}}",
		 "FILE:1: defaults.empty: 'exclude' is not keep, down or delete"},
		{"{\"defaults\": {\"min_healthy\": \"101%\"}}",
		 "FILE:1: defaults.min_healthy: '101%' is not a number from 0 to 100"},
		{"{\"defaults\": {\"min_healthy\": \"100%\"}}", ""},
		{"{\"defaults\": {\"address\": \"\"}}", "FILE:1: defaults.address: it is empty"},
		{"{\"services\": {\"web\": {\"upstream\": \"we b\"}}}",
		 "FILE:1: services.web.upstream: 'we b' is not the name of an upstream (letters, "
		 "digits, '.', '_', '-')"},
		{"{\"services\": {\"a\": {}, \"api-*\": {\"port\": 0}}}",
		 "FILE:1: services.api-*.port: '0' is not a number from 1 to 65535"},
		{"{\"defaults\": {\"port\": \"80\"}}",
		 "FILE:1: defaults.port: this must be a whole number, or the name of a port"},
		{"{\"defaults\": {\"port\": \"\"}}",
		 "FILE:1: defaults.port: this must be a whole number, or the name of a port"},
		{"{\"defaults\": {\"port\": \"http\"}}", ""},
		{"{\"defaults\": {\"port\": \"80-tls\"}}", ""},
	};

	(void)state;
	refuse(rows, COUNT(rows));
}

/* ---- shares ---- */

static void refused_shares(void **state)
{
	static const struct refused rows[] = {
		{"{\"defaults\": {\"shares\": {\"canary\": 5, \"\": 95}}}", ""},
		{"{\"defaults\": {\"shares\": {\"canary\": 0, \"\": 100}}}", ""},
		{"{\"defaults\": {\"shares\": {\"a\": 100}}}", ""},
		{"{\"defaults\": {\"shares\": {}}}", ""},
		{"{\"services\": {\"web\": {\"shares\": {\"a\": 50, \"b\": 50}}}}", ""},
		{"{\"defaults\": {\"shares\": [5, 95]}}",
		 "FILE:1: defaults.shares: this must be an object such as {\"canary\": 5, \"\": "
		 "95}"},
		{"{\"defaults\": {\"shares\":\n{\"canary\": 5,\n\"\": 90}}}",
		 "FILE:1: defaults.shares: these percentages are 95 together, not 100; did you "
		 "mean "
		 "\"\": 95?"},
		{"{\"services\":\n{\"web\": {\n\"shares\": {\"a\": 5}}}}",
		 "FILE:3: services.web.shares: these percentages are 5 together, not 100; did you "
		 "mean \"\": 95?"},
		{"{\"defaults\": {\"shares\": {\"a\": 60, \"\": 50}}}",
		 "FILE:1: defaults.shares: these percentages are 110 together, not 100; did you "
		 "mean "
		 "\"\": 40?"},
		{"{\"defaults\": {\"shares\": {\"a\": 60, \"b\": 50}}}",
		 "FILE:1: defaults.shares: these percentages are 110 together, not 100"},
		{"{\"defaults\": {\"shares\": {\"a\": 0}}}",
		 "FILE:1: defaults.shares: these percentages are 0 together, not 100; did you mean "
		 "\"\": 100?"},
		/* one fault is enough: the total is not judged */
		{"{\"defaults\": {\"shares\": {\n\"a\": 101, \"\": 5}}}",
		 "FILE:2: defaults.shares.a: '101' is not a number from 0 to 100"},
		{"{\"defaults\": {\"shares\": {\"a\": -5, \"\": 105}}}",
		 "FILE:1: defaults.shares.a: '-5' is not a number from 0 to 100"},
		{"{\"defaults\": {\"shares\": {\"a\": 5, \"\": \"95\"}}}",
		 "FILE:1: defaults.shares.: this must be a whole number from 0 to 100"},
		{"{\"defaults\": {\"shares\": {\"a\": 2.5, \"\": 95}}}",
		 "FILE:1: defaults.shares.a: this must be a whole number from 0 to 100"},
		{"{\"defaults\": {\"shares\": {\"a b\": 5, \"\": 95}}}",
		 "FILE:1: defaults.shares.a b: 'a b' is not a colour (letters, digits, '.', '_', "
		 "'-')"},
		{"{\"defaults\": {\"shares\": {\"a=b\": 5, \"\": 95}}}",
		 "FILE:1: defaults.shares.a=b: 'a=b' is not a colour (letters, digits, '.', '_', "
		 "'-')"},
		/* what means no colour */
		{"{\"defaults\": {\"shares\": {\"a\": 5,\n\"default\": 95}}}",
		 "FILE:2: defaults.shares.default: routing says that this value means no colour: "
		 "write \"\" instead"},
		{"{\"services\": {\"web\": {\"shares\": {\"blue\": 5, \"default\": 95}}},\n"
		 "\"routing\": [{\"tag\": \"g\", \"default\": \"blue\"}]}",
		 "FILE:1: services.web.shares.blue: routing says that this value means no colour: "
		 "write \"\" instead"},
		{"{\"defaults\": {\"shares\": {\"a\": 5, \"default\": 95}}, \"routing\": []}", ""},
		/* another balance */
		{"{\"defaults\": {\"balance\": \"least_conn\",\n\"shares\": {\"a\": 100}}}",
		 "FILE:2: defaults.shares: shares need the balance round_robin, but there is "
		 "another "
		 "one: set round_robin, or \"shares\": {}"},
		{"{\"services\": {\"web\": {\n\"shares\": {\"a\": 100}}},"
		 "\"defaults\": {\"balance\": \"ip_hash\"}}",
		 "FILE:2: services.web.shares: shares need the balance round_robin, but there is "
		 "another one: set round_robin, or \"shares\": {}"},
		{"{\"defaults\": {\"shares\": {\"a\": 100}},\n"
		 "\"services\": {\"w*\": {\n\"balance\": \"ip_hash\"}}}",
		 "FILE:3: services.w*.balance: shares need the balance round_robin, but there is "
		 "another one: set round_robin, or \"shares\": {}"},
		{"{\"defaults\": {\"balance\": \"ip_hash\"}, \"services\": {\"web\": "
		 "{\"shares\": {\"a\": 100}, \"balance\": \"round_robin\"}}}",
		 ""},
		{"{\"defaults\": {\"shares\": {\"a\": 100}}, \"services\": {\"web\": "
		 "{\"balance\": \"ip_hash\", \"shares\": {}}}}",
		 ""},
		{"{\"services\": {\"w*\": {\"balance\": \"ip_hash\"}, \"web\": "
		 "{\"shares\": {\"a\": 100}}}}",
		 "FILE:1: services.web.shares: shares need the balance round_robin, but there is "
		 "another one: set round_robin, or \"shares\": {}"},
	};

	(void)state;
	refuse(rows, COUNT(rows));
}

static void too_many_shares(void **state)
{
	char text[2048] = "{\"defaults\": {\"shares\": {\"\": 100";

	(void)state;
	for (size_t i = 1; i <= SWK_COLOURS_MAX; i++) {
		char closed[sizeof(text) + 4];

		(void)snprintf(closed, sizeof(closed), "%s}}}", text);
		unit_same(closed, refusal(closed, strlen(closed)), "");
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), ", \"c%zu\": 0",
			       i);
	}
	strncat(text, "}}}", 4);
	unit_same(text, refusal(text, strlen(text)),
		  "FILE:1: defaults.shares: this must be an object of up to 64 colours");
}

/* ---- texts that are not settings ---- */

static void not_settings(void **state)
{
	static const struct refused rows[] = {
		{"[]", "FILE:1: this must be an object"},
		{"\n\n[{}]", "FILE:1: this must be an object"},
		/* a key that is there twice: valid JSON, but not valid settings */
		{"{\"conf\": \"/c\",\n\"conf\": \"/c\"}",
		 "FILE:2: duplicate object key near '\"conf\"'"},
		{"{\"conf\": \"/c\",\n\"c\\u006fnf\": \"/d\"}",
		 "FILE:2: duplicate object key near '\"c\\u006fnf\"'"},
		{"{\"services\": {\"web\": {},\n\n\"web\": {}}}",
		 "FILE:3: duplicate object key near '\"web\"'"},
		/* jansson's message would quote it */
		{"{\"consul\": {\"address\" \n\"http://user:secret@h\"}}",
		 "FILE:2: this is not JSON: ':' expected"},
		{"{\"consul\": {\"address\": \"h\", \"server_name\": \"h\" "
		 "\"http://user:secret@h\"}}",
		 "FILE:1: this is not JSON: '}' expected"},
	};
	static const struct {
		const char *text, *begins;
	} broken[] = {
		{"", "FILE:1: this is not JSON: "},
		{"\n \n", "FILE:3: this is not JSON: "},
		{"conf = /c", "FILE:1: this is not JSON: "},
		{"5", "FILE:1: this is not JSON: "},
		{"\"x\"", "FILE:1: this is not JSON: "},
		{"null", "FILE:1: this is not JSON: "},
		{"{", "FILE:1: this is not JSON: "},
		{"{}}", "FILE:1: this is not JSON: "},
		{"{\n\"conf\": \"/c\",\n}", "FILE:3: this is not JSON: "},
		{"{\n// one\n}", "FILE:2: this is not JSON: "},
		{"{\n\"conf\": '/c'}", "FILE:2: this is not JSON: "},
		{"{\n\n\"conf\": \"/c\"\n\"timeout\": 1}", "FILE:4: this is not JSON: "},
		{"\xef\xbb\xbf{}", "FILE:1: this is not JSON: "},
		{"{\"conf\": \"\xff\"}", "FILE:1: this is not JSON: "},
		{"{\"conf\": \"\\u0000\"}", "FILE:1: this is not JSON: "},
		{"{\"timeout\": 99999999999999999999}", "FILE:1: this is not JSON: "},
		{"{\"timeout\":\n\n1,,}", "FILE:3: this is not JSON: "},
		{"{\"timeout\": 01}", "FILE:1: this is not JSON: "},
	};

	(void)state;
	refuse(rows, COUNT(rows));
	for (size_t i = 0; i < COUNT(broken); i++) {
		const char *message = refusal(broken[i].text, strlen(broken[i].text));

		if (strncmp(message, broken[i].begins, strlen(broken[i].begins)) != 0)
			fail_msg("%s: %s", broken[i].text, message);
	}
}

static void nul_anywhere(void **state)
{
	static const char text[] = "{\"conf\": \"/c\", \"min_services\": 1}";

	(void)state;
	for (size_t i = 0; i < strlen(text); i++) {
		char copy[sizeof(text)];

		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		unit_says("NUL", refusal(copy, strlen(text)),
			  "FILE:1: this is not JSON: it contains a NUL byte");
		/* A NUL between any two bytes. */
		memmove(copy + i + 1, text + i, strlen(text) - i);
		unit_says("NUL", refusal(copy, sizeof(text)),
			  "FILE:1: this is not JSON: it contains a NUL byte");
	}
}

static void cut_anywhere(void **state)
{
	(void)state;
	for (size_t length = 0; length < strlen(everything); length++)
		unit_says("cut", refusal(everything, length), "this is not JSON");
}

/* An array of `count` elements. */
static char *array_of(const char *before, const char *element, size_t count, const char *behind)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 100000);
	(void)swk_buffer_print(&out, &error, "%s", before);
	for (size_t i = 0; i < count; i++) {
		(void)swk_buffer_print(&out, &error, "%s", i ? ", " : "");
		(void)swk_buffer_print(&out, &error,
				       element[0] == '%' ? "{\"tag\": \"t%zu\"}"
							 : "{\"url\": \"http://u%zu\"}",
				       i);
	}
	(void)swk_buffer_print(&out, &error, "%s", behind);
	assert_int_equal(error.status, 0);
	return out.data;
}

static void arrays_at_their_limit(void **state)
{
	static const struct {
		const char *before, *element;
		size_t count;
		const char *message;
	} rows[] = {
		{"{\"targets\": [", "", 64, ""},
		{"{\"targets\": [", "", 65,
		 "FILE:1: targets: this must be an array of 1 to 64 objects"},
		{"{\"targets\": [", "", 0,
		 "FILE:1: targets: this must be an array of 1 to 64 objects"},
		{"{\"routing\": [", "%", 8, ""},
		{"{\"routing\": [", "%", 9,
		 "FILE:1: routing: this must be an array of up to 8 objects"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = array_of(rows[i].before, rows[i].element, rows[i].count, "]}");

		unit_same(text, refusal(text, strlen(text)), rows[i].message);
		free(text);
	}
}

/* ---- lines ---- */

static void lines(void **state)
{
	static const struct refused rows[] = {
		{"\n\n{\n\"x\"\n:\n1\n}", "FILE:4: x: there is no such key"},
		{"{\"conf\": \"/c\"\n,\n\n\"timeout\"\n:\n0}",
		 "FILE:4: timeout: '0' is not a time in seconds (or with the unit s, m, h or d) "
		 "from 1 to 3600"},
		{"{\r\n\"x\": 1\r\n}", "FILE:2: x: there is no such key"},
		{"{\t\"min_services\":1,\n\t\"x\":1}", "FILE:2: x: there is no such key"},
		/* the same key elsewhere */
		{"{\"defaults\": {\n\"keepalive\": 1},\n\"services\": {\n\"a\": {\n\"keepalive\": "
		 "1},\n\"b\": {\n\"keepalive\": -1}}}",
		 "FILE:7: services.b.keepalive: '-1' is not a number from 0 to 65535"},
		{"{\"services\": {\"timeout\": {},\n\"x\": {}},\n\"x\": 1}",
		 "FILE:3: x: there is no such key"},
		{"{\"conf\": \"x\",\n\"x\": 1}", "FILE:2: x: there is no such key"},
		{"{\"conf\": \"\\\"x\\\": 1\",\n\"x\": 1}", "FILE:2: x: there is no such key"},
		{"{\"conf\": \"}]{[,:\\\\\",\n\"x\": 1}", "FILE:2: x: there is no such key"},
		{"{\"conf\": \"\\\\\\\"\",\n\"x\": 1}", "FILE:2: x: there is no such key"},
		/* elements of arrays */
		{"{\"include\": [\"a\",\n\"b,c\",\n[\"d\"],\n\"e\"]}",
		 "FILE:3: include[2]: this must be a string that is not empty"},
		{"{\"include\": [\n\n\"a\", \"b\",\n 7\n]}",
		 "FILE:4: include[2]: this must be a string that is not empty"},
		{"{\"include\": [\n\"[\", \"]\",\n\"\"]}",
		 "FILE:3: include[2]: this must be a string that is not empty"},
		{"{\"targets\": [\n{\"url\": \"http://x\"},\n{\n\"name\": \"a\"\n}\n]}",
		 "FILE:3: targets[1]: it needs a url"},
		{"{\"targets\": [{\"url\": \"http://x\", \"name\": \"a\"},\n{\"url\": "
		 "\"http://x\",\n\"name\": "
		 "\"a\"}]}",
		 "FILE:2: targets[1]: another target has the same name or URL"},
		{"{\"targets\": [{\"url\": \"http://x\",\n\"timeout\": 1},\n{\n\"url\": "
		 "\"http://x\",\n"
		 "\"timeout\": 0}]}",
		 "FILE:5: targets[1].timeout: '0' is not a time in seconds (or with the unit s, m, "
		 "h or d) from 1 to 3600"},
		{"{\"attributes\": {\"max\": {\n\"max_fails\": 1,\n\"weight\": 0}}}",
		 "FILE:3: attributes.max.weight: '0' is not a number from 1 to 65535"},
		/* keys that are written in another way */
		{"{\"services\":\n{\"a\": {},\n\"\\u0061b\\\"c\": {\n\"p\\u006frt\": 0}}}",
		 "FILE:4: services.ab\"c.port: '0' is not a number from 1 to 65535"},
		{"{\"services\":\n{\"a\\\"\": {\"port\": 1},\n\"\\u00e4\": {\"port\": 0}}}",
		 "FILE:3: services.\\xc3\\xa4.port: '0' is not a number from 1 to 65535"},
		{"{\"services\":\n{\"a\\nb\":\n{\"x\": 1}}}",
		 "FILE:3: services.a\\x0ab.x: there is no such key"},
		{"{\"services\":\n{\"a.b\":\n{\"x\": 1}}}",
		 "FILE:3: services.a.b.x: there is no such key"},
		/* empty objects and other white space */
		{"{\"services\":{},\"consul\":{},\"include\":[],\n\"x\":[{}]}",
		 "FILE:2: x: there is no such key"},
		{"{\"services\": {\n\n},\n\"consul\": {\n\"x\": 1}}",
		 "FILE:5: consul.x: there is no such key"},
	};

	(void)state;
	refuse(rows, COUNT(rows));
}

/* A path that does not exist gets the line of its last step that does. */
static void lines_of_paths(void **state)
{
	static const char text[] = "\n{\"a\": [1,\n{\"b\": 2},\n3],\n\"c\":\n4}";
	const struct swk_config_step a = {NULL, "a", 0}, b1 = {&a, NULL, 1}, b = {&b1, "b", 0},
				     last = {&a, NULL, 2}, none = {&a, NULL, 3}, c = {NULL, "c", 0},
				     x = {&b1, "x", 0}, y = {NULL, "y", 0};
	const struct {
		const struct swk_config_step *step;
		size_t line;
	} rows[] = {{NULL, 2},	{&a, 2}, {&b1, 3}, {&b, 3}, {&last, 4},
		    {&none, 2}, {&c, 5}, {&x, 3},  {&y, 2}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(swk_config_line(text, strlen(text), rows[i].step), rows[i].line);
}

static void long_keys_are_cut(void **state)
{
	for (size_t length = 450; length < 1300; length += 7) {
		char *name = unit_repeat('k', length), *text;
		const char *message;

		(void)state;
		assert_true(asprintf(&text, "{\"services\": {\n\"%s\": {\"%s\": 1}}}", name, name) >
			    0);
		message = refusal(text, strlen(text));
		unit_says("long", message, "FILE:2: services.kkk");
		unit_says("long", message, ": there is no such key");
		assert_true(strlen(message) < 600);
		free(text);
		free(name);
	}
}

/* So many unknown keys that it would take minutes to find the line of each. */
static void mistakes_have_a_limit(void **state)
{
	struct swk_settings settings = {0};
	struct swk_error error = {0};
	struct swk_buffer text;

	(void)state;
	swk_buffer_init(&text, SWK_SETTINGS_MAX);
	assert_int_equal(swk_buffer_print(&text, &error, "{\"services\": {\"web\": {"), 0);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(swk_buffer_print(&text, &error, "\"x%zu\": 1, ", i), 0);
	assert_int_equal(swk_buffer_print(&text, &error, "\"x\": 1}}, \"y\": 1}"), 0);
	assert_int_equal(swk_config_parse(&settings, "FILE", text.data, text.length, &error),
			 SWK_CONFIG);
	assert_int_equal(settings.faults.count, SWK_FAULTS_MAX);
	assert_string_equal(error.text, "FILE:1: services.web.x0: there is no such key");
	swk_buffer_free(&text);
	swk_settings_free(&settings);
}

static void untrusted_path(void **state)
{
	struct swk_settings settings = defaults();
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_config_parse(&settings, "a\nb", "{\"x\": 1}", 8, &error), SWK_CONFIG);
	assert_string_equal(error.text, "a\\x0ab:1: x: there is no such key");
	swk_settings_free(&settings);
}

/* ---- files ---- */

static char folder[] = "/tmp/swk-config-XXXXXX";

static void write_file(const char *path, const char *text, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void files(void **state)
{
	char path[64], desired[256];
	struct swk_settings settings = defaults();
	struct swk_error error = {0};
	char *text = unit_repeat(' ', SWK_SETTINGS_MAX + 1);

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/swk.json", folder);
	write_file(path, "{\"conf\": \"/x\"}", 14);
	assert_int_equal(swk_config_read(&settings, path, &error), 0);
	assert_string_equal(settings.conf, "/x");

	write_file(path, "", 0);
	assert_int_equal(swk_config_read(&settings, path, &error), SWK_CONFIG);
	(void)snprintf(desired, sizeof(desired), "%s:1: this is not JSON: ", path);
	unit_says("empty", error.text, desired);

	/* The largest file, and a larger one. */
	memcpy(text + SWK_SETTINGS_MAX - 2, "{}", 2);
	write_file(path, text, SWK_SETTINGS_MAX);
	error = (struct swk_error){0};
	assert_int_equal(swk_config_read(&settings, path, &error), 0);
	write_file(path, text, SWK_SETTINGS_MAX + 1);
	assert_int_equal(swk_config_read(&settings, path, &error), SWK_CONFIG);
	(void)snprintf(desired, sizeof(desired), "%s: larger than 4194304 bytes", path);
	assert_string_equal(error.text, desired);
	free(text);

	assert_int_equal(unlink(path), 0);
	error = (struct swk_error){0};
	assert_int_equal(swk_config_read(&settings, path, &error), SWK_CONFIG);
	(void)snprintf(desired, sizeof(desired),
		       "%s: the settings cannot be read: No such file or directory", path);
	assert_string_equal(error.text, desired);

	error = (struct swk_error){0};
	assert_int_equal(swk_config_read(&settings, folder, &error), SWK_CONFIG);
	(void)snprintf(desired, sizeof(desired), "%s: cannot be read: Is a directory", folder);
	assert_string_equal(error.text, desired);
	swk_settings_free(&settings);
}

/* Root can read every file. */
static void unreadable_file(void **state)
{
	char path[64], desired[256];
	struct swk_settings settings = defaults();
	struct swk_error error = {0};

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/closed.json", folder);
	write_file(path, "{}", 2);
	assert_int_equal(chmod(path, 0), 0);
	(void)snprintf(desired, sizeof(desired),
		       "%s: the settings cannot be read: Permission denied", path);
	if (access(path, R_OK)) {
		assert_int_equal(swk_config_read(&settings, path, &error), SWK_CONFIG);
		assert_string_equal(error.text, desired);
	}
	assert_int_equal(unlink(path), 0);
	swk_settings_free(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(empty_objects),
		cmocka_unit_test(lists_are_replaced),
		cmocka_unit_test(wrong_types),
		cmocka_unit_test(unknown_keys),
		cmocka_unit_test(ranges),
		cmocka_unit_test(impossible_values),
		cmocka_unit_test(refused_shares),
		cmocka_unit_test(too_many_shares),
		cmocka_unit_test(not_settings),
		cmocka_unit_test(nul_anywhere),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(arrays_at_their_limit),
		cmocka_unit_test(lines),
		cmocka_unit_test(lines_of_paths),
		cmocka_unit_test(long_keys_are_cut),
		cmocka_unit_test(mistakes_have_a_limit),
		cmocka_unit_test(untrusted_path),
		cmocka_unit_test(files),
		cmocka_unit_test(unreadable_file),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests_name("config", tests, NULL, NULL);
	(void)rmdir(folder);
	return failed;
}
