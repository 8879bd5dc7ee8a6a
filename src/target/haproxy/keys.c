/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "haproxy/conf.h"
#include "io/socket.h"
#include "target/haproxy/haproxy.h"

static bool is_socket(const char *text)
{
	struct swk_socket ignored;

	return swk_own_file_path_valid(*text == '/' ? text : "/") &&
	       swk_socket_parse(&ignored, text);
}

#define SOCKET "the absolute path of a socket, or an IP address with a port"

static const struct swk_field fields[] = {
	{"socket", SWK_TEXT, .offset = offsetof(struct swk_haproxy_settings, socket),
	 .valid = is_socket, .expected = SOCKET},
	SWK_OWN_FILE_FIELDS,
	{"master_socket", SWK_TEXT, .offset = offsetof(struct swk_haproxy_settings, master_socket),
	 .valid = is_socket, .expected = SOCKET},
	{"server_options", SWK_LIST,
	 .offset = offsetof(struct swk_haproxy_settings, server_options)},
	{"backend_options", SWK_LIST,
	 .offset = offsetof(struct swk_haproxy_settings, backend_options)},
};

static bool is_one_of(const char *const *words, const char *word, size_t length)
{
	for (; *words; words++) {
		if (strlen(*words) == length && !memcmp(*words, word, length))
			return true;
	}
	return false;
}

static int check_server_options(const struct swk_texts *options, struct swk_error *error)
{
	static const char *const registered[] = {"weight", "maxconn", "backup", "disabled", NULL};

	for (size_t i = 0; i < options->count; i++) {
		const char *word = options->list[i];

		if (!swk_haproxy_word_valid(word))
			return swk_error_set(error, SWK_USAGE,
					     "each string must be a word in printable ASCII, "
					     "without quotes, '\\', '#' and ';'");
		if (is_one_of(registered, word, strlen(word)))
			return swk_error_set(error, SWK_USAGE,
					     "'%s' comes from the registrations of instances",
					     word);
	}
	return 0;
}

static int check_backend_options(const struct swk_texts *options, struct swk_error *error)
{
	static const char *const servers[] = {"server", "server-template", NULL};
	static const char *const sections[] = {"backend",  "frontend", "listen",
					       "defaults", "global",   NULL};

	for (size_t i = 0; i < options->count; i++) {
		const char *word = options->list[i] + strspn(options->list[i], " ");
		size_t length = strcspn(word, " ");

		if (!swk_haproxy_line_valid(options->list[i]))
			return swk_error_set(error, SWK_USAGE,
					     "each string must be a line without control "
					     "characters");
		if (length == strlen("default-server") && !strncmp(word, "default-server", length))
			return swk_error_set(error, SWK_USAGE,
					     "servers that are added at run time do not inherit "
					     "'default-server': use server_options");
		if (is_one_of(servers, word, length))
			return swk_error_set(error, SWK_USAGE,
					     "servers come from Consul: '%.*s' is not possible",
					     (int)length, word);
		if (is_one_of(sections, word, length))
			return swk_error_set(error, SWK_USAGE, "'%.*s' would begin a section",
					     (int)length, word);
	}
	return 0;
}

static int check(const void *own, const char **key, struct swk_error *error)
{
	const struct swk_haproxy_settings *settings = own;

	if (!settings->socket)
		return swk_error_set(error, SWK_USAGE, "it needs a socket");
	if (swk_own_file_check(&settings->own, key, error))
		return error->status;
	*key = "master_socket";
	if (settings->master_socket && settings->own.reload.count)
		return swk_error_set(error, SWK_USAGE,
				     "either this or reload reloads HAProxy, not both");
	*key = "server_options";
	if (check_server_options(&settings->server_options, error))
		return error->status;
	*key = "backend_options";
	return check_backend_options(&settings->backend_options, error);
}

static unsigned largest_weight(const void *own)
{
	(void)own;
	return SWK_HAPROXY_WEIGHT_MAX;
}

const struct swk_target_keys swk_haproxy_keys = {
	.fields = {fields, sizeof(fields) / sizeof(*fields)},
	.size = sizeof(struct swk_haproxy_settings),
	.needs_name = true,
	.check = check,
	.largest_weight = largest_weight,
};
