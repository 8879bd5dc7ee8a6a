/* SPDX-License-Identifier: MIT */
#include "policy/endpoint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Sets the outcome and its reason. Returns the outcome. */
static enum swk_outcome say(struct swk_endpoint *endpoint, enum swk_outcome outcome,
			    const char *format, ...) __attribute__((format(printf, 3, 4)));

static enum swk_outcome say(struct swk_endpoint *endpoint, enum swk_outcome outcome,
			    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(endpoint->reason, sizeof(endpoint->reason), format, arguments);
	va_end(arguments);
	return endpoint->outcome = outcome;
}

/* ---- the address ---- */

/* Returns the reserved port that the server may have, or NULL. */
static const struct swk_reserved *find_reserved(const struct swk_policy *policy,
						const struct swk_server *server)
{
	/* A host name may resolve to loopback. */
	if (!server->host && !swk_server_is_loopback(server))
		return NULL;
	for (size_t i = 0; i < policy->reserved_count; i++) {
		if (policy->reserved[i].port == server->port)
			return &policy->reserved[i];
	}
	return NULL;
}

static const struct swk_tagged *find_tagged(const struct swk_tagged *list, size_t count,
					    const char *name)
{
	static const char *const endings[] = {"", "_ipv4", "_ipv6"};
	const size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		for (size_t j = 0; j < count; j++) {
			if (!strncmp(list[j].name, name, length) &&
			    !strcmp(list[j].name + length, endings[i]) && *list[j].address)
				return &list[j];
		}
	}
	return NULL;
}

/* The port that the rules state for all instances; 0: none. */
static unsigned fixed_port(const struct swk_rules *rules)
{
	char *end = NULL;
	unsigned long number = rules->port ? strtoul(rules->port, &end, 10) : 0;

	return end && !*end ? (unsigned)number : 0;
}

/* The address that the rules select, and its port; NULL if the instance has no such address. */
static const char *find_address(const struct swk_rules *rules, const struct swk_instance *instance,
				double *port)
{
	const struct swk_tagged *tagged;

	*port = instance->port;
	if (!strcmp(rules->address, "node"))
		return instance->node_address;
	if (!strcmp(rules->address, "service"))
		return *instance->address ? instance->address : instance->node_address;
	tagged = find_tagged(instance->tagged, instance->tagged_count, rules->address);
	if (tagged && tagged->port > 0)
		*port = tagged->port;
	if (!tagged && !*instance->address)
		tagged = find_tagged(instance->node_tagged, instance->node_tagged_count,
				     rules->address);
	return tagged ? tagged->address : NULL;
}

/* Changes *port to the one with the name in the rules. An instance without named ports has only
 * one. If it lacks that name, sets the reason and returns false. */
static bool find_port(struct swk_endpoint *endpoint, const struct swk_rules *rules,
		      const struct swk_instance *instance, double *port)
{
	if (!rules->port || fixed_port(rules) || !instance->port_count)
		return true;
	for (size_t i = 0; i < instance->port_count; i++) {
		if (!strcmp(instance->ports[i].name, rules->port)) {
			*port = instance->ports[i].port;
			return true;
		}
	}
	(void)say(endpoint, SWK_OUTCOME_SKIPPED, "it has no port named '%s'", rules->port);
	return false;
}

/* Sets the server's address and port. If they are unusable, sets the reason and returns false. */
static bool set_place(struct swk_endpoint *endpoint, const struct swk_policy *policy,
		      const struct swk_rules *rules, const char *address, double port)
{
	struct swk_server *server = &endpoint->server;
	char text[SWK_ADDRESS_MAX];
	const struct swk_reserved *reserved;
	bool found;

	if (fixed_port(rules))
		port = fixed_port(rules);
	if (!(port >= 1 && port <= 65535 && port == (double)(unsigned)port)) {
		(void)say(endpoint, SWK_OUTCOME_SKIPPED, "its port is not from 1 to 65535: '%.17g'",
			  port);
		return false;
	}
	found = swk_server_set_address(server, address, (unsigned)port);
	if (!found && rules->allow_hostnames) {
		(void)snprintf(endpoint->host, sizeof(endpoint->host), "%s", address);
		found = swk_server_set_host(server, endpoint->host, (unsigned)port);
	}
	if (!found) {
		(void)say(endpoint, SWK_OUTCOME_SKIPPED,
			  "its address is not an IPv4 or IPv6 address%s: '%s'",
			  rules->allow_hostnames ? ", nor a host name" : "", address);
		return false;
	}
	reserved = find_reserved(policy, server);
	if (reserved) {
		(void)say(endpoint, SWK_OUTCOME_SKIPPED, "this may be the address of %s: '%s'",
			  reserved->interface, swk_server_address(server, text));
		return false;
	}
	return true;
}

/* Whether an address is certainly on loopback. Names below `localhost` are, by RFC 6761, 6.3. */
static bool is_loopback(const char *address)
{
	static const char name[] = "localhost";
	const size_t length = strlen(address), tail = strlen(name);
	struct swk_server server = {0};

	if (swk_server_set_address(&server, address, 1))
		return swk_server_is_loopback(&server);
	if (length < tail || strcasecmp(address + length - tail, name) != 0)
		return false;
	return length == tail || address[length - tail - 1] == '.';
}

/* Whether the instance's node is this host, whatever the addresses of this host are. All agents
 * with a loopback address are on one host. */
static bool is_node_known(const struct swk_policy *policy, const struct swk_instance *instance)
{
	const char *node = policy->settings->consul.node, *address = instance->node_address;

	return !policy->is_here || !*address || is_loopback(address) ||
	       (node && !strcasecmp(node, instance->node));
}

bool swk_endpoint_node_is_here(const struct swk_policy *policy, const struct swk_instance *instance)
{
	return is_node_known(policy, instance) || policy->is_here(instance->node_address);
}

/* ---- attributes ---- */

/* The type of each attribute. The upper bounds are nginx's, because values over the operator's
 * limits are reduced, not refused. */
static const struct swk_field value_fields[SWK_ATTRIBUTES] = {
	[SWK_ATTRIBUTE_WEIGHT] = {.type = SWK_NUMBER, .least = 1, .most = 999999999},
	[SWK_ATTRIBUTE_MAX_FAILS] = {.type = SWK_NUMBER, .most = 999999999},
	[SWK_ATTRIBUTE_FAIL_TIMEOUT] = {.type = SWK_SECONDS, .most = 999999999},
	[SWK_ATTRIBUTE_MAX_CONNS] = {.type = SWK_NUMBER, .most = 999999999},
	[SWK_ATTRIBUTE_BACKUP] = {.type = SWK_FLAG},
	[SWK_ATTRIBUTE_DOWN] = {.type = SWK_FLAG},
};

/* The upper limit of each attribute. */
struct most {
	unsigned weight, max_fails, fail_timeout, max_conns;
};

static unsigned at_most(unsigned number, unsigned most)
{
	return number < most ? number : most;
}

/* Sets an attribute; returns false, with the reason in `cause`, if the value is invalid. */
static bool set_attribute(struct swk_server *server, enum swk_attribute attribute,
			  const char *value, const struct most *most, struct swk_error *cause)
{
	unsigned number = 0;
	bool flag = false;

	if (swk_field_set(&value_fields[attribute],
			  value_fields[attribute].type == SWK_FLAG ? (void *)&flag
								   : (void *)&number,
			  value, "", cause))
		return false;
	switch (attribute) {
	case SWK_ATTRIBUTE_WEIGHT:
		server->weight = at_most(number, most->weight);
		break;
	case SWK_ATTRIBUTE_MAX_FAILS:
		server->max_fails = at_most(number, most->max_fails);
		break;
	case SWK_ATTRIBUTE_FAIL_TIMEOUT:
		server->fail_timeout = at_most(number, most->fail_timeout);
		break;
	case SWK_ATTRIBUTE_MAX_CONNS:
		server->max_conns = at_most(number, most->max_conns);
		break;
	case SWK_ATTRIBUTE_BACKUP:
		server->backup = flag;
		break;
	default:
		server->down = flag;
		break;
	}
	return true;
}

/* Finds an attribute by the first `length` bytes of `name`. Returns SWK_ATTRIBUTES if there is
 * none. */
static enum swk_attribute find_attribute(const char *name, size_t length)
{
	unsigned i = 0;

	while (i < SWK_ATTRIBUTES && (strncmp(swk_attribute_words[i], name, length) != 0 ||
				      swk_attribute_words[i][length]))
		i++;
	return (enum swk_attribute)i;
}

/* What reading the attributes of an instance needs. */
struct attributes {
	struct swk_endpoint *endpoint;
	const struct swk_attributes *settings;
	const struct swk_instance *instance;
	struct swk_report *report;
};

static void note_ignored(const struct attributes *to, enum swk_note_kind kind, const char *what,
			 const char *text, const char *reason)
{
	swk_report_note(to->report, kind,
			"service '%s': instance %zu ('%s' on node '%s'): %s '%s' is ignored: %s",
			to->instance->service, to->instance->number, to->instance->id,
			to->instance->node, what, text, reason);
}

/* Sets one attribute; `value` is NULL if there is none. `text` is the whole of it, for messages. */
static void take_attribute(const struct attributes *to, const char *what, const char *text,
			   const char *name, size_t length, const char *value)
{
	const struct swk_attributes *settings = to->settings;
	/* The operator's limit for weights applies later, to all servers of an upstream together,
	 * so that proportions stay (swk_fit). */
	const struct most most = {SWK_WEIGHT_MAX, settings->max_max_fails,
				  settings->max_fail_timeout, settings->max_max_conns};
	enum swk_attribute attribute = find_attribute(name, length);
	struct swk_error cause = {0};

	if (attribute == SWK_ATTRIBUTES)
		note_ignored(to, SWK_NOTE_WARNING, what, text, "there is no such attribute");
	else if (!settings->allow[attribute])
		note_ignored(to, SWK_NOTE_DETAIL, what, text,
			     "the settings do not allow an instance to set it");
	else if (!value && value_fields[attribute].type != SWK_FLAG)
		note_ignored(to, SWK_NOTE_WARNING, what, text, "it has no value");
	else if (!set_attribute(&to->endpoint->server, attribute, value ? value : "1", &most,
				&cause))
		note_ignored(to, SWK_NOTE_WARNING, what, text, cause.text + strlen(": "));
}

/* Meta overrides tags. */
static void take_attributes(const struct attributes *to)
{
	const struct swk_instance *instance = to->instance;
	const char *prefix = to->settings->tag_prefix;
	size_t length = strlen(prefix);

	for (size_t i = 0; i < instance->tag_count; i++) {
		const char *tag = instance->tags[i], *value;

		if (strncmp(tag, prefix, length) != 0)
			continue;
		value = strchr(tag + length, '=');
		take_attribute(to, "tag", tag, tag + length, strcspn(tag + length, "="),
			       value ? value + 1 : NULL);
	}
	prefix = to->settings->meta_prefix;
	length = strlen(prefix);
	for (size_t i = 0; i < instance->meta_count; i++) {
		const struct swk_pair *pair = &instance->meta[i];
		char text[SWK_TEXT_MAX];

		if (strncmp(pair->name, prefix, length) != 0)
			continue;
		(void)snprintf(text, sizeof(text), "%s=%s", pair->name, pair->value);
		take_attribute(to, "Meta", text, pair->name + length, strlen(pair->name + length),
			       pair->value);
	}
}

/* ---- health ---- */

const char *swk_endpoint_health(const struct swk_instance *instance)
{
	static const char *const words[] = {"passing", "warning", "critical"};

	return instance->maintenance ? "maintenance" : words[instance->health];
}

/* Decides about an instance that is critical or in maintenance. */
static enum swk_outcome judge_unhealthy(struct swk_endpoint *endpoint, unsigned rule,
					const char *what)
{
	endpoint->server.down = rule == SWK_UNHEALTHY_DOWN;
	return say(endpoint, endpoint->server.down ? SWK_OUTCOME_SERVED_DOWN : SWK_OUTCOME_LEFT_OUT,
		   "it is %s", what);
}

static enum swk_outcome judge_warning(struct swk_endpoint *endpoint, const struct swk_rules *rules,
				      const struct swk_instance *instance)
{
	switch (rules->warning) {
	case SWK_WARNING_INCLUDE:
		return SWK_OUTCOME_SERVED;
	case SWK_WARNING_WEIGHT:
		endpoint->server.weight = instance->weight_warning;
		return instance->weight_warning
			       ? SWK_OUTCOME_SERVED
			       : say(endpoint, SWK_OUTCOME_LEFT_OUT,
				     "it is warning, and its Weights.Warning is 0");
	default:
		return say(endpoint, SWK_OUTCOME_LEFT_OUT, "it is warning");
	}
}

static enum swk_outcome judge_health(struct swk_endpoint *endpoint, const struct swk_rules *rules,
				     const struct swk_instance *instance)
{
	if (instance->native && !rules->connect_native)
		return say(endpoint, SWK_OUTCOME_LEFT_OUT,
			   "it is Connect-native, so it expects mutual TLS");
	if (rules->require_check && !instance->checked)
		return say(endpoint, SWK_OUTCOME_LEFT_OUT, "it has no check of its own");
	if (instance->maintenance)
		return judge_unhealthy(endpoint, rules->maintenance, "in maintenance");
	if (instance->health == SWK_CRITICAL)
		return judge_unhealthy(endpoint, rules->critical, "critical");
	if (instance->health == SWK_WARNING &&
	    judge_warning(endpoint, rules, instance) != SWK_OUTCOME_SERVED)
		return SWK_OUTCOME_LEFT_OUT;
	if (endpoint->server.down)
		return say(endpoint, SWK_OUTCOME_SERVED_DOWN,
			   "its tags or Meta say that it is down");
	return SWK_OUTCOME_SERVED;
}

/* ---- all of it ---- */

struct swk_server swk_endpoint_server(const struct swk_rules *rules)
{
	return (struct swk_server){.weight = 1,
				   .max_conns = rules->max_conns,
				   .max_fails = rules->max_fails,
				   .fail_timeout = rules->fail_timeout};
}

void swk_endpoint_of_instance(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			      const struct swk_rules *rules, const struct swk_instance *instance,
			      struct swk_report *report)
{
	const struct attributes to = {endpoint, &policy->settings->attributes, instance, report};
	char text[SWK_ADDRESS_MAX];
	const char *address;
	double port;

	endpoint->server = swk_endpoint_server(rules);
	endpoint->reason[0] = '\0';
	endpoint->here = false;
	address = find_address(rules, instance, &port);
	if (!address) {
		(void)say(endpoint, SWK_OUTCOME_SKIPPED, "it has no address tagged '%s'",
			  rules->address);
		return;
	}
	if (!find_port(endpoint, rules, instance, &port) ||
	    !set_place(endpoint, policy, rules, address, port))
		return;
	/* nginx would look for a loopback address of another host on this one. */
	endpoint->here = is_loopback(address) && !is_node_known(policy, instance);
	if (endpoint->here && !swk_endpoint_node_is_here(policy, instance)) {
		(void)say(endpoint, SWK_OUTCOME_SKIPPED,
			  "its address is on loopback, and its node's address %s is not this "
			  "host's: '%s'",
			  instance->node_address, swk_server_address(&endpoint->server, text));
		return;
	}
	if (rules->weights && instance->weight_passing)
		endpoint->server.weight = instance->weight_passing;
	take_attributes(&to);
	endpoint->outcome = judge_health(endpoint, rules, instance);
}

/* Sets the address and port of a key's server from the key's last segment. */
static bool set_key_place(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			  const struct swk_rules *rules, const char *address)
{
	const char *colon = strrchr(address, ':');
	size_t length = colon ? (size_t)(colon - address) : 0;
	struct swk_server *server = &endpoint->server;
	char host[SWK_ADDRESS_MAX];
	double port = 0;

	if (swk_server_parse_address(server, address, strlen(address))) {
		/* Remove the brackets: set_place expects an address without them. */
		port = server->port;
		length -= server->v6 ? 2 : 0;
		address += server->v6 ? 1 : 0;
	} else if (!colon || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
		   strlen(colon + 1) > 5 || !sscanf(colon + 1, "%lf", &port) || *address == '[' ||
		   memchr(address, ':', length)) {
		/* An IPv6 address without brackets is ambiguous: its end may be a port. */
		(void)say(endpoint, SWK_OUTCOME_SKIPPED, "it does not end in ADDRESS:PORT: '%s'",
			  address);
		return false;
	}
	if (length >= sizeof(host))
		length = 0;
	memcpy(host, address, length);
	host[length] = '\0';
	return set_place(endpoint, policy, rules, host, port);
}

void swk_endpoint_of_key(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			 const struct swk_rules *rules, const struct swk_key *key,
			 const char *address, struct swk_report *report)
{
	static const struct most most = {SWK_WEIGHT_MAX, SWK_MAX_FAILS_MAX, SWK_FAIL_TIMEOUT_MAX,
					 SWK_MAX_CONNS_MAX};

	endpoint->server = swk_endpoint_server(rules);
	endpoint->reason[0] = '\0';
	if (key->trouble) {
		(void)say(endpoint, SWK_OUTCOME_SKIPPED, "%s", key->trouble);
		return;
	}
	if (!set_key_place(endpoint, policy, rules, address))
		return;
	for (size_t i = 0; i < key->value_count; i++) {
		const struct swk_pair *pair = &key->values[i];
		enum swk_attribute attribute = find_attribute(pair->name, strlen(pair->name));
		struct swk_error cause = {0};

		if (attribute == SWK_ATTRIBUTES)
			swk_report_note(report, SWK_NOTE_WARNING,
					"key '%s': '%s' is ignored: there is no such attribute",
					key->key, pair->name);
		else if (!set_attribute(&endpoint->server, attribute, pair->value, &most, &cause))
			swk_report_note(report, SWK_NOTE_WARNING,
					"key '%s': %s '%s' is ignored: %s", key->key, pair->name,
					pair->value, cause.text + strlen(": "));
	}
	endpoint->outcome = SWK_OUTCOME_SERVED;
	if (endpoint->server.down)
		endpoint->outcome =
			say(endpoint, SWK_OUTCOME_SERVED_DOWN, "its value says that it is down");
}
