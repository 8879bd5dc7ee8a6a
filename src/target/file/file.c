/* SPDX-License-Identifier: MIT */
#include "target/file/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "haproxy/conf.h"
#include "nginx/conf.h"
#include "target/children.h"

struct file {
	struct swk_own_file own;
	const struct swk_file_settings *settings;
};

/* ---- the content ---- */

static int render(const struct swk_target *target, const struct swk_upstreams *set,
		  struct swk_buffer *out, struct swk_error *error)
{
	const struct file *this = target->own;

	if (this->settings->format == SWK_FILE_HAPROXY)
		return swk_haproxy_backends(out, set, NULL, NULL, error);
	return swk_nginx_blocks(out, set, error);
}

/* What the stream module of nginx does not have (ngx_stream_upstream_module). */
static const char *fit_stream(struct swk_upstream *upstream)
{
	const bool hashed = upstream->balance == SWK_IP_HASH;

	if (hashed)
		upstream->balance = SWK_ROUND_ROBIN;
	/* It is the default for all upstreams, so its lack needs no message. */
	upstream->keepalive = 0;
	upstream->says_none = false;
	return hashed ? "nginx's stream module has no ip_hash: it is balanced by round robin"
		      : NULL;
}

static const char *file_fit(const struct swk_target *target, struct swk_upstream *upstream)
{
	const struct file *this = target->own;

	if (this->settings->format == SWK_FILE_HAPROXY)
		return swk_haproxy_fit(upstream);
	return this->settings->context == SWK_FILE_STREAM ? fit_stream(upstream) : NULL;
}

/* ---- reload ---- */

/* Waits for a child that the master did not have before. A master that is being replaced has none
 * for a moment. */
static void await_child(const struct swk_target *target, const struct swk_children *before,
			int64_t deadline, struct swk_error *cause)
{
	const struct timespec pause = {0, SWK_TARGET_TICK_MS * 1000000L};
	const char *pid_file = ((const struct file *)target->own)->settings->pid_file;
	struct swk_children now = {0};
	struct swk_error trouble;

	for (;;) {
		trouble = (struct swk_error){0};
		if (!swk_children_read(&now, pid_file, &trouble) && swk_children_new(&now, before))
			return;
		if (!swk_deadline_left(deadline, 1) || swk_target_is_stopped(target))
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (trouble.status)
		*cause = trouble;
	else
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "the process of %s has no new child after the reload: its log "
				    "says why",
				    pid_file);
}

static int reload(struct swk_target *target, const struct swk_texts *command, int64_t deadline,
		  struct swk_error *cause, struct swk_error *error)
{
	const struct swk_file_settings *settings = ((const struct file *)target->own)->settings;
	struct swk_children before = {0};
	struct swk_error failure = {0};

	if (settings->pid_file)
		(void)swk_children_read(&before, settings->pid_file, &failure);
	if (!failure.status &&
	    !swk_own_file_run(target, command ? command : &settings->own.reload, deadline, cause,
			      error) &&
	    !cause->status && settings->pid_file)
		await_child(target, &before, deadline, &failure);
	if (failure.status)
		(void)swk_error_set(cause, failure.status, "%s: %s", target->name, failure.text);
	return error->status;
}

/* ---- the kind ---- */

static int file_read(struct swk_target *target, enum swk_depth depth, const char *name,
		     int64_t deadline, struct swk_error *error)
{
	struct file *this = target->own;
	struct swk_error cause = {0};

	(void)name;
	(void)deadline;
	swk_live_free(&target->live);
	target->trouble = (struct swk_error){0};
	target->given_up = false;
	target->live.readable = depth >= SWK_DEPTH_STATE ? SWK_READ_ATTRIBUTES : SWK_READ_NAMES;
	if (depth == SWK_DEPTH_ONE)
		return 0;
	if (swk_own_file_read(target, &this->own, &target->live.upstreams, &target->trouble, &cause,
			      error))
		return error->status;
	target->live.unconfirmed = this->own.unconfirmed;
	if (cause.status)
		swk_target_give_up(target, &cause);
	else if (target->trouble.status)
		swk_error_add(&target->trouble, "; it is written again");
	return 0;
}

static int file_apply(struct swk_target *target, const struct swk_plan *plan,
		      struct swk_target_outcome *outcomes, int64_t deadline,
		      struct swk_error *error)
{
	struct file *this = target->own;
	struct swk_error cause = {0};

	if (!swk_deadline_left(deadline, 1))
		return 0;
	if (swk_own_file_apply(target, &this->own, plan, outcomes, deadline, &cause, error))
		return error->status;
	if (cause.status)
		swk_target_give_up(target, &cause);
	return 0;
}

static int file_reload(struct swk_target *target, const struct swk_texts *command, int64_t deadline,
		       struct swk_error *cause, struct swk_error *error)
{
	struct file *this = target->own;

	return swk_own_file_reload(target, &this->own, command, deadline, cause, error);
}

static int file_open(struct swk_target *target, const struct swk_settings *settings,
		     const struct swk_target_settings *its, struct swk_error *error)
{
	struct file *this = calloc(1, sizeof(*this));

	target->own = this;
	target->name = strdup(its->name);
	if (!this || !target->name)
		return swk_error_memory(error);
	this->settings = its->own;
	target->address = target->file = this->settings->own.file;
	this->own.settings = &this->settings->own;
	this->own.reloads = this->settings->own.reload.count > 0;
	this->own.render = render;
	this->own.reload = reload;
	return swk_own_file_open(&this->own, settings, its, error);
}

static void file_close(struct swk_target *target)
{
	struct file *this = target->own;

	if (this)
		swk_own_file_close(&this->own);
	free(this);
	free(target->name);
}

/* ---- settings ---- */

static const char *const formats[] = {
	[SWK_FILE_NGINX] = "nginx", [SWK_FILE_HAPROXY] = "haproxy", NULL};
static const char *const contexts[] = {
	[SWK_FILE_HTTP] = "http", [SWK_FILE_STREAM] = "stream", NULL};

static const struct swk_field fields[] = {
	SWK_OWN_FILE_FIELDS,
	{"format", SWK_WORD, .offset = offsetof(struct swk_file_settings, format),
	 .words = formats},
	{"context", SWK_WORD, .offset = offsetof(struct swk_file_settings, context),
	 .words = contexts},
	{"pid_file", SWK_TEXT, .offset = offsetof(struct swk_file_settings, pid_file),
	 .valid = swk_own_file_path_valid,
	 .expected = "an absolute path, in printable ASCII without spaces"},
};

static int check(const void *own, const char **key, struct swk_error *error)
{
	const struct swk_file_settings *settings = own;

	if (swk_own_file_check(&settings->own, key, error))
		return error->status;
	*key = "context";
	if (settings->context == SWK_FILE_STREAM && settings->format != SWK_FILE_NGINX)
		return swk_error_set(error, SWK_USAGE, "only nginx's format has contexts");
	return 0;
}

static unsigned largest_weight(const void *own)
{
	const struct swk_file_settings *settings = own;

	return settings->format == SWK_FILE_HAPROXY ? SWK_HAPROXY_WEIGHT_MAX : SWK_WEIGHT_MAX;
}

const struct swk_target_keys swk_file_keys = {
	.fields = {fields, sizeof(fields) / sizeof(*fields)},
	.size = sizeof(struct swk_file_settings),
	.needs_name = true,
	.check = check,
	.largest_weight = largest_weight,
};

const struct swk_target_kind swk_target_file = {
	.words = {.program = "the proxy",
		  .interface = "a file",
		  .part = "proxy",
		  .parts = "proxies"},
	.creates = true,
	.open = file_open,
	.close = file_close,
	.read = file_read,
	.fit = file_fit,
	.apply = file_apply,
	.reload = file_reload,
};
