/* SPDX-License-Identifier: MIT */
/*
 * property SEED FOLDER - makes settings and a catalogue from a seed, and FILE from them, in several
 * steps: each step finds what the one before wrote. ../fuzz/chain.c checks the result. Writes for
 *each step
 *
 *	N.settings.json	the settings
 *	N.input		the whole input (chain.h; fuzz_chain reads it)
 *	N.conf		FILE; N.hosts instead, if it has host names that can't be resolved
 *	N.bodies	the name and the body of each upstream that can be sent, one on each line
 *
 * A failed check ends the program with status 1; the step's number shows which.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "chain.h"
#include "make.h"
#include "settings/config.h"

#define STEPS 4

static void fail_quietly(int number)
{
	(void)number;
	_exit(1);
}

static FILE *open_file(const char *folder, unsigned step, const char *ending)
{
	char path[1024];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%u.%s", folder, step, ending);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(70);
	}
	return file;
}

static void close_file(FILE *file)
{
	if (fclose(file)) {
		perror("writing");
		exit(70);
	}
}

static void write_file(const char *folder, unsigned step, const char *ending,
		       const struct swk_buffer *text)
{
	FILE *file = open_file(folder, step, ending);

	(void)fwrite(text->data, 1, text->length, file);
	close_file(file);
}

static bool is_resolved(const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < upstream->count; i++) {
		const char *host = upstream->servers[i].host;

		if (host && strcasecmp(host, "localhost") != 0)
			return false;
	}
	return true;
}

/* Returns whether all host names can be resolved. */
static bool write_bodies(const char *folder, unsigned step, const struct swk_upstreams *set)
{
	FILE *file = open_file(folder, step, "bodies");
	struct swk_buffer body;
	bool resolved = true;

	swk_buffer_init(&body, SIZE_MAX / 2);
	for (size_t i = 0; i < set->count; i++) {
		if (!is_resolved(&set->list[i])) {
			resolved = false;
			continue;
		}
		chain_body(&body, &set->list[i]);
		(void)fprintf(file, "%s %s\n", set->list[i].name, body.data);
	}
	swk_buffer_free(&body);
	close_file(file);
	return resolved;
}

/* ---- a step ---- */

/* The input except for the documents. */
static void print_head(struct swk_buffer *input, struct dice *dice, bool all,
		       const struct swk_buffer *settings, const struct swk_buffer *present)
{
	const char *unmanaged = dice_one_in(dice, 3) ? make_name(dice) : "";
	struct swk_error error = {0};

	fuzz_done(swk_buffer_print(input, &error, "%s%s%s%%%%\n%s%%%%\n%s%s", all ? "c" : "",
				   dice_one_in(dice, 2) ? "a" : "", settings->data,
				   present->length ? present->data : "", unmanaged,
				   *unmanaged ? "\n" : ""),
		  &error, "input");
}

/* Parses the settings as a run does. They are valid. */
static void parse(struct swk_settings *settings, const struct swk_buffer *text)
{
	struct swk_error error = {0};

	fuzz_done(swk_settings_init(settings, &error), &error, "settings");
	fuzz_done(swk_config_parse(settings, "settings", text->data, text->length, &error), &error,
		  "the settings");
}

/* The order of Consul's answers does not matter. */
static void check_order(const struct chain_file *file, const struct swk_buffer *input)
{
	struct chain_file other = {0};

	chain_run(&other, input->data, input->length);
	fuzz_require(!other.refusal.status && other.text.length == file->text.length &&
			     !memcmp(other.text.data, file->text.data, other.text.length),
		     "in another order, the same registrations give another file:\n%s",
		     other.text.data);
	chain_file_free(&other);
}

/* `present` is the FILE of the previous step. */
static void take_step(struct dice *dice, unsigned step, const char *folder,
		      struct catalogue *catalogue, const struct swk_buffer *text,
		      struct swk_buffer *present)
{
	const bool all = !dice_one_in(dice, 3), keys = !dice_one_in(dice, 3);
	struct dice same, order = {.state = dice_below(dice, UINT32_MAX)};
	struct swk_buffer input, shuffled;
	struct chain_file file = {0};
	struct swk_settings settings;
	struct swk_error error = {0};

	swk_buffer_init(&input, SIZE_MAX / 2);
	swk_buffer_init(&shuffled, SIZE_MAX / 2);
	parse(&settings, text);
	catalogue_change(catalogue, dice, &settings);
	print_head(&input, dice, all, text, present);
	fuzz_done(swk_buffer_print(&shuffled, &error, "%s", input.data), &error, "input");
	same = *dice;
	catalogue_print(catalogue, dice, all, keys && settings.keyprefix, NULL, &input);
	catalogue_print(catalogue, &same, all, keys && settings.keyprefix, &order, &shuffled);
	write_file(folder, step, "input", &input);
	chain_run(&file, input.data, input.length);
	fuzz_require(!file.refusal.status, "refused: %s", file.refusal.text);
	write_file(folder, step, write_bodies(folder, step, &file.set) ? "conf" : "hosts",
		   &file.text);
	check_order(&file, &shuffled);
	swk_buffer_clear(present);
	fuzz_done(swk_buffer_print(present, &error, "%s", file.text.data), &error, "present");
	chain_file_free(&file);
	swk_buffer_free(&input);
	swk_buffer_free(&shuffled);
	swk_settings_free(&settings);
}

int main(int argc, char **argv)
{
	struct swk_buffer settings, present;
	struct catalogue catalogue;
	struct dice dice = {0};

	if (argc != 3) {
		(void)fputs("usage: property SEED FOLDER\n", stderr);
		return 64;
	}
	/* By then, the failed check has printed its message. */
	(void)signal(SIGABRT, fail_quietly);
	json_object_seed(1);
	dice.state = strtoull(argv[1], NULL, 10);
	dice.hosts = dice_one_in(&dice, 4);
	swk_buffer_init(&settings, SIZE_MAX / 2);
	swk_buffer_init(&present, SIZE_MAX / 2);
	catalogue_init(&catalogue);
	for (unsigned step = 1; step <= STEPS; step++) {
		/* Settings change now and then. */
		if (step == 1 || dice_one_in(&dice, 3)) {
			json_t *made = make_settings(&dice);

			swk_buffer_clear(&settings);
			make_text(&settings, made, dice_one_in(&dice, 2) ? JSON_INDENT(2) : 0);
			json_decref(made);
		}
		write_file(argv[2], step, "settings.json", &settings);
		take_step(&dice, step, argv[2], &catalogue, &settings, &present);
	}
	catalogue_free(&catalogue);
	swk_buffer_free(&settings);
	swk_buffer_free(&present);
	return 0;
}
