/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "nginx/conf.h"
#include "nginx/scan.h"
#include "run/run.h"

/* ---- what the run is about ---- */

static int add_upstreams(struct swk_names *names, const struct swk_services *services,
			 struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; i < services->count; i++) {
		const struct swk_upstreams *upstreams = &services->list[i].upstreams;

		for (size_t j = 0; !status && j < upstreams->count; j++)
			status = swk_names_add(names, upstreams->list[j].name, error);
	}
	return status;
}

/* The names that this run could add, send or restore. */
static int find_names(const struct swk_run *run, struct swk_names *names)
{
	const struct swk_state *state = &run->state;
	int status = add_upstreams(names, &run->services, run->error);

	if (!status)
		status = add_upstreams(names, &run->keys, run->error);
	for (size_t i = 0; !status && i < state->target_count; i++)
		status = swk_names_add_all(names, &state->targets[i].pending, run->error);
	for (size_t i = 0; !status && i < state->refused_count; i++)
		status = swk_names_add(names, state->refused[i].upstream, run->error);
	return status;
}

/* ---- reading ---- */

struct reading {
	struct swk_run *run;
	bool unfit;	/* FILE must be read as a whole */
	size_t next;	/* the first of the names whose place has not been reached */
	bool ends[256]; /* last bytes of the names that the run is about, without case */
};

static unsigned char last_byte(const char *name)
{
	return (unsigned char)tolower((unsigned char)name[strlen(name) - 1]);
}

static void find_ends(struct reading *reading)
{
	const struct swk_services *services = &reading->run->services;
	const struct swk_names *names = &reading->run->excerpt.names;

	for (size_t i = 0; i < services->count; i++)
		reading->ends[last_byte(services->list[i].name)] = true;
	for (size_t i = 0; i < names->count; i++)
		reading->ends[last_byte(names->list[i])] = true;
}

static bool is_about(const struct reading *reading, const struct swk_nginx_block *block)
{
	const struct swk_run *run = reading->run;

	if (block->kind == SWK_SOURCE_KEY && (run->keys_known || run->settings->ask))
		return true;
	if (!reading->ends[last_byte(block->source)] && !reading->ends[last_byte(block->name)])
		return false;
	return (block->kind == SWK_SOURCE_SERVICE &&
		swk_services_find(&run->services, block->source)) ||
	       swk_names_contain(&run->excerpt.names, block->name);
}

static int add_place(struct swk_run *run, const char *name, off_t at, size_t length, uint64_t hash)
{
	struct swk_excerpt *excerpt = &run->excerpt;
	struct swk_place *list =
		swk_list_grow(excerpt->places, excerpt->place_count, sizeof(*list));
	char *copy = list ? strdup(name) : NULL;

	if (list)
		excerpt->places = list;
	if (!copy)
		return swk_error_memory(run->error);
	list[excerpt->place_count++] =
		(struct swk_place){.name = copy, .at = at, .length = length, .hash = hash};
	return 0;
}

/* Notes where the names are missing that sort before this one; NULL: all others. */
static int note_missing(struct reading *reading, const char *name, off_t at)
{
	const struct swk_names *names = &reading->run->excerpt.names;
	int order = -1, status = 0;

	while (!status && order < 0 && reading->next < names->count) {
		if (name)
			order = strcasecmp(names->list[reading->next], name);
		if (order < 0)
			status = add_place(reading->run, names->list[reading->next], at, 0, 0);
		reading->next += order <= 0;
	}
	return status;
}

static int take_block(struct reading *reading, const struct swk_nginx_block *block)
{
	struct swk_run *run = reading->run;
	struct swk_upstreams set = {0};
	struct swk_error ignored = {0};
	int status = add_place(run, block->name, block->at, block->length + 1, block->hash);

	if (status)
		return status;
	if (swk_nginx_read(&set, run->store.conf, block->text, block->length, &ignored))
		reading->unfit = true;
	else
		status = swk_upstreams_append(&run->recorded, set.list, run->error);
	swk_upstreams_free(&set);
	return status;
}

static int take(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	struct reading *reading = context;

	if (!*block->name)
		return note_missing(reading, NULL, block->at);
	/* To find the source of such an upstream, all services are needed. */
	reading->unfit |= !*block->source;
	if (reading->unfit)
		return 0;
	if (note_missing(reading, block->name, block->at))
		return error->status;
	return is_about(reading, block) ? take_block(reading, block) : 0;
}

/* Forgets what was found, but keeps FILE open. */
static void forget_places(struct swk_run *run)
{
	struct swk_excerpt *excerpt = &run->excerpt;

	for (size_t i = 0; i < excerpt->place_count; i++)
		free(excerpt->places[i].name);
	free(excerpt->places);
	excerpt->places = NULL;
	excerpt->place_count = 0;
	excerpt->others = (struct swk_state_conf){0};
	swk_names_free(&excerpt->names);
	swk_upstreams_free(&run->recorded);
}

void swk_run_close_excerpt(struct swk_run *run)
{
	forget_places(run);
	if (run->excerpt.used)
		(void)close(run->excerpt.descriptor);
	run->excerpt = (struct swk_excerpt){0};
}

struct swk_state_conf swk_run_count(const struct swk_run *run, const struct swk_upstreams *set)
{
	const bool excerpt = run->excerpt.used;
	struct swk_state_conf conf = run->excerpt.others;

	conf.upstreams += set->count;
	conf.named |= !excerpt;
	for (size_t i = 0; i < set->count; i++) {
		const struct swk_upstream *this = &set->list[i];
		const char *source = this->source.name;

		conf.servers += this->count;
		conf.zero += this->says_none;
		conf.silent += !this->keepalive && !this->says_none;
		conf.named &= *source && !strncasecmp(this->name, source, strlen(source));
	}
	return conf;
}

static void count_others(struct swk_run *run)
{
	const struct swk_state_conf *all = &run->state.conf,
				    own = swk_run_count(run, &run->recorded);

	run->excerpt.others = (struct swk_state_conf){.upstreams = all->upstreams - own.upstreams,
						      .servers = all->servers - own.servers,
						      .zero = all->zero - own.zero,
						      .silent = all->silent - own.silent,
						      .named = all->named};
}

/* ---- is FILE as it was? ---- */

static void get_identity(struct swk_state_conf *identity, const struct stat *about)
{
	identity->inode = about->st_ino;
	identity->size = (uint64_t)about->st_size;
	identity->modified =
		(uint64_t)about->st_mtim.tv_sec * 1000000000 + (uint64_t)about->st_mtim.tv_nsec;
}

void swk_run_note_identity(struct swk_run *run, const struct stat *about)
{
	get_identity(&run->state.conf, about);
	/* Some file systems count whole seconds. There, another program may soon change FILE, and
	 * its time stays the same. */
	if (!about->st_mtim.tv_nsec && run->opened - about->st_mtim.tv_sec < 3)
		run->state.conf.inode = 0;
}

static bool is_same(const struct swk_state_conf *conf, const struct stat *about)
{
	struct swk_state_conf now;

	get_identity(&now, about);
	return conf->inode && conf->inode == now.inode && conf->size == now.size &&
	       conf->modified == now.modified;
}

/* Whether the names of all upstreams that the run is about begin with that of its only service. */
static bool is_about_one(const struct swk_run *run)
{
	const struct swk_names *names = &run->excerpt.names;
	const char *service = run->services.count == 1 ? run->services.list->name : NULL;

	for (size_t i = 0; service && i < names->count; i++) {
		if (strncasecmp(names->list[i], service, strlen(service)) != 0)
			return false;
	}
	return service && run->state.conf.named && !run->keys_known && !run->settings->ask;
}

/* Reads the blocks that the run is about. */
static int find_blocks(struct swk_run *run, struct reading *reading)
{
	struct swk_excerpt *excerpt = &run->excerpt;
	const struct swk_state_conf *conf = &run->state.conf;
	int status;

	if (is_same(conf, &run->about) && is_about_one(run)) {
		excerpt->hash = conf->hash;
		return swk_nginx_find(excerpt->descriptor, run->store.conf,
				      run->services.list->name, take, reading, run->error);
	}
	status = swk_nginx_scan(excerpt->descriptor, run->store.conf, take, reading, &excerpt->hash,
				run->error);
	if (!status && excerpt->hash == conf->hash)
		swk_run_note_identity(run, &run->about);
	return status ? status : note_missing(reading, NULL, run->about.st_size);
}

/* FILE is closed if it has to be read as a whole. */
static int read_blocks(struct swk_run *run)
{
	struct swk_excerpt *excerpt = &run->excerpt;
	struct reading reading = {.run = run};
	int status = find_names(run, &excerpt->names);

	find_ends(&reading);
	if (!status)
		status = find_blocks(run, &reading);
	if (status || reading.unfit || excerpt->hash != run->state.conf.hash)
		swk_run_close_excerpt(run);
	else
		count_others(run);
	return status;
}

/* Whether everything that the run needs is in an excerpt. */
static bool is_enough(const struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++) {
		/* It would be sent the whole of FILE. */
		if (!swk_state_find_target(&run->state, run->targets[i].name))
			return false;
	}
	/* If only some upstreams have `keepalive 0;`, the run may give it to the others. */
	if (run->state.conf.zero && run->state.conf.silent)
		return false;
	/* A metric has the health of each upstream. */
	return run->state.conf.hash && !run->settings->metrics_file;
}

int swk_run_read_excerpt(struct swk_run *run)
{
	int *descriptor = &run->excerpt.descriptor;

	if (!run->of_few || !is_enough(run))
		return 0;
	if (swk_run_open_conf(run, descriptor) || *descriptor < 0)
		return run->error->status;
	run->exists = run->excerpt.used = true;
	return read_blocks(run);
}

static bool contain_all(const struct swk_names *names, const struct swk_names *others)
{
	for (size_t i = 0; i < others->count; i++) {
		if (!swk_names_contain(names, others->list[i]))
			return false;
	}
	return true;
}

int swk_run_complete_excerpt(struct swk_run *run)
{
	struct swk_names names = {0};
	int status;

	if (!run->excerpt.used)
		return 0;
	status = find_names(run, &names);
	if (!status && !contain_all(&run->excerpt.names, &names)) {
		forget_places(run);
		status = read_blocks(run);
	}
	swk_names_free(&names);
	return status || run->excerpt.used ? status : swk_run_read_whole(run);
}

/* ---- writing ---- */

/* Appends what the desired FILE has at a place. */
static int write_place(const struct swk_run *run, const struct swk_place *place,
		       struct swk_buffer *text, struct swk_error *error)
{
	const struct swk_upstream *upstream = swk_upstreams_find(&run->desired, place->name);

	return upstream ? swk_nginx_block(text, upstream, error) : 0;
}

int swk_run_compare_excerpt(struct swk_run *run, uint64_t *hash)
{
	size_t size = (size_t)run->about.st_size, placed = 0;
	struct swk_buffer text;
	int status = 0;

	*hash = run->excerpt.hash;
	swk_buffer_init(&text, SWK_CONF_MAX);
	for (size_t i = 0; !status && i < run->excerpt.place_count; i++) {
		struct swk_place *place = &run->excerpt.places[i];
		uint64_t desired = 0;

		swk_buffer_clear(&text);
		status = write_place(run, place, &text, run->error);
		if (text.length)
			desired = swk_nginx_hash_block(text.data + 1, text.length - 1);
		placed += text.length > 0;
		place->rewritten = desired != place->hash;
		*hash += desired - place->hash;
		size += text.length - place->length;
	}
	swk_buffer_free(&text);
	if (!status && placed != run->desired.count)
		return swk_error_set(run->error, SWK_INTERNAL, "an upstream has no place in %s",
				     run->store.conf);
	if (status || size <= SWK_CONF_MAX)
		return status;
	return swk_error_set(run->error, SWK_INTERNAL, "%s would exceed its limit of %lu bytes",
			     run->store.conf, SWK_CONF_MAX);
}

/* FILE, which was checked when it was read, may not have changed since. Its second name,
 * FILE.previous, does not change its time of modification. */
static int find_outdated(struct swk_run *run)
{
	struct swk_state_conf read;
	struct stat about;

	if (fstat(run->excerpt.descriptor, &about))
		return -1;
	get_identity(&read, &run->about);
	run->excerpt.outdated = !is_same(&read, &about);
	return 0;
}

int swk_run_write_excerpt(void *context, int descriptor, struct swk_error *error)
{
	struct swk_run *run = context;
	struct swk_excerpt *excerpt = &run->excerpt;
	struct swk_buffer text;
	off_t at = 0;
	int status = 0;

	swk_buffer_init(&text, SWK_CONF_MAX);
	for (size_t i = 0; !status && i < excerpt->place_count; i++) {
		const struct swk_place *place = &excerpt->places[i];

		if (!place->rewritten)
			continue;
		swk_buffer_clear(&text);
		status = write_place(run, place, &text, error);
		if (!status)
			status = swk_file_copy(excerpt->descriptor, at, place->at, descriptor);
		if (!status)
			status = swk_file_write(descriptor, text.data, text.length);
		at = place->at + (off_t)place->length;
	}
	if (!status)
		status = swk_file_copy(excerpt->descriptor, at, run->about.st_size, descriptor);
	if (!status)
		status = fstat(descriptor, &excerpt->written);
	swk_buffer_free(&text);
	/* If FILE is shorter now, the copy failed. */
	if (!error->status && find_outdated(run))
		status = -1;
	if (!excerpt->outdated)
		return status;
	return swk_error_set(error, SWK_TEMPFAIL, "%s was changed while this run copied it",
			     run->store.conf);
}

int swk_run_give_up_excerpt(struct swk_run *run)
{
	struct swk_names own = {0};
	int status = 0;

	for (size_t i = 0; !status && i < run->excerpt.place_count; i++)
		status = swk_names_add(&own, run->excerpt.places[i].name, run->error);
	swk_run_close_excerpt(run);
	if (!status)
		status = swk_run_read_whole(run);
	for (size_t i = 0; !status && i < run->recorded.count; i++) {
		const struct swk_upstream *this = &run->recorded.list[i];

		if (!swk_names_contain(&own, this->name))
			status = swk_upstreams_append_copy(&run->desired, this, run->error);
	}
	(void)swk_upstreams_sort(&run->desired);
	swk_upstreams_free(&run->recorded);
	swk_names_free(&own);
	return status;
}
