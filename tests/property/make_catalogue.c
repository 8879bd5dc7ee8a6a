/* SPDX-License-Identifier: MIT */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int status)
{
	if (!status)
		return;
	(void)fputs("no memory\n", stderr);
	exit(70);
}

static void set(json_t *object, const char *key, json_t *value)
{
	must(json_object_set_new(object, key, value));
}

static void append(json_t *array, json_t *value)
{
	must(json_array_append_new(array, value));
}

/* ---- addresses ---- */

#define LABEL "l123456789l123456789l123456789l123456789l123456789l123456789l12"

/* Only a few, so that some are used twice. */
static json_t *make_address(struct dice *dice)
{
	static const char *const strange[] = {"",
					      "0.0.0.0",
					      "::",
					      "256.1.1.1",
					      "10.0.0.1 ",
					      "[::1]",
					      "10.0.0.1;",
					      "fe80::1%eth0",
					      "10.1",
					      "0x7f.1",
					      "unix",
					      "unix:/tmp/x",
					      "no_underline",
					      "two..dots",
					      "-x.example",
					      "10.0.0.1:80",
					      "::ffff:0:0",
					      "a b",
					      "$host",
					      "{",
					      "localhost.",
					      "2130706433",
					      "1.2.3.example.4",
					      LABEL LABEL ".example"};
	static const char *const usual[] = {
		"127.0.0.1",	   "::1",
		"::ffff:10.0.0.1", "::ffff:127.0.0.1",
		"2001:DB8:0:0::1", "fe80::1",
		"255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
	/* nginx reads a file with other names only if a resolver knows them. */
	static const char *const known[] = {"localhost", "LocalHost", "LOCALHOST"};
	static const char *const hosts[] = {"backend.example",
					    "Backend.Example",
					    "a",
					    "x-1.y--2.zz",
					    LABEL "." LABEL "." LABEL ".example",
					    "1.example"};
	char text[32];

	switch (dice_below(dice, 10)) {
	case 0:
		return json_string(DICE_PICK(dice, strange));
	case 1:
		return json_string(DICE_PICK(dice, usual));
	case 2:
		return json_string(dice->hosts && dice_one_in(dice, 2) ? DICE_PICK(dice, hosts)
								       : DICE_PICK(dice, known));
	case 3:
		(void)snprintf(text, sizeof(text), "2001:db8::%x", dice_below(dice, 20));
		return json_string(text);
	default:
		(void)snprintf(text, sizeof(text), "10.0.0.%u", dice_below(dice, 20));
		return json_string(text);
	}
}

static json_t *make_port(struct dice *dice)
{
	static const double strange[] = {0, -1, 65536, 80.5, 1e300, 18882, 1, 65535, 4294967376.0};

	if (dice_one_in(dice, 8))
		return json_real(DICE_PICK(dice, strange));
	return json_integer(8000 + dice_below(dice, 3));
}

/* Several ports, as in Consul 1.22. */
static json_t *make_ports(struct dice *dice)
{
	json_t *list = json_array();
	unsigned count = dice_below(dice, 3);

	for (unsigned i = 0; i < count; i++) {
		json_t *port = json_object();

		set(port, "Name", json_string(i ? "http" : "grpc"));
		set(port, "Port", make_port(dice));
		set(port, "Default", json_boolean(!i));
		append(list, port);
	}
	return list;
}

/* Tagged addresses under Consul's names and others. A service's have a port. */
static json_t *make_tagged(struct dice *dice, bool of_service)
{
	static const char *const names[] = {"lan",	"wan",	    "lan_ipv4", "lan_ipv6",
					    "wan_ipv4", "wan_ipv6", "virtual",	""};
	json_t *object = json_object();
	unsigned count = dice_below(dice, 4);

	for (unsigned i = 0; i < count; i++) {
		json_t *address = make_address(dice);

		if (of_service) {
			json_t *both = json_object();

			set(both, "Address", address);
			set(both, "Port", make_port(dice));
			address = both;
		}
		set(object, DICE_PICK(dice, names), address);
	}
	return object;
}

/* ---- an instance ---- */

/* The name and the value of an attribute. Either may be invalid. */
static void make_attribute(struct dice *dice, char name[32], char value[32])
{
	static const char *const values[] = {"1",  "0",	  "2",	 "5",	    "yes",   "no",
					     "1m", "10s", "-1",	 "1000000", "65536", "999999999",
					     "",   "x;",  "1 2", "true",    "0x10",  "4294967297"};
	unsigned which = dice_below(dice, SWK_ATTRIBUTES + 1);

	(void)snprintf(name, 32, "%s",
		       which < SWK_ATTRIBUTES ? swk_attribute_words[which] : "strange");
	(void)snprintf(value, 32, "%s", DICE_PICK(dice, values));
}

static void add_colour(json_t *tags, struct dice *dice, const struct swk_settings *settings)
{
	static const char *const colours[] = {"a",   "b", "A",	 "default", "",	   "eu", "blue",
					      "a;b", "1", "0.1", "host",    "ost", "}",	 "a=b",
					      "a_b", ".", "1",	 "ost",	    "1"};
	const char *tag = "gray";
	char text[512];

	if (settings->route_count)
		tag = settings->routes[dice_below(dice, (unsigned)settings->route_count)].tag;
	(void)snprintf(text, sizeof(text), "%s=%s", tag, DICE_PICK(dice, colours));
	append(tags, json_string(text));
}

static json_t *make_tags(struct dice *dice, const struct swk_settings *settings)
{
	static const char *const others[] = {"public", "v1", "", "gray", "\xc3\xa9", "a\nb", "}"};
	json_t *tags = json_array();
	unsigned count = dice_below(dice, 4);
	char name[32], value[32], text[128];

	if (settings->require_tag && !dice_one_in(dice, 4))
		append(tags, json_string(settings->require_tag));
	for (unsigned i = 0; i < count; i++) {
		switch (dice_below(dice, 3)) {
		case 0:
			add_colour(tags, dice, settings);
			break;
		case 1:
			make_attribute(dice, name, value);
			(void)snprintf(text, sizeof(text), "%.60s%s%s%s",
				       settings->attributes.tag_prefix, name,
				       dice_one_in(dice, 3) ? "" : "=", value);
			append(tags, json_string(text));
			break;
		default:
			append(tags, json_string(DICE_PICK(dice, others)));
		}
	}
	return tags;
}

static json_t *make_meta(struct dice *dice, const struct swk_settings *settings)
{
	json_t *meta = json_object();
	unsigned count = dice_below(dice, 3);
	char name[32], value[32], text[128];

	set(meta, "version", json_string("1;2}"));
	for (unsigned i = 0; i < count; i++) {
		make_attribute(dice, name, value);
		(void)snprintf(text, sizeof(text), "%.60s%s", settings->attributes.meta_prefix,
			       name);
		set(meta, text, json_string(value));
	}
	return meta;
}

static json_t *make_weights(struct dice *dice)
{
	static const unsigned weights[] = {0, 1, 1, 1, 2, 3, 10, 100, 65535, 65536, 4294967295};

	return json_pack("{s:I,s:I}", "Passing", (json_int_t)DICE_PICK(dice, weights), "Warning",
			 (json_int_t)DICE_PICK(dice, weights));
}

static json_t *check(const char *id, const char *status, const char *service)
{
	return json_pack("{s:s,s:s,s:s}", "CheckID", id, "Status", status, "ServiceID", service);
}

/* Checks. One in `sick` is not passing. */
static json_t *make_checks(struct dice *dice, unsigned sick)
{
	static const char *const states[] = {"warning", "critical", "critical", "strange"};
	json_t *checks = json_array();

	append(checks, check("serfHealth", "passing", ""));
	if (dice_one_in(dice, 8))
		return checks;
	append(checks, check("service:x",
			     dice_one_in(dice, sick) ? DICE_PICK(dice, states) : "passing", "x"));
	if (dice_one_in(dice, 12))
		append(checks, check("_service_maintenance:x", "critical", "x"));
	if (dice_one_in(dice, 24))
		append(checks, check("_node_maintenance", "critical", ""));
	return checks;
}

static json_t *make_instance(struct dice *dice, const struct swk_settings *settings,
			     const char *name, unsigned number)
{
	json_t *service = json_object(), *node = json_object(), *instance = json_object();
	char id[32];

	(void)snprintf(id, sizeof(id), "x-%u", number);
	set(service, "ID", json_string(id));
	set(service, "Service", json_string(name));
	set(service, "Address", dice_one_in(dice, 6) ? json_string("") : make_address(dice));
	if (dice_one_in(dice, 6))
		set(service, "Ports", make_ports(dice));
	/* Without both the instance is undecodable. */
	if (!dice_one_in(dice, 40))
		set(service, "Port", make_port(dice));
	set(service, "Tags", make_tags(dice, settings));
	set(service, "Meta", make_meta(dice, settings));
	if (dice_one_in(dice, 2))
		set(service, "Weights", make_weights(dice));
	if (dice_one_in(dice, 2))
		set(service, "TaggedAddresses", make_tagged(dice, true));
	if (dice_one_in(dice, 40))
		set(service, "Kind", json_string("connect-proxy"));
	set(node, "Node", json_string("n"));
	set(node, "Address", make_address(dice));
	set(node, "TaggedAddresses", make_tagged(dice, false));
	set(instance, "Node", node);
	set(instance, "Service", service);
	set(instance, "Checks", make_checks(dice, 4));
	return instance;
}

static json_t *make_instances(struct dice *dice, const struct swk_settings *settings,
			      const char *name)
{
	unsigned count = dice_one_in(dice, 20) ? 80 : dice_below(dice, 7);
	json_t *instances = json_array();

	for (unsigned i = 0; i < count; i++)
		append(instances, make_instance(dice, settings, name, i));
	return instances;
}

/* ---- keys ---- */

static json_t *base64(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = strlen(text);
	char out[1024], *to = out;

	for (size_t i = 0; i < length && to < out + sizeof(out) - 5; i += 3) {
		const size_t left = length - i;
		const unsigned bits = (unsigned)(unsigned char)text[i] << 16 |
				      (left > 1 ? (unsigned)(unsigned char)text[i + 1] << 8 : 0) |
				      (left > 2 ? (unsigned)(unsigned char)text[i + 2] : 0);

		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[bits & 63] : '=';
	}
	*to = '\0';
	return json_string(out);
}

static json_t *make_key_value(struct dice *dice)
{
	static const char *const strange[] = {
		"{",	      "[]", "x", "{\"weight\":null}", "{\"weight\":1e9}", "{\"weight\":{}}",
		"\"\\u0000\""};
	json_t *object = json_object(), *value;
	unsigned count = dice_below(dice, 4);
	char name[32], text[32], *all;

	if (dice_one_in(dice, 12)) {
		json_decref(object);
		return base64(DICE_PICK(dice, strange));
	}
	for (unsigned i = 0; i < count; i++) {
		make_attribute(dice, name, text);
		set(object, name,
		    dice_one_in(dice, 2) ? json_integer(atoi(text)) : json_string(text));
	}
	if (!count && dice_one_in(dice, 2)) {
		json_decref(object);
		return dice_one_in(dice, 2) ? json_null() : json_string("");
	}
	all = json_dumps(object, JSON_COMPACT);
	value = base64(all);
	free(all);
	json_decref(object);
	return value;
}

static json_t *make_key(struct dice *dice, const struct swk_settings *settings)
{
	static const char *const strange[] = {"nginx/upstreams",
					      "nginx/upstreams/web",
					      "nginx/upstreams/web/",
					      "other/web/10.0.0.1:80",
					      "nginx/upstreams/web/10.0.0.1:80/x",
					      "nginx/upstreams//10.0.0.1:80",
					      "nginx/upstreams/a b/10.0.0.1:80",
					      "nginx/upstreams/web/;",
					      "nginx/upstreams/web/:80",
					      "nginx/upstreams/localhost/10.0.0.1:80",
					      "nginx/upstreams/web/10.0.0.1:",
					      "nginx/upstreams/web/[::1:80",
					      "nginx/upstreams/web/unix:80",
					      ""};
	const char *prefix = settings->keyprefix ? settings->keyprefix : "nginx/upstreams";
	json_t *key = json_object();
	json_t *address = make_address(dice);
	const char *text = json_string_value(address);
	bool v6 = strchr(text, ':') != NULL;
	char all[1024];

	(void)snprintf(all, sizeof(all), "%s/%s/%s%s%s:%u", prefix, make_name(dice), v6 ? "[" : "",
		       text, v6 ? "]" : "", 8000 + dice_below(dice, 3));
	set(key, "Key",
	    dice_one_in(dice, 80)   ? json_integer(1)
	    : dice_one_in(dice, 10) ? json_string(DICE_PICK(dice, strange))
				    : json_string(all));
	set(key, "LockIndex", json_integer(0));
	set(key, "Flags", json_integer(0));
	set(key, "Value", make_key_value(dice));
	json_decref(address);
	return key;
}

/* ---- the whole catalogue ---- */

void catalogue_init(struct catalogue *catalogue)
{
	catalogue->services = json_object();
	catalogue->keys = json_array();
}

void catalogue_free(struct catalogue *catalogue)
{
	json_decref(catalogue->services);
	json_decref(catalogue->keys);
}

static void change_service(struct dice *dice, const struct swk_settings *settings, json_t *services,
			   const char *name, json_t *instances)
{
	const unsigned what = dice_below(dice, 6);
	json_t *instance;
	size_t i;

	switch (what) {
	case 0:
	case 1: /* all instances become unhealthy, or only some */
		json_array_foreach(instances, i, instance)
			set(instance, "Checks", make_checks(dice, what ? 3 : 1));
		break;
	case 2:
		set(services, name, make_instances(dice, settings, name));
		break;
	case 3:
		set(services, name, json_array());
		break;
	case 4:
		append(instances, make_instance(dice, settings, name, 1000));
		break;
	default:
		break;
	}
}

void catalogue_change(struct catalogue *catalogue, struct dice *dice,
		      const struct swk_settings *settings)
{
	static const char *const strange[] = {
		"a b",	     "a;b", "x{",	"$(id)",  "127.0.0.1", "localhost",
		"LocalHost", "-x",  ".x",	"consul", "a/b",       "\xc3\xa9t\xc3\xa9",
		"a\nb",	     "#c",  "10.0.0.2", "\""};
	unsigned count = dice_below(dice, 6), keys = dice_below(dice, 10);
	const char *name;
	json_t *instances;
	void *next;

	json_object_foreach_safe(catalogue->services, next, name, instances)
	{
		if (dice_one_in(dice, 10))
			(void)json_object_del(catalogue->services, name);
		else
			change_service(dice, settings, catalogue->services, name, instances);
	}
	for (unsigned i = 0; i < count; i++) {
		name = dice_one_in(dice, 10) ? DICE_PICK(dice, strange) : make_name(dice);
		if (!json_object_get(catalogue->services, name))
			set(catalogue->services, name, make_instances(dice, settings, name));
	}
	if (dice_one_in(dice, 3))
		(void)json_array_clear(catalogue->keys);
	for (unsigned i = 0; i < keys; i++)
		append(catalogue->keys, make_key(dice, settings));
}

/* The elements in a random order, or in the same one if `order` is NULL. */
static json_t *shuffle(struct dice *order, json_t *array)
{
	json_t *copy = json_copy(array);

	for (size_t i = json_array_size(copy); order && i > 1; i--) {
		size_t other = dice_below(order, (unsigned)i);
		json_t *value = json_incref(json_array_get(copy, other));

		must(json_array_set(copy, other, json_array_get(copy, i - 1)));
		must(json_array_set_new(copy, i - 1, value));
	}
	return copy;
}

static void print_document(struct swk_buffer *out, json_t *document)
{
	struct swk_error error = {0};

	must(swk_buffer_print(out, &error, "%%%%\n"));
	make_text(out, document, JSON_COMPACT);
	json_decref(document);
}

void catalogue_print(const struct catalogue *catalogue, struct dice *dice, bool all, bool keys,
		     struct dice *order, struct swk_buffer *out)
{
	json_t *list = json_object(), *instances;
	const char *name;

	json_object_foreach(catalogue->services, name, instances) set(list, name, json_array());
	if (all && json_object_size(list))
		print_document(out, json_incref(list));
	json_decref(list);
	json_object_foreach(catalogue->services, name, instances)
	{
		if (json_array_size(instances) && (all || !dice_one_in(dice, 3)))
			print_document(out, shuffle(order, instances));
	}
	if (keys && json_array_size(catalogue->keys))
		print_document(out, shuffle(order, catalogue->keys));
}
