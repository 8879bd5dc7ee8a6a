/* SPDX-License-Identifier: MIT */
/*
 * nginx's configuration. What was read, written in plain words and read again, is the same. The
 * output of `nginx -T` is split into files. The checks end, with printable texts. An input is the
 * configuration and, after a mark, FILE.
 */
#include "fuzz.h"

#include "nginx/files.h"
#include "target/dyups/lint.h"

static void write_word(struct swk_buffer *out, const char *word)
{
	struct swk_error error = {0};

	(void)swk_buffer_add(out, "\"", 1, &error);
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			(void)swk_buffer_add(out, "\\", 1, &error);
		(void)swk_buffer_add(out, word, 1, &error);
	}
	fuzz_done(swk_buffer_add(out, "\" ", 2, &error), &error, "writing");
}

static void write_all(struct swk_buffer *out, const struct swk_directives *directives)
{
	struct swk_error error = {0};

	for (size_t i = 0; i < directives->count; i++) {
		const struct swk_directive *directive = &directives->list[i];

		for (size_t j = 0; j < directive->count; j++)
			write_word(out, directive->words[j]);
		(void)swk_buffer_add(out, directive->block ? "{" : ";", 1, &error);
		write_all(out, &directive->inside);
		if (directive->block)
			(void)swk_buffer_add(out, "}", 1, &error);
	}
}

static void same(const struct swk_directives *a, const struct swk_directives *b)
{
	fuzz_require(a->count == b->count, "%zu directives became %zu", a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct swk_directive *x = &a->list[i], *y = &b->list[i];

		fuzz_require(x->count && x->count == y->count, "%zu words became %zu", x->count,
			     y->count);
		for (size_t j = 0; j < x->count; j++)
			fuzz_require(!strcmp(x->words[j], y->words[j]), "'%s' became '%s'",
				     x->words[j], y->words[j]);
		fuzz_require(x->block == y->block, "%s: block differs", x->words[0]);
		same(&x->inside, &y->inside);
	}
}

/* No directive is before the previous one. Returns the last line. */
static unsigned in_order(const struct swk_directives *directives, unsigned line)
{
	for (size_t i = 0; i < directives->count; i++) {
		fuzz_require(directives->list[i].line >= line, "line %u after line %u",
			     directives->list[i].line, line);
		line = in_order(&directives->list[i].inside, directives->list[i].line);
	}
	return line;
}

static bool parse(struct swk_directives *out, const struct swk_nginx_file *file,
		  struct fuzz_text text)
{
	struct swk_error error = {0};
	size_t room = 100000;
	int status = swk_nginx_conf_parse(out, file, text.data, text.length, &room, &error);

	fuzz_require(status == error.status, "status %d with error %d", status, error.status);
	if (status) {
		fuzz_require(status == SWK_DATA, "status %d: %s", status, error.text);
		fuzz_require(!out->count && !out->list, "refused, and not empty");
	}
	return !status;
}

static void again(const struct swk_directives *directives, const struct swk_nginx_file *file)
{
	struct swk_directives second = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SIZE_MAX / 2);
	write_all(&text, directives);
	fuzz_require(parse(&second, file, (struct fuzz_text){text.data, text.length}),
		     "refused again");
	same(directives, &second);
	swk_directives_free(&second);
	swk_buffer_free(&text);
}

static void check(const struct swk_directives *top, const struct swk_lint_conf *conf)
{
	struct swk_findings findings = {0};
	struct swk_error error = {0};

	fuzz_done(swk_dyups_lint(&findings, top, conf, &error), &error, "checking");
	for (size_t i = 0; i < findings.count; i++) {
		const struct swk_finding *finding = &findings.list[i];
		const char *texts[] = {finding->file, finding->what, finding->reason,
				       finding->mend};

		fuzz_require(finding->line > 0, "%s: no line", finding->what);
		for (size_t j = 0; j < sizeof(texts) / sizeof(*texts); j++) {
			fuzz_require(*texts[j], "an empty text: %s", finding->what);
			for (const char *at = texts[j]; *at; at++)
				fuzz_require(*at >= ' ' && *at <= '~', "byte 0x%02x",
					     (unsigned char)*at);
		}
	}
	swk_findings_free(&findings);
}

/* The same text as in the output of `nginx -T`. */
static void dumped(struct fuzz_text text, const struct swk_lint_conf *conf)
{
	struct swk_nginx_files files = {0};
	struct swk_error error = {0};
	struct swk_buffer copy;
	int status;

	swk_buffer_init(&copy, SIZE_MAX / 2);
	(void)swk_buffer_add(&copy, text.data, text.length, &error);
	status = swk_nginx_files_take_dump(&files, &copy, conf->path, &error);
	fuzz_require(status == error.status && (!status || status == SWK_DATA), "status %d: %s",
		     status, error.text);
	if (!status)
		check(&files.top, conf);
	swk_nginx_files_free(&files);
	swk_buffer_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "/etc/nginx/nginx.conf", ours_name[] = "/etc/nginx/ours.conf";
	const struct swk_nginx_file file = {.name = name};
	const struct swk_nginx_file ours_file = {.name = ours_name, .conf = true};
	struct fuzz_text rest = {(const char *)data, size}, text = fuzz_next(&rest);
	struct swk_lint_conf conf = {.path = ours_name};
	struct swk_directives top = {0};
	struct swk_error ignored = {0};

	(void)swk_nginx_read(&conf.upstreams, ours_name, rest.data, rest.length, &ignored);
	if (parse(&conf.directives, &ours_file, rest)) {
		again(&conf.directives, &ours_file);
		if (parse(&top, &file, text)) {
			(void)in_order(&top, 1);
			again(&top, &file);
			check(&top, &conf);
		}
		dumped(text, &conf);
	}
	swk_directives_free(&top);
	swk_directives_free(&conf.directives);
	swk_upstreams_free(&conf.upstreams);
	return 0;
}
