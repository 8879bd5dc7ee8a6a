/* SPDX-License-Identifier: MIT */
/*
 * A whole run, against a target and a Consul that answer anything (responder.h):
 *
 *	options %% document %% conf file %% state file %% answer %% answer ...
 *
 * The options are letters, then, from a `{` on, a settings file. @DYUPS@ in a state file is the
 * target's URL. The program's clock and pauses are replaced with the linker's --wrap, so that a run
 * never waits. Its files need not be durable.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <jansson.h>

#include "responder.h"
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
int __wrap_fsync(int descriptor);
int __real_clock_gettime(clockid_t id, struct timespec *now);

static int64_t slept_ns; /* in this run */

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)left;
	slept_ns += (int64_t)pause->tv_sec * 1000000000 + pause->tv_nsec;
	return 0;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	int result = __real_clock_gettime(id, now);

	now->tv_sec += slept_ns / 1000000000;
	now->tv_nsec += slept_ns % 1000000000;
	if (now->tv_nsec >= 1000000000) {
		now->tv_nsec -= 1000000000;
		now->tv_sec++;
	}
	return result;
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

/* Reads a whole file. False if it does not exist. */
static bool read_file(const char *path, struct swk_buffer *text)
{
	struct swk_error error = {0};
	FILE *file = fopen(path, "r");
	char piece[65536];
	size_t length;

	swk_buffer_init(text, SIZE_MAX / 2);
	fuzz_done(swk_buffer_add(text, "", 0, &error), &error, "a buffer");
	if (!file)
		return false;
	while ((length = fread(piece, 1, sizeof(piece), file)))
		fuzz_done(swk_buffer_add(text, piece, length, &error), &error, "a buffer");
	(void)fclose(file);
	return true;
}

static void write_state(struct fuzz_text text)
{
	static const char word[] = "@DYUPS@";
	struct swk_error error = {0};
	struct swk_buffer out;
	size_t at = 0;

	swk_buffer_init(&out, SIZE_MAX / 2);
	while (at < text.length) {
		bool is_word = text.length - at >= strlen(word) &&
			       !memcmp(text.data + at, word, strlen(word));

		fuzz_done(swk_buffer_add(&out, is_word ? url : text.data + at,
					 is_word ? strlen(url) : 1, &error),
			  &error, "a buffer");
		at += is_word ? strlen(word) : 1;
	}
	write_file(state, out.data, out.length);
	swk_buffer_free(&out);
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

static void check_report(const struct swk_report *report, int status, const struct swk_error *error)
{
	static const int known[] = {SWK_OK,	     SWK_HELD_BACK,  SWK_USAGE,	  SWK_DATA,
				    SWK_UNAVAILABLE, SWK_CANTCREATE, SWK_TEMPFAIL};
	struct swk_error ignored = {0};
	struct swk_buffer out;
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
	swk_buffer_init(&out, SIZE_MAX / 2);
	fuzz_done(swk_print_json(&out, report, status, error->status ? error : NULL, &ignored),
		  &ignored, "printing JSON");
	value = json_loadb(out.data, out.length, 0, NULL);
	fuzz_require(value, "not JSON: %s", out.data);
	json_decref(value);
	swk_buffer_clear(&out);
	fuzz_done(swk_print_summary(&out, report, &ignored), &ignored, "printing the summary");
	fuzz_done(swk_print_differences(&out, report, &ignored), &ignored, "printing differences");
	swk_buffer_free(&out);
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
static bool set_up(struct swk_settings *settings, struct fuzz_text options)
{
	const struct fuzz_text text = fuzz_settings(&options);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_text rest = {(const char *)data, size};
	struct fuzz_text options = fuzz_next(&rest), document = fuzz_next(&rest);
	struct fuzz_text present = fuzz_next(&rest), remembered = fuzz_next(&rest);
	struct swk_buffer conf_before, conf_after, state_before, state_after;
	struct swk_error error = {0};
	struct swk_settings settings;
	struct swk_report report;
	struct swk_names managed = {0};
	int descriptor, status;
	char left[320];

	if (!*folder)
		start();
	if (!set_up(&settings, options)) {
		swk_settings_free(&settings);
		return 0;
	}
	remove_folder();
	(void)mkdir(folder, 0700);
	write_file(conf, present.data, present.length);
	write_state(remembered);
	(void)read_file(conf, &conf_before);
	(void)read_file(state, &state_before);
	fuzz_responder_script(rest);
	swk_report_init(&report);
	descriptor = as_descriptor(document);
	slept_ns = 0;
	status = swk_apply(&settings, descriptor, &report, NULL, &error);
	(void)close(descriptor);

	/* A pause may begin before the deadline and end after it. */
	fuzz_require(slept_ns / 1000000 <= (int64_t)settings.timeout * 1000 + 1000,
		     "it paused for %lld ms", (long long)(slept_ns / 1000000));
	(void)read_file(conf, &conf_after);
	(void)read_file(state, &state_after);
	add_managed(&managed, &conf_before, &state_before);
	add_managed(&managed, &conf_after, &state_before);
	check_requests(&settings, &managed);
	check_conf(&conf_before, &conf_after);
	check_state(&state_before, &state_after);
	fuzz_require(!settings.dry_run || (same_text(&conf_before, &conf_after) &&
					   same_text(&state_before, &state_after)),
		     "a dry run wrote a file");
	(void)snprintf(left, sizeof(left), "%s.tmp", conf);
	fuzz_require(access(left, F_OK), "a temporary file is left");
	check_report(&report, status, &error);

	swk_names_free(&managed);
	swk_buffer_free(&conf_before);
	swk_buffer_free(&conf_after);
	swk_buffer_free(&state_before);
	swk_buffer_free(&state_after);
	swk_report_free(&report);
	swk_settings_free(&settings);
	return 0;
}
