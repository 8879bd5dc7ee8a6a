/* SPDX-License-Identifier: MIT */
#include "run/maintained.h"

#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "io/connections.h"
#include "policy/endpoint.h"

static struct swk_caller caller_of(const struct swk_maintained *maintained,
				   const struct swk_consul *consul, struct swk_error *error)
{
	return (struct swk_caller){.consul = consul,
				   .http = maintained->http,
				   .deadline = swk_now_ms() + SWK_REQUESTER_CALL_MS,
				   .error = error};
}

/* ---- at its agent ---- */

static int open_agents(struct swk_maintained *maintained, const char *agent,
		       struct swk_error *error)
{
	struct swk_consul_settings its = maintained->settings->consul;
	const char *token_file = maintained->settings->token_file;

	its.agent = agent;
	if (swk_consul_init(&maintained->consul, &maintained->settings->consul, token_file,
			    error) ||
	    swk_consul_init(&maintained->agent, &its, token_file, error))
		return error->status;
	maintained->http = swk_http_open(error);
	return error->status;
}

static int is_unknown(const struct swk_maintained *maintained, struct swk_error *error)
{
	return swk_error_set(error, SWK_USAGE,
			     "'%s': no instance with this ID is registered at the agent %s: give "
			     "--agent with the address of the instance's own agent",
			     maintained->id, maintained->agent.base);
}

int swk_maintained_find(struct swk_maintained *maintained, const struct swk_settings *settings,
			const char *id, const char *agent, struct swk_error *error)
{
	struct swk_caller caller;

	*maintained = (struct swk_maintained){.settings = settings, .id = id};
	if (open_agents(maintained, agent, error))
		return error->status;
	caller = caller_of(maintained, &maintained->agent, error);
	if (swk_consul_service_of(&caller, id, &maintained->service))
		return error->status;
	return maintained->service ? 0 : is_unknown(maintained, error);
}

void swk_maintained_free(struct swk_maintained *maintained)
{
	free(maintained->service);
	swk_consul_free(&maintained->agent);
	swk_consul_free(&maintained->consul);
	swk_http_close(maintained->http);
	*maintained = (struct swk_maintained){0};
}

/* Finds the node of its agent: other nodes may have an instance with the same ID, even at the same
 * port. The maintenance is a check of the instance, so there is one. */
static int find_node(struct swk_maintained *maintained, struct swk_error *error)
{
	const struct swk_caller caller = caller_of(maintained, &maintained->agent, error);
	bool registered;

	if (swk_consul_node(&caller, maintained->id, maintained->node, &registered) || registered)
		return error->status;
	return swk_error_set(error, SWK_UNAVAILABLE,
			     "'%s': the agent %s does not show its maintenance; the token needs "
			     "service:read for it",
			     maintained->id, maintained->agent.base);
}

int swk_maintained_set(struct swk_maintained *maintained, bool on, const char *reason,
		       struct swk_error *error)
{
	const struct swk_caller caller = caller_of(maintained, &maintained->agent, error);
	bool exists;

	if (swk_consul_maintenance(&caller, maintained->id, on, reason, &exists))
		return error->status;
	if (!exists)
		return is_unknown(maintained, error);
	return on ? find_node(maintained, error) : 0;
}

/* ---- in the catalogue ---- */

static void add_server(struct swk_maintained *maintained, const struct swk_server *server)
{
	for (size_t i = 0; i < maintained->server_count; i++) {
		if (!swk_server_compare(&maintained->servers[i], server))
			return;
	}
	if (maintained->server_count == SWK_REQUEST_SERVICES_MAX)
		maintained->crowded = true;
	else
		maintained->servers[maintained->server_count++] = *server;
}

static void add_address(struct swk_maintained *maintained, const char *address, double port)
{
	struct swk_server server = {0};

	if (port >= 1 && port <= 65535 &&
	    swk_server_set_address(&server, address, (unsigned long)port))
		add_server(maintained, &server);
}

/* Adds an address with each port that settings may select by name. */
static void add_ports(struct swk_maintained *maintained, const struct swk_instance *instance,
		      const char *address, double port)
{
	add_address(maintained, address, port);
	for (size_t i = 0; i < instance->port_count; i++)
		add_address(maintained, address, instance->ports[i].port);
}

static const char *address_of(const struct swk_instance *instance)
{
	return *instance->address ? instance->address : instance->node_address;
}

/* Adds the other addresses that the instance registers: the settings of a host with proxies may
 * select one of them. */
static void add_others(struct swk_maintained *maintained, const struct swk_instance *instance)
{
	add_ports(maintained, instance, address_of(instance), instance->port);
	for (size_t i = 0; i < instance->tagged_count; i++) {
		const struct swk_tagged *tagged = &instance->tagged[i];

		add_ports(maintained, instance, tagged->address,
			  tagged->port > 0 ? tagged->port : instance->port);
	}
	for (size_t i = 0; !*instance->address && i < instance->node_tagged_count; i++)
		add_ports(maintained, instance, instance->node_tagged[i].address, instance->port);
}

/* Adds the address that the settings select for proxies. */
static void add_published(struct swk_maintained *maintained, const struct swk_instance *instance)
{
	const struct swk_policy policy = {.settings = maintained->settings};
	struct swk_endpoint endpoint = {.outcome = SWK_OUTCOME_SKIPPED};
	struct swk_report report;
	struct swk_rules rules;

	swk_report_init(&report);
	swk_rules_find(&rules, &maintained->settings->defaults, &maintained->settings->services,
		       instance->service);
	swk_endpoint_of_instance(&endpoint, &policy, &rules, instance, &report);
	if (endpoint.outcome != SWK_OUTCOME_SKIPPED && endpoint.server.host)
		maintained->named = true;
	else if (endpoint.outcome != SWK_OUTCOME_SKIPPED)
		add_server(maintained, &endpoint.server);
	swk_report_free(&report);
}

static int take_instance(void *context, const struct swk_instance *instance,
			 struct swk_error *error)
{
	struct swk_maintained *maintained = context;
	const struct swk_policy policy = {.settings = maintained->settings,
					  .is_here = swk_address_is_here};

	(void)error;
	if (strcmp(instance->id, maintained->id) != 0 ||
	    strcmp(instance->node, maintained->node) != 0 || !instance->maintenance)
		return 0;
	maintained->shown = true;
	maintained->elsewhere = !swk_endpoint_node_is_here(&policy, instance);
	add_address(maintained, address_of(instance), instance->port);
	add_published(maintained, instance);
	maintained->selected_count = maintained->server_count;
	add_others(maintained, instance);
	return 0;
}

static void forget(void *context)
{
	struct swk_maintained *maintained = context;

	maintained->shown = maintained->named = maintained->crowded = false;
	maintained->server_count = 0;
}

int swk_maintained_read(struct swk_maintained *maintained, struct swk_error *error)
{
	struct swk_consul_query query = {
		.service = maintained->service,
		.consistent = true,
		.near = true,
		.sink = {.context = maintained, .tagged = true, .instance = take_instance},
		.again = forget,
	};

	forget(maintained);
	if (swk_consul_ask(&maintained->consul, maintained->http, &query, 1,
			   swk_now_ms() + SWK_REQUESTER_CALL_MS, error))
		return error->status;
	return query.error.status ? swk_error_set(error, query.error.status, "%s", query.error.text)
				  : 0;
}
