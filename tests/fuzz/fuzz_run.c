/* SPDX-License-Identifier: MIT */
/*
 * A whole run, against a target and a Consul that answer anything (responder.h):
 *
 *	options %% document %% conf file %% state file %% answer %% answer ...
 *
 * The options are letters, then, from a `{` on, a settings file. @DYUPS@ in a state file is the
 * target's URL. The program's clock and pauses are replaced with the linker's --wrap, so that a run
 * never waits. Its files need not be durable.
 *
 * If the conf file is as swk-apply writes it, two runs from the same files must do the same: one
 * whose state file has the line `conf`, so that it may read an excerpt, and one without it. The
 * letter `n` leaves the file's identity out of that line, so that the run scans the file; with `y`
 * the file is so young that the next run has to scan it, too.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <jansson.h>

#include "markup.h"
#include "responder.h"
#include "../cases/seal.h"
#include "nginx/conf.h"
#include "run/apply.h"
#include "settings/config.h"
#include "settings/settings.h"
#include "store/state.h"
#include "target/dyups/answer.h"
#include "view/print.h"

/* ---- the clock ---- */

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
int __wrap_clock_gettime(clockid_t id, struct timespec *now);
time_t __wrap_time(time_t *now);
int __wrap_fsync(int descriptor);
int __real_clock_gettime(clockid_t id, struct timespec *now);

#define NOW ((time_t)1700000000)

/* In this run. Between pauses, each question takes a microsecond, so that the same run always does
 * the same. */
static _Atomic int64_t slept_ns, passed_ns;

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	const int64_t length = (int64_t)pause->tv_sec * 1000000000 + pause->tv_nsec;

	(void)left;
	slept_ns += length;
	passed_ns += length;
	return 0;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	int64_t passed;

	if (id != CLOCK_MONOTONIC)
		return __real_clock_gettime(id, now);
	passed_ns += 1000;
	passed = passed_ns;
	now->tv_sec = NOW + passed / 1000000000;
	now->tv_nsec = passed % 1000000000;
	return 0;
}

/* All runs end at the same time. */
time_t __wrap_time(time_t *now)
{
	if (now)
		*now = NOW;
	return NOW;
}

int __wrap_fsync(int descriptor)
{
	(void)descriptor;
	return 0;
}

/* ---- files ---- */

static char folder[256], conf[300], state[300], url[64];

static void remove_folder(void)
{
	static const char *const endings[] = {"",      ".state", ".state.bad", ".checks",
					      ".lock", ".tmp",	 ".previous",  ".previous.tmp"};
	char path[320];

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", conf, endings[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

static void write_file(const char *path, const char *data, size_t length)
{
	FILE *file;

	(void)unlink(path);
	if (!length)
		return;
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, length, file) != length || fclose(file)) {
		perror(path);
		exit(1);
	}
}

static void add(struct swk_buffer *text, const char *data, size_t length)
{
	struct swk_error error = {0};

	fuzz_done(swk_buffer_add(text, data, length, &error), &error, "a buffer");
}

/* Reads a whole file. The text is empty if it does not exist. */
static void read_file(const char *path, struct swk_buffer *text)
{
	FILE *file = fopen(path, "r");
	char piece[65536];
	size_t length;

	swk_buffer_init(text, SIZE_MAX / 2);
	add(text, "", 0);
	if (!file)
		return;
	while ((length = fread(piece, 1, sizeof(piece), file)))
		add(text, piece, length);
	(void)fclose(file);
}

static void write_conf(const struct swk_buffer *text, time_t age)
{
	const struct timespec times[] = {{.tv_sec = NOW - age}, {.tv_sec = NOW - age}};

	write_file(conf, text->data, text->length);
	if (text->length && utimensat(AT_FDCWD, conf, times, 0)) {
		perror(conf);
		exit(1);
	}
}

static struct swk_buffer fill_in_state(struct fuzz_text text)
{
	static const char word[] = "@DYUPS@";
	struct swk_buffer out;
	size_t at = 0;

	swk_buffer_init(&out, SIZE_MAX / 2);
	add(&out, "", 0);
	while (at < text.length) {
		bool is_word = text.length - at >= strlen(word) &&
			       !memcmp(text.data + at, word, strlen(word));

		add(&out, is_word ? url : text.data + at, is_word ? strlen(url) : 1);
		at += is_word ? strlen(word) : 1;
	}
	return out;
}

/* Writes a state file that can be read, with the line `conf` before its last line. */
static void write_sealed_state(const struct swk_buffer *text, const struct swk_state_conf *line)
{
	const size_t end = text->length - strlen("end\n");
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SIZE_MAX / 2);
	add(&out, text->data, end);
	fuzz_done(seal_write(&out, line, &error), &error, "a buffer");
	add(&out, text->data + end, text->length - end);
	write_file(state, out.data, out.length);
	swk_buffer_free(&out);
}

static struct swk_state_conf find_seal(void)
{
	struct swk_state_conf found;
	struct swk_error error = {0};

	fuzz_done(seal_find(&found, conf, &error), &error, "the conf file");
	return found;
}

/* The line `conf` of a state file. False if the file can't be read. */
static bool read_line(const struct swk_buffer *text, struct swk_state_conf *line)
{
	struct swk_state known = {0};
	struct swk_error error = {0};
	size_t damaged = 0;

	fuzz_done(swk_state_read(&known, text->data, text->length, &damaged, &error), &error,
		  "the state file");
	*line = known.conf;
	swk_state_free(&known);
	return !damaged;
}

/* Adds the names that a conf file and a state file make managed. */
static void add_managed(struct swk_names *managed, const struct swk_buffer *file,
			const struct swk_buffer *remembered)
{
	struct swk_upstreams set = {0};
	struct swk_state known = {0};
	struct swk_error error = {0};
	size_t damaged;

	(void)swk_nginx_read(&set, "conf", file->data, file->length, &error);
	error = (struct swk_error){0};
	(void)swk_state_read(&known, remembered->data, remembered->length, &damaged, &error);
	for (size_t i = 0; i < set.count; i++)
		(void)swk_names_add(managed, set.list[i].name, &error);
	for (size_t i = 0; i < known.target_count; i++)
		(void)swk_names_add_all(managed, &known.targets[i].pending, &error);
	(void)swk_names_add_all(managed, &known.gone, &error);
	swk_upstreams_free(&set);
	swk_state_free(&known);
}

/* Adds the names that the conf file had until a target rejected them. */
static void add_refused(struct swk_names *managed, const struct swk_buffer *remembered)
{
	struct swk_state known = {0};
	struct swk_error error = {0};
	size_t damaged;

	(void)swk_state_read(&known, remembered->data, remembered->length, &damaged, &error);
	for (size_t i = 0; i < known.refused_count; i++)
		(void)swk_names_add(managed, known.refused[i].upstream, &error);
	swk_state_free(&known);
}

/* ---- checks after a run ---- */

static bool same_text(const struct swk_buffer *a, const struct swk_buffer *b)
{
	return a->length == b->length && !memcmp(a->data, b->data, a->length);
}

static void check_conf(const struct swk_buffer *before, const struct swk_buffer *after)
{
	struct swk_upstreams set = {0};
	struct swk_error error = {0};

	if (same_text(before, after))
		return;
	fuzz_only_allowed("conf", after->data, after->length);
	fuzz_require(swk_nginx_is_managed(after->data, after->length),
		     "the conf file is not managed");
	fuzz_done(swk_nginx_read(&set, "conf", after->data, after->length, &error), &error,
		  "the conf file");
	swk_upstreams_free(&set);
}

static void check_state(const struct swk_buffer *before, const struct swk_buffer *after)
{
	struct swk_state known = {0};
	struct swk_error error = {0};
	size_t damaged = 0;

	if (same_text(before, after) || !after->length)
		return;
	fuzz_done(swk_state_read(&known, after->data, after->length, &damaged, &error), &error,
		  "the state file");
	fuzz_require(!damaged, "line %zu of the state file can't be read", damaged);
	swk_state_free(&known);
}

static bool same_identity(const struct swk_state_conf *a, const struct swk_state_conf *b)
{
	return a->inode == b->inode && a->size == b->size && a->modified == b->modified;
}

/* The line `conf` must be right. A run that fails may leave that of another conf file. */
static void check_line(const struct swk_buffer *text, bool failed)
{
	const struct swk_state_conf found = find_seal();
	struct swk_state_conf line;

	if (!text->length || !read_line(text, &line) || !line.hash)
		return;
	if (line.hash != found.hash) {
		fuzz_require(failed && !same_identity(&line, &found),
			     "the line conf is that of another file");
		return;
	}
	fuzz_require(line.upstreams == found.upstreams && line.servers == found.servers &&
			     line.zero == found.zero && line.silent == found.silent &&
			     line.named <= found.named,
		     "the line conf has wrong numbers");
	fuzz_require(!line.inode || same_identity(&line, &found),
		     "the line conf has another identity");
	/* The time of a young file must have parts of a second. */
	fuzz_require(!line.inode || line.modified % 1000000000 ||
			     line.modified <= (uint64_t)(NOW - 3) * 1000000000,
		     "the line conf has the identity of a file that is too young");
}

static void check_requests(const struct swk_settings *settings, const struct swk_names *managed)
{
	size_t count;
	const struct fuzz_request *requests = fuzz_responder_requests(&count);

	for (size_t i = 0; i < count; i++) {
		const struct fuzz_request *this = &requests[i];
		const char *name = strstr(this->path, "/upstream/");
		bool post = !strcmp(this->method, "POST");
		struct swk_upstreams set = {0};

		for (const char *at = this->path; *at; at++)
			fuzz_require(*at > ' ' && *at <= '~', "path %s", this->path);
		if (!strcmp(this->method, "GET"))
			continue;
		fuzz_require(post || !strcmp(this->method, "DELETE"), "method %s", this->method);
		fuzz_require(!settings->dry_run, "a dry run changes: %s", this->path);
		fuzz_require(name && (name == this->path || name == this->path + 4), "path %s",
			     this->path);
		name += strlen("/upstream/");
		/* Whether the target takes `keepalive 0;` is tried with an upstream of no service.
		 */
		if (!strcmp(name, SWK_DYUPS_TRIAL))
			continue;
		fuzz_require(fuzz_is_name(name), "name %s", name);
		fuzz_require(swk_names_contain(managed, name), "%s is not managed", name);
		if (!post)
			continue;
		fuzz_read_body(&set, name, this->body);
		swk_upstreams_free(&set);
	}
}

static void check_printable(const char *text)
{
	for (const char *at = text; *at; at++)
		fuzz_require(*at >= ' ' && *at <= '~', "a message is not printable: %s", text);
}

/* Returns the report without its times, as JSON. */
static struct swk_buffer check_report(struct swk_report *report, int status,
				      const struct swk_error *error)
{
	static const int known[] = {SWK_OK,	     SWK_HELD_BACK,  SWK_USAGE,	  SWK_DATA,
				    SWK_UNAVAILABLE, SWK_CANTCREATE, SWK_TEMPFAIL};
	struct swk_error ignored = {0};
	struct swk_buffer out, json;
	bool is_known = false;
	json_t *value;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		is_known |= status == known[i];
	fuzz_require(is_known, "status %d: %s", status, error->text);
	check_printable(error->text);
	for (size_t i = 0; i < report->note_count; i++)
		check_printable(report->notes[i].text);
	for (size_t i = 0; i < report->difference_count; i++)
		check_printable(report->differences[i].text);
	report->milliseconds = 0;
	swk_buffer_init(&out, SIZE_MAX / 2);
	swk_buffer_init(&json, SIZE_MAX / 2);
	fuzz_done(swk_print_json(&json, report, status, error->status ? error : NULL, &ignored),
		  &ignored, "printing JSON");
	value = json_loadb(json.data, json.length, 0, NULL);
	fuzz_require(value, "not JSON: %s", json.data);
	json_decref(value);
	fuzz_done(swk_print_summary(&out, report, &ignored), &ignored, "printing the summary");
	fuzz_done(swk_print_differences(&out, report, &ignored), &ignored, "printing differences");
	swk_buffer_free(&out);
	return json;
}

/* ---- a run ---- */

/* Reads a settings file, except for settings that name other files. */
static bool take_settings(struct swk_settings *settings, struct fuzz_text text)
{
	static const char *const files[] = {"token_file", "ca_file", "ca_path", "cert_file",
					    "key_file"};
	struct swk_error error = {0};

	if (text.length && swk_config_parse(settings, "settings", text.data, text.length, &error)) {
		fuzz_require(error.status == SWK_CONFIG, "status %d: %s", error.status, error.text);
		return false;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		char **path =
			(char **)(void *)((char *)&settings->consul +
					  swk_fields_find(&swk_consul_fields, files[i])->offset);

		free(*path);
		*path = NULL;
	}
	return true;
}

/* False if the settings are refused. */
static bool set_up(struct swk_settings *settings, struct fuzz_text options, struct fuzz_text text)
{
	struct swk_error error = {0};
	char urls[160];

	fuzz_done(swk_settings_init(settings, &error), &error, "settings");
	if (!take_settings(settings, text))
		return false;
	(void)snprintf(urls, sizeof(urls), "%s%s%s%s", url, fuzz_has(options, '2') ? " " : "",
		       fuzz_has(options, '2') ? url : "", fuzz_has(options, '2') ? "/two" : "");
	if (fuzz_has(options, 'x'))
		(void)snprintf(urls, sizeof(urls), "http://127.0.0.1:1 %s", url);
	fuzz_done(swk_settings_set(settings, "dyups", urls, "fuzz", &error), &error, "dyups");
	fuzz_done(swk_settings_set(settings, "conf", conf, "fuzz", &error), &error, "conf");
	if (fuzz_has(options, 's'))
		fuzz_done(swk_settings_set(settings, "service", "web", "fuzz", &error), &error,
			  "service");
	settings->timeout = 20;
	settings->read_interval = fuzz_has(options, 'w') ? 1 : 0;
	settings->adopt = fuzz_has(options, 'a');
	settings->force = fuzz_has(options, 'f');
	settings->resync = fuzz_has(options, 'r');
	settings->dry_run = fuzz_has(options, 'd');
	settings->verify = fuzz_has(options, 'v');
	settings->verify_set = true;
	if (fuzz_has(options, 'h'))
		settings->defaults.min_healthy = (struct swk_share){.number = 50, .percent = true};
	if (fuzz_has(options, 'i'))
		(void)setenv("CONSUL_INDEX", "50", 1);
	else
		(void)unsetenv("CONSUL_INDEX");
	swk_settings_complete(settings);
	return true;
}

/* Returns a descriptor to read the document from. */
static int as_descriptor(struct fuzz_text document)
{
	int descriptor = memfd_create("document", MFD_CLOEXEC);

	if (descriptor < 0 ||
	    write(descriptor, document.data, document.length) != (ssize_t)document.length ||
	    lseek(descriptor, 0, SEEK_SET)) {
		perror("memfd");
		exit(1);
	}
	return descriptor;
}

static void start(void)
{
	const char *temporary = getenv("TMPDIR");
	unsigned port = fuzz_responder_start();
	char address[64];

	(void)snprintf(folder, sizeof(folder), "%s/fuzz_run.XXXXXX",
		       temporary ? temporary : "/tmp");
	if (!mkdtemp(folder)) {
		perror(folder);
		exit(1);
	}
	(void)snprintf(conf, sizeof(conf), "%s/conf", folder);
	(void)snprintf(state, sizeof(state), "%s.state", conf);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", port);
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	(void)setenv("CONSUL_HTTP_ADDR", address, 1);
	(void)atexit(remove_folder);
	/* Never released, so that no run loads it again. */
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct input {
	struct fuzz_text options, document, answers;
	struct swk_buffer conf, state;
};

/* What a run leaves. */
struct outcome {
	struct swk_buffer conf, previous, state, requests, report;
};

static void free_outcome(struct outcome *outcome)
{
	swk_buffer_free(&outcome->conf);
	swk_buffer_free(&outcome->previous);
	swk_buffer_free(&outcome->state);
	swk_buffer_free(&outcome->requests);
	swk_buffer_free(&outcome->report);
}

static struct swk_buffer copy_requests(void)
{
	struct swk_error error = {0};
	struct swk_buffer out;
	size_t count;
	const struct fuzz_request *requests = fuzz_responder_requests(&count);

	swk_buffer_init(&out, SIZE_MAX / 2);
	add(&out, "", 0);
	for (size_t i = 0; i < count; i++)
		fuzz_done(swk_buffer_words(&out, &error,
					   SWK_WORDS(requests[i].method, " ", requests[i].path, " ",
						     requests[i].body, "\n")),
			  &error, "a buffer");
	return out;
}

static void read_outcome(struct outcome *outcome)
{
	char path[320];

	(void)snprintf(path, sizeof(path), "%s.previous", conf);
	read_file(conf, &outcome->conf);
	read_file(path, &outcome->previous);
	read_file(state, &outcome->state);
	outcome->requests = copy_requests();
	(void)snprintf(path, sizeof(path), "%s.tmp", conf);
	fuzz_require(access(path, F_OK), "a temporary file is left");
}

static void check_files(const struct swk_settings *settings, const struct input *input,
			const struct outcome *after)
{
	struct swk_names managed = {0};

	add_managed(&managed, &input->conf, &input->state);
	add_managed(&managed, &after->conf, &input->state);
	add_refused(&managed, &after->state);
	check_requests(settings, &managed);
	check_conf(&input->conf, &after->conf);
	check_state(&input->state, &after->state);
	fuzz_require(!settings->dry_run || same_text(&input->conf, &after->conf),
		     "a dry run wrote the conf file");
	swk_names_free(&managed);
}

/* The survey of a full run makes a sound page. */
static void check_survey(const struct swk_survey *survey, const struct swk_report *report)
{
	static const struct swk_error none;
	static const struct swk_changes changes;
	const struct swk_page page = {.host = "",
				      .survey = survey,
				      .report = report,
				      .failure = &none,
				      .changes = &changes};
	struct swk_error error = {0};
	struct swk_buffer text;
	const char *mistake;

	swk_buffer_init(&text, SWK_PAGE_MAX);
	fuzz_done(swk_page_write(&text, &page, &error), &error, "writing the page");
	mistake = markup_mistake(text.data);
	fuzz_require(!mistake, "a mistake in the page at: %.60s", mistake ? mistake : "");
	swk_buffer_free(&text);
}

/* A run from the files that are there. */
static void run(const struct swk_settings *settings, const struct input *input,
		struct outcome *outcome, bool right)
{
	struct swk_buffer state_before;
	struct swk_error error = {0};
	struct swk_survey survey = {0};
	struct swk_report report;
	int descriptor = as_descriptor(input->document), status;

	read_file(state, &state_before);
	fuzz_responder_script(input->answers);
	swk_report_init(&report);
	slept_ns = 0;
	passed_ns = 0;
	status = swk_apply(settings, descriptor, &report, NULL, &survey, &error);
	(void)close(descriptor);

	/* A pause may begin before the deadline and end after it. */
	fuzz_require(slept_ns / 1000000 <= (int64_t)settings->timeout * 1000 + 1000,
		     "it paused for %lld ms", (long long)(slept_ns / 1000000));
	read_outcome(outcome);
	check_files(settings, input, outcome);
	fuzz_require(!settings->dry_run || same_text(&state_before, &outcome->state),
		     "a dry run wrote the state file");
	if (right)
		check_line(&outcome->state, error.status);
	check_survey(&survey, &report);
	outcome->report = check_report(&report, status, &error);
	swk_buffer_free(&state_before);
	swk_survey_free(&survey);
	swk_report_free(&report);
}

/* ---- an excerpt ---- */

/* Appends a state file without its lines `conf`. */
static void add_without_line(struct swk_buffer *out, const struct swk_buffer *text)
{
	for (const char *line = text->data, *next; *line; line = next) {
		next = strchrnul(line, '\n');
		next += *next == '\n';
		if (strncmp(line, "conf ", 5) != 0)
			add(out, line, (size_t)(next - line));
	}
}

static void require_same(const char *what, const struct swk_buffer *a, const struct swk_buffer *b)
{
	fuzz_require(same_text(a, b),
		     "with an excerpt, the %s differs:\n%.*s\n---- from all of the file:\n%.*s",
		     what, (int)a->length, a->data, (int)b->length, b->data);
}

static void compare(const struct outcome *excerpt, const struct outcome *whole)
{
	struct swk_buffer a, b;

	swk_buffer_init(&a, SIZE_MAX / 2);
	swk_buffer_init(&b, SIZE_MAX / 2);
	add_without_line(&a, &excerpt->state);
	add_without_line(&b, &whole->state);
	require_same("report", &excerpt->report, &whole->report);
	require_same("sequence of requests", &excerpt->requests, &whole->requests);
	require_same("conf file", &excerpt->conf, &whole->conf);
	require_same("previous file", &excerpt->previous, &whole->previous);
	require_same("state file", &a, &b);
	swk_buffer_free(&a);
	swk_buffer_free(&b);
}

static void begin(const struct input *input)
{
	remove_folder();
	(void)mkdir(folder, 0700);
	write_conf(&input->conf, fuzz_has(input->options, 'y') ? 1 : 1000);
	write_file(state, input->state.data, input->state.length);
}

/* Compares a run from all of the conf file with one that may read an excerpt, if it may. Two
 * targets are asked at the same time, so the answers would differ. */
static void run_from_excerpt(const struct swk_settings *settings, const struct input *input,
			     const struct outcome *whole)
{
	struct swk_state_conf line, own;
	struct outcome outcome;

	if (!read_line(&input->state, &own) || fuzz_has(input->options, '2'))
		return;
	begin(input);
	line = find_seal();
	if (!line.hash || line.hash == own.hash)
		return;
	if (fuzz_has(input->options, 'n') || fuzz_has(input->options, 'y'))
		line.inode = 0;
	write_sealed_state(&input->state, &line);
	run(settings, input, &outcome, true);
	compare(&outcome, whole);
	free_outcome(&outcome);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_text rest = {(const char *)data, size}, set, present;
	struct swk_settings settings;
	struct swk_state_conf own;
	struct outcome outcome;
	struct input input;

	if (!*folder)
		start();
	input.options = fuzz_next(&rest);
	set = fuzz_settings(&input.options);
	input.document = fuzz_next(&rest);
	present = fuzz_next(&rest);
	swk_buffer_init(&input.conf, SIZE_MAX / 2);
	add(&input.conf, present.data, present.length);
	input.state = fill_in_state(fuzz_next(&rest));
	input.answers = rest;
	if (set_up(&settings, input.options, set)) {
		begin(&input);
		(void)read_line(&input.state, &own);
		run(&settings, &input, &outcome, !own.hash);
		run_from_excerpt(&settings, &input, &outcome);
		free_outcome(&outcome);
	}
	swk_settings_free(&settings);
	swk_buffer_free(&input.conf);
	swk_buffer_free(&input.state);
	return 0;
}
