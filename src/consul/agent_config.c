/* SPDX-License-Identifier: MIT */
#include "consul/agent_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* ---- writing ---- */

/* What all watches share, and where they are written. */
struct printing {
	struct swk_buffer *out;
	const struct swk_settings *settings;
	const char *program;
	const struct swk_texts *options;
	struct swk_error *error;
};

/* The command that a watch runs; NULL without memory. */
static json_t *command_line(const char *program, const struct swk_texts *options,
			    const char *service)
{
	json_t *list = json_pack("[s]", program);
	int failed = !list;

	for (size_t i = 0; !failed && i < options->count; i++)
		failed = json_array_append_new(list, json_string(options->list[i]));
	/* If the service has no instance, the document does not name it. */
	if (!failed && service)
		failed = json_array_append_new(list, json_string("--service")) ||
			 json_array_append_new(list, json_string(service));
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

/* Writes a line for a watch of this service, of the keys below this prefix, or, if both are NULL,
 * of neither. */
static int print_watch(const struct printing *to, const char *type, const char *service,
		       const char *prefix)
{
	json_t *watch =
		json_pack("{ss, ss*, ss*, ss*, ss, so}", "type", type, "service", service, "prefix",
			  prefix, "datacenter", to->settings->consul.datacenter, "handler_type",
			  "script", "args", command_line(to->program, to->options, service));
	char *text = watch ? json_dumps(watch, 0) : NULL;
	/* The first watch follows the bracket that begins the list. */
	const char *comma = to->out->data[to->out->length - 1] == '[' ? "" : ",";
	int status = text ? swk_buffer_words(to->out, to->error, SWK_WORDS(comma, "\n    ", text))
			  : swk_error_memory(to->error);

	free(text);
	json_decref(watch);
	return status;
}

/* Watches the whole tree, because a run asks Consul if the document lacks the keys of an upstream.
 * The slash ends the prefix, so keys of a longer name are not included. */
static int print_keys(const struct printing *to)
{
	char *prefix;
	int status;

	if (!to->settings->keyprefix)
		return 0;
	if (asprintf(&prefix, "%s/", to->settings->keyprefix) < 0)
		return swk_error_memory(to->error);
	status = print_watch(to, "keyprefix", NULL, prefix);
	free(prefix);
	return status;
}

/* Each watch holds one connection, and two during a reload. If that is more than half of the
 * agent's limit, raises the limit by as much, so that other clients keep the default. */
static int print_limits(const struct printing *to, size_t watches)
{
	if (4 * watches <= SWK_CONSUL_CONNECTIONS)
		return 0;
	return swk_buffer_print(
		to->out, to->error, "  \"limits\": {\"http_max_conns_per_client\": %zu},\n",
		SWK_CONSUL_CONNECTIONS + 2 * (watches + (to->settings->keyprefix ? 3 : 2)));
}

static int check_text(const char *text, struct swk_error *error)
{
	json_t *string = json_string(text);

	if (!string)
		return swk_error_set(error, SWK_USAGE,
				     "'%s' is not UTF-8, which the agent's configuration must be",
				     text);
	json_decref(string);
	return 0;
}

static int check_texts(const char *program, const struct swk_texts *options,
		       struct swk_error *error)
{
	int status = check_text(program, error);

	for (size_t i = 0; !status && i < options->count; i++)
		status = check_text(options->list[i], error);
	return status;
}

int swk_agent_config_print(struct swk_buffer *out, const struct swk_services *services,
			   const struct swk_settings *settings, const char *program,
			   const struct swk_texts *options, struct swk_error *error)
{
	const struct printing to = {out, settings, program, options, error};

	if (check_texts(program, options, error) || swk_buffer_print(out, error, "{\n") ||
	    print_limits(&to, services->count) ||
	    swk_buffer_print(out, error, "  \"watches\": [") ||
	    print_watch(&to, "checks", NULL, NULL) || print_watch(&to, "services", NULL, NULL) ||
	    print_keys(&to))
		return error->status;
	for (size_t i = 0; i < services->count; i++) {
		if (print_watch(&to, "service", services->list[i].name, NULL))
			return error->status;
	}
	return swk_buffer_print(out, error, "\n  ]\n}\n");
}

/* ---- recognising ---- */

/* Whether this is an object with no keys but these. */
static bool has_only(json_t *object, const char *const *keys)
{
	void *at = json_object_iter(object);

	if (!json_is_object(object))
		return false;
	for (; at; at = json_object_iter_next(object, at)) {
		const char *const *key = keys;

		while (*key && strcmp(*key, json_object_iter_key(at)) != 0)
			key++;
		if (!*key)
			return false;
	}
	return true;
}

static bool is_watch(json_t *watch)
{
	const char *runs = json_string_value(json_array_get(json_object_get(watch, "args"), 0));
	const char *slash = runs ? strrchr(runs, '/') : NULL;

	return has_only(watch, SWK_WORDS("type", "service", "prefix", "datacenter", "handler_type",
					 "args")) &&
	       runs && !strcmp(slash ? slash + 1 : runs, "swk-apply");
}

static bool is_generated(json_t *file)
{
	json_t *limits = json_object_get(file, "limits");
	json_t *watches = json_object_get(file, "watches");

	if (!has_only(file, SWK_WORDS("limits", "watches")) || !json_array_size(watches) ||
	    (limits && !has_only(limits, SWK_WORDS("http_max_conns_per_client"))))
		return false;
	for (size_t i = 0; i < json_array_size(watches); i++) {
		if (!is_watch(json_array_get(watches, i)))
			return false;
	}
	return true;
}

bool swk_agent_config_recognise(const struct swk_buffer *text)
{
	json_t *file =
		text->length ? swk_json_load(text->data, text->length, JSON_REJECT_DUPLICATES, NULL)
			     : NULL;
	bool generated = is_generated(file);

	json_decref(file);
	return generated;
}
