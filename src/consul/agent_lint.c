/* SPDX-License-Identifier: MIT */
#include "consul/agent_lint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "model/request.h"
#include "settings/config_line.h"

/* A watch that starts swk-apply. */
struct swk_agent_watch {
	json_t *watch; /* owned, as are the next two */
	char *file;
	struct swk_texts words; /* of its command line */
	size_t program;		/* the index of the word that names swk-apply */
	unsigned line;
	bool shell; /* a shell reads the command line */
};

/* ---- reading ---- */

static const char *text_of(const struct swk_agent_watch *watch, const char *key)
{
	const char *text = json_string_value(json_object_get(watch->watch, key));

	return text ? text : "";
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Finds the word that names swk-apply. */
static bool find_program(struct swk_agent_watch *watch)
{
	size_t i = 0;

	while (i < watch->words.count && strcmp(file_name(watch->words.list[i]), "swk-apply") != 0)
		i++;
	watch->program = i;
	return i < watch->words.count;
}

/* Adds the words of a text, without quotes. */
static int split(struct swk_texts *words, const char *text, struct swk_error *error)
{
	static const char between[] = " \t\n\"'";
	char *copy = strdup(text), *rest = copy, *word;
	int status = copy ? 0 : swk_error_memory(error);

	while (!status && (word = strsep(&rest, between))) {
		if (*word)
			status = swk_texts_add(words, word, error);
	}
	free(copy);
	return status;
}

/* Reads `args`, or the older `handler`, which a shell runs. An argument may be a shell's command.
 */
static int read_words(struct swk_agent_watch *watch, struct swk_error *error)
{
	const json_t *args = json_object_get(watch->watch, "args"), *arg;
	const char *handler = text_of(watch, "handler");
	int status = split(&watch->words, handler, error);
	size_t i;

	watch->shell = *handler;
	json_array_foreach(args, i, arg)
	{
		if (!status && json_is_string(arg))
			status = split(&watch->words, json_string_value(arg), error);
	}
	return status;
}

static void free_watch(struct swk_agent_watch *watch)
{
	json_decref(watch->watch);
	free(watch->file);
	swk_texts_free(&watch->words);
}

static int add(struct swk_agent_watches *watches, json_t *json, const char *file, unsigned line,
	       struct swk_error *error)
{
	struct swk_agent_watch *list = swk_list_grow(watches->list, watches->count, sizeof(*list));
	struct swk_agent_watch watch = {.watch = json_incref(json), .line = line};

	if (list)
		watches->list = list;
	watch.file = list ? strdup(file) : NULL;
	if (!watch.file)
		(void)swk_error_memory(error);
	else if (!read_words(&watch, error) && find_program(&watch)) {
		list[watches->count++] = watch;
		return 0;
	}
	free_watch(&watch);
	return error->status;
}

int swk_agent_watches_add(struct swk_agent_watches *watches, const char *file,
			  const struct swk_buffer *text, struct swk_error *error)
{
	const struct swk_config_step of_all = {.key = "watches"};
	json_error_t failure;
	json_t *root = swk_json_load(text->data ? text->data : "", text->length, 0, &failure);
	json_t *list = json_object_get(root, "watches"), *watch;
	int status = 0;
	size_t i;

	if (!root)
		return swk_error_set(error, SWK_DATA, "%s:%d: this is not JSON: %s", file,
				     failure.line, failure.text);
	json_array_foreach(list, i, watch)
	{
		const struct swk_config_step step = {.up = &of_all, .index = i};

		if (!status && json_is_object(watch))
			status = add(watches, watch, file,
				     (unsigned)swk_config_line(text->data, text->length, &step),
				     error);
	}
	json_decref(root);
	return status;
}

void swk_agent_watches_free(struct swk_agent_watches *watches)
{
	for (size_t i = 0; i < watches->count; i++)
		free_watch(&watches->list[i]);
	free(watches->list);
	*watches = (struct swk_agent_watches){0};
}

/* ---- the command line ---- */

/* Whether there is an option: `--service web`, `--service=web`, `-s web`, or `SWK_SERVICE=web`
 * before the program. *value becomes its value; "" if it is the last word. */
static bool has_option(const struct swk_agent_watch *watch, const char *name, const char *letter,
		       const char *variable, const char **value)
{
	const struct swk_texts *words = &watch->words;

	for (size_t i = 0; i < words->count; i++) {
		const bool before = i < watch->program; /* a wrapper, such as env */
		const char *word = words->list[i], *start = before ? variable : name;
		const size_t length = strlen(start);

		*value = i + 1 < words->count ? words->list[i + 1] : "";
		if (!before && (!strcmp(word, name) || !strcmp(word, letter)))
			return true;
		if (strncmp(word, start, length) != 0 || (!before && word[length] != '='))
			continue;
		*value = word + length + !before;
		return true;
	}
	return false;
}

/* Whether it is for other settings or another conf file than those of this command. */
static bool is_apart(const struct swk_agent_watch *watch)
{
	const char *value;

	return has_option(watch, "--config", "-C", "SWK_CONFIG=", &value) ||
	       has_option(watch, "--conf", "-c", "SWK_CONF=", &value);
}

static bool same_words(const struct swk_agent_watch *a, const struct swk_agent_watch *b)
{
	if (a->words.count != b->words.count)
		return false;
	for (size_t i = 0; i < a->words.count; i++) {
		if (strcmp(a->words.list[i], b->words.list[i]) != 0)
			return false;
	}
	return true;
}

/* ---- findings ---- */

struct lint {
	struct swk_findings *findings;
	const struct swk_agent_watches *watches;
	const struct swk_settings *settings;
	struct swk_error *error;
};

static int found(const struct lint *lint, const struct swk_agent_watch *watch, const char *rule,
		 const char *what, const char *reason, const char *mend)
{
	const struct swk_found finding = {.rule = rule,
					  .reason = reason,
					  .file = watch->file,
					  .what = what,
					  .mend = mend,
					  .line = watch->line};

	return swk_findings_add(lint->findings, &finding, lint->error);
}

#define REFUSED "swk-apply refuses its document, with status 65"

/* Types that swk-apply refuses. */
static int check_type(const struct lint *lint, const struct swk_agent_watch *watch)
{
	const char *type = text_of(watch, "type"), *prefix = lint->settings->keyprefix;
	char what[SWK_TEXT_MAX], mend[SWK_TEXT_MAX];

	(void)snprintf(what, sizeof(what), "a watch of type '%s' starts swk-apply", type);
	if (!strcmp(type, "checks") || !strcmp(type, "services") || !strcmp(type, "service"))
		return 0;
	if (strcmp(type, "keyprefix") != 0)
		return found(lint, watch, "watch-type", what, REFUSED,
			     "use the watches in consul.d, or let it start 'swk-apply --resync'");
	if (is_apart(watch))
		return 0;
	if (!prefix)
		return found(lint, watch, "watch-type", what, REFUSED ", without 'keyprefix'",
			     "set 'keyprefix' in the settings, or remove the watch");
	type = text_of(watch, "prefix");
	if (!strncmp(type, prefix, strlen(prefix)) && !strcmp(type + strlen(prefix), "/"))
		return 0;
	(void)snprintf(what, sizeof(what), "a keyprefix watch has the prefix '%s'", type);
	(void)snprintf(mend, sizeof(mend), "make it '%s/', which belongs to 'keyprefix'", prefix);
	return found(lint, watch, "watch-type", what,
		     "swk-apply takes its document for all keys of upstreams, and nginx loses the "
		     "servers that it lacks",
		     mend);
}

/* A tag is a text or a list. */
static bool filters(const json_t *value)
{
	return json_string_length(value) || json_array_size(value) || json_is_true(value);
}

/* Keys with which the document shows a part only. */
static int check_filter(const struct lint *lint, const struct swk_agent_watch *watch)
{
	static const struct {
		const char *type, *keys[4], *reason;
	} rows[] = {
		{"service",
		 {"passingonly", "tag", "filter"},
		 "swk-apply takes its document for the whole service, and nginx loses the servers "
		 "that it lacks"},
		{"checks",
		 {"state", "service", "filter"},
		 "it misses other changes, and refuses an empty document with status 65"},
		{"services", {"filter"}, "it misses services that come and go"},
	};
	char what[SWK_TEXT_MAX], mend[SWK_TEXT_MAX];
	int status = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (strcmp(rows[i].type, text_of(watch, "type")) != 0)
			continue;
		for (const char *const *key = rows[i].keys; !status && *key; key++) {
			if (!filters(json_object_get(watch->watch, *key)))
				continue;
			(void)snprintf(what, sizeof(what), "a %s watch has '%s'", rows[i].type,
				       *key);
			(void)snprintf(mend, sizeof(mend),
				       "remove '%s': the settings decide what is served", *key);
			status = found(lint, watch, "watch-filtered", what, rows[i].reason, mend);
		}
	}
	return status;
}

static int check_service(const struct lint *lint, const struct swk_agent_watch *watch)
{
	const char *named = "";
	const bool has = has_option(watch, "--service", "-s", "SWK_SERVICE=", &named);
	const bool of_one = !strcmp(text_of(watch, "type"), "service");
	const char *service = text_of(watch, "service");
	char what[SWK_TEXT_MAX], mend[SWK_TEXT_MAX];

	if (of_one ? has && !strcmp(named, service) : !has)
		return 0;
	(void)snprintf(what, sizeof(what),
		       "the watch is not about the service '%s' of its --service", named);
	(void)snprintf(mend, sizeof(mend), "add '--service %s' to its args", service);
	if (!has)
		return found(lint, watch, "watch-service", "a service watch has no --service",
			     "without an instance, its document does not name the service, and "
			     "swk-apply refuses it with status 65",
			     mend);
	(void)snprintf(mend, sizeof(mend), "use '--service %s'", service);
	return found(lint, watch, "watch-service", what, REFUSED,
		     of_one ? mend : "remove --service");
}

/* Whether two watches fire for the same thing. */
static bool same_subject(const struct swk_agent_watch *a, const struct swk_agent_watch *b)
{
	static const char *const keys[] = {"type", "service", "prefix", "key", "datacenter"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (strcmp(text_of(a, keys[i]), text_of(b, keys[i])) != 0)
			return false;
	}
	return same_words(a, b) || (!is_apart(a) && !is_apart(b));
}

static bool is_on_requests(const struct swk_agent_watch *watch)
{
	return !strcmp(text_of(watch, "type"), "keyprefix") &&
	       !strcmp(text_of(watch, "prefix"), SWK_FLEET_REQUESTS "/");
}

static bool answers_requests(const struct swk_agent_watch *watch)
{
	const char *value;

	return has_option(watch, "--requests", "-R", "SWK_REQUESTS=", &value);
}

/* The watch of the fleet, which the agent has for one conf file only. */
static int check_requests(const struct lint *lint, const struct swk_agent_watch *watch)
{
	const bool is_prefix = is_on_requests(watch);

	if (!answers_requests(watch) && is_prefix)
		return found(lint, watch, "watch-type",
			     "the watch on requests of the fleet lacks --requests",
			     "no request is answered", "add '--requests' to its args");
	if (answers_requests(watch) && !is_prefix)
		return found(lint, watch, "watch-type",
			     "the watch has --requests, and is not one of type 'keyprefix' on "
			     "'swk/requests/'",
			     REFUSED ", or no request is answered",
			     "use swk-fleet.hcl in consul.d");
	for (const struct swk_agent_watch *its = lint->watches->list; its < watch; its++) {
		if (is_prefix && answers_requests(its) && !same_subject(its, watch))
			return found(lint, watch, "watch-twice",
				     "another watch of this agent has --requests",
				     "their answers overwrite each other",
				     "answer requests for one conf file of this host only");
	}
	return 0;
}

static int check_twice(const struct lint *lint, const struct swk_agent_watch *watch)
{
	char what[SWK_TEXT_MAX];

	for (const struct swk_agent_watch *its = lint->watches->list; its < watch; its++) {
		if (!same_subject(its, watch))
			continue;
		(void)snprintf(what, sizeof(what), "%s:%u has this %s watch, too", its->file,
			       its->line, text_of(watch, "type"));
		return found(lint, watch, "watch-twice", what, "each event starts swk-apply twice",
			     "remove one of the two");
	}
	return 0;
}

static int check_token(const struct lint *lint, const struct swk_agent_watch *watch)
{
	char what[SWK_TEXT_MAX];

	for (size_t i = 0; !*text_of(watch, "token") && i < lint->watches->count; i++) {
		const struct swk_agent_watch *its = &lint->watches->list[i];

		if (!*text_of(its, "token"))
			continue;
		(void)snprintf(what, sizeof(what), "the watch has no token, but %s:%u has one",
			       its->file, its->line);
		return found(lint, watch, "watch-token", what,
			     "Consul leaves out what the agent's default token may not read, "
			     "without an error",
			     "add the token, or leave it out everywhere if the default token is "
			     "enough");
	}
	return 0;
}

/* ---- handlers ---- */

static bool may_execute(const char *path)
{
	struct stat about;

	if (access(path, X_OK) || stat(path, &about))
		return false;
	errno = EISDIR;
	return !S_ISDIR(about.st_mode);
}

/* Looks where systemd's services look, too: the agent's PATH is not known. Sets errno if false. */
static bool may_start(const char *word)
{
	static const char standard[] =
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const char *own = getenv("PATH");
	const char *const paths[] = {own ? own : "", standard};
	char path[4096];
	int reason = ENOENT;

	if (strchr(word, '/'))
		return may_execute(word);
	for (size_t i = 0; i < 2; i++) {
		const char *at = paths[i];

		while (*at) {
			const int length = (int)strcspn(at, ":");

			(void)snprintf(path, sizeof(path), "%.*s/%s", length, at, word);
			if (may_execute(path))
				return true;
			reason = errno == EACCES ? errno : reason;
			at += length + (at[length] == ':');
		}
	}
	errno = reason;
	return false;
}

static int check_handler(const struct lint *lint, const struct swk_agent_watch *watch)
{
	const char *words[] = {watch->words.list[0], watch->words.list[watch->program]};
	char what[SWK_TEXT_MAX];

	for (size_t i = 0; i < 2; i++) {
		/* A shell may know the word, or replace it. The agent's working folder is not
		 * known. */
		if ((watch->shell && !i) || strpbrk(words[i], "$`*?(") ||
		    (*words[i] != '/' && strchr(words[i], '/')) || may_start(words[i]))
			continue;
		(void)snprintf(what, sizeof(what), "this user cannot execute '%s': %s", words[i],
			       strerror(errno));
		return found(
			lint, watch, "watch-handler", what,
			"the agent's log has an error for each event, and nginx gets no change",
			"correct the path or the rights of the file and its folders");
	}
	return 0;
}

/* ---- all of it ---- */

int swk_agent_lint(struct swk_findings *findings, const struct swk_agent_watches *watches,
		   const struct swk_settings *settings, struct swk_error *error)
{
	const struct lint lint = {findings, watches, settings, error};

	for (size_t i = 0; i < watches->count; i++) {
		const struct swk_agent_watch *watch = &watches->list[i];
		const char *value;

		if (check_requests(&lint, watch))
			break;
		/* With --resync, swk-apply reads no document. */
		if (!has_option(watch, "--resync", "-r", "SWK_RESYNC=", &value) &&
		    !is_on_requests(watch) && !answers_requests(watch) &&
		    (check_type(&lint, watch) || check_filter(&lint, watch) ||
		     check_service(&lint, watch)))
			break;
		if (check_twice(&lint, watch) || check_token(&lint, watch) ||
		    check_handler(&lint, watch))
			break;
	}
	return error->status;
}
