/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>
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
	bool ends[256]; /* last bytes of the names that the run is about, without case */
};

static unsigned char last_byte(const char *name)
{
	return (unsigned char)tolower((unsigned char)name[strlen(name) - 1]);
}

static void find_ends(struct reading *reading)
{
	const struct swk_services *services = &reading->run->services;
	const struct swk_names *names = &reading->run->sought;

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
	       swk_names_contain(&run->sought, block->name);
}

static int take(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	struct reading *reading = context;
	struct swk_run *run = reading->run;
	struct swk_upstreams set = {0};
	struct swk_error ignored = {0};
	int status = 0;

	/* The source of such an upstream is looked for among all services. */
	reading->unfit |= !*block->source;
	if (reading->unfit || !is_about(reading, block))
		return 0;
	if (swk_nginx_read(&set, run->store.conf, block->text, block->length, &ignored))
		reading->unfit = true;
	else
		status = swk_upstreams_append(&run->recorded, set.list, error);
	swk_upstreams_free(&set);
	return status;
}

void swk_run_close_excerpt(struct swk_run *run)
{
	if (run->excerpt)
		(void)close(run->excerpt_descriptor);
	swk_names_free(&run->sought);
	swk_names_free(&run->rewritten);
	swk_upstreams_free(&run->recorded);
	run->excerpt = false;
	run->others = run->other_servers = 0;
}

static void count_others(struct swk_run *run)
{
	run->others = run->state.conf.upstreams - run->recorded.count;
	run->other_servers = run->state.conf.servers;
	for (size_t i = 0; i < run->recorded.count; i++)
		run->other_servers -= run->recorded.list[i].count;
}

/* Reads the blocks that the run is about. The file is closed if it has to be read as a whole. */
static int read_blocks(struct swk_run *run, int descriptor)
{
	struct reading reading = {.run = run};
	uint64_t hash = 0;
	int status = find_names(run, &run->sought);

	find_ends(&reading);
	run->excerpt = true;
	run->excerpt_descriptor = descriptor;
	if (!status)
		status = swk_nginx_scan(descriptor, run->store.conf, take, &reading, &hash,
					run->error);
	if (status || reading.unfit || hash != run->state.conf.hash)
		swk_run_close_excerpt(run);
	else
		count_others(run);
	run->excerpt_hash = hash;
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
	/* A metric has the health of each upstream. */
	return run->state.conf.hash && !run->settings->metrics_file;
}

int swk_run_read_excerpt(struct swk_run *run)
{
	int descriptor = -1;

	if (!run->of_few || !is_enough(run))
		return 0;
	if (swk_file_open(run->store.conf, &descriptor, run->error) || descriptor < 0)
		return run->error->status;
	run->exists = true;
	return read_blocks(run, descriptor);
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
	bool found;
	int status, descriptor = run->excerpt_descriptor;

	if (!run->excerpt)
		return 0;
	status = find_names(run, &names);
	found = status || contain_all(&run->sought, &names);
	swk_names_free(&names);
	if (!status && !found) {
		run->excerpt = false; /* keeps it open */
		swk_run_close_excerpt(run);
		status = read_blocks(run, descriptor);
	}
	/* To find out what is unmanaged, all managed names are needed. */
	if (!status && run->excerpt && swk_run_has_new_names(run))
		swk_run_close_excerpt(run);
	return status || run->excerpt ? status : swk_run_read_whole(run);
}

/* ---- writing ---- */

/* Whether FILE would have the same block for both. */
static bool same_block(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return !strcmp(a->name, b->name) && swk_source_same(&a->source, &b->source) &&
	       swk_upstream_same(a, b);
}

int swk_run_find_rewritten(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && run->excerpt && i < run->desired.count; i++) {
		const struct swk_upstream *desired = &run->desired.list[i];
		const struct swk_upstream *recorded =
			swk_upstreams_find(&run->recorded, desired->name);

		if (!recorded || !same_block(desired, recorded))
			status = swk_names_add(&run->rewritten, desired->name, run->error);
	}
	for (size_t i = 0; !status && run->excerpt && i < run->recorded.count; i++) {
		const char *name = run->recorded.list[i].name;

		if (!swk_upstreams_find(&run->desired, name))
			status = swk_names_add(&run->rewritten, name, run->error);
	}
	return status;
}

int swk_run_write_excerpt(const void *context, int descriptor, struct swk_error *error)
{
	const struct swk_run_splice *splice = context;
	const struct swk_run *run = splice->run;
	uint64_t before;
	int status = swk_nginx_splice(run->excerpt_descriptor, run->store.conf, descriptor,
				      &run->rewritten, &run->desired, &before, splice->hash, error);

	if (status || before == run->excerpt_hash)
		return status;
	return swk_error_set(error, SWK_TEMPFAIL,
			     "%s was changed by another program while this run read it; the next "
			     "run reads it as a whole",
			     run->store.conf);
}
