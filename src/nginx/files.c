/* SPDX-License-Identifier: MIT */
#include "nginx/files.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define MARK "# configuration file "
#define STDIN_NAME "(standard input)"

static int read_includes(struct swk_nginx_files *files, struct swk_directives *list, unsigned depth,
			 struct swk_error *error);

/* ---- names ---- */

/* DIR/ of DIR/NAME. The caller frees it; NULL without memory. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup("./");
}

/* Both texts in one. The caller frees it; NULL without memory. */
static char *joined(const char *first, const char *second)
{
	char *text;

	return asprintf(&text, "%s%s", first, second) < 0 ? NULL : text;
}

/* The path with symbolic links resolved, even of a file that does not exist yet. The caller frees
 * it; NULL without memory. */
static char *real_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *real = realpath(path, NULL), *folder, *result;

	if (real)
		return real;
	folder = folder_of(path);
	real = folder ? realpath(folder, NULL) : NULL;
	free(folder);
	if (!real)
		return strdup(path);
	if (asprintf(&result, "%s/%s", real, slash ? slash + 1 : path) < 0)
		result = NULL;
	free(real);
	return result;
}

/* "" if the name is FILE's; "." if it is that of a file beside FILE, such as FILE.state; NULL for
 * others. */
static const char *after_conf(const struct swk_nginx_files *files, const char *name)
{
	const char *names[] = {files->conf, files->conf_real};
	const char *result = NULL;
	char *real = real_name(name);
	const char *found[] = {name, real ? real : name};

	for (size_t i = 0; i < 2 && !result; i++) {
		size_t length = strlen(names[i]);

		for (size_t j = 0; j < 2 && !result; j++) {
			if (!strncmp(found[j], names[i], length) &&
			    (!found[j][length] || found[j][length] == '.'))
				result = found[j][length] ? "." : "";
		}
	}
	free(real);
	return result;
}

/* Whether a pattern matches FILE's name followed by a suffix, even if no such file exists. */
static bool would_find(const struct swk_nginx_files *files, const char *pattern, const char *suffix)
{
	const char *names[] = {files->conf, files->conf_real};
	bool found = false;

	for (size_t i = 0; i < 2 && !found; i++) {
		char *name = joined(names[i], suffix);

		found = name && !fnmatch(pattern, name, FNM_PATHNAME | FNM_PERIOD);
		free(name);
	}
	return found;
}

static int init(struct swk_nginx_files *files, const char *conf, struct swk_error *error)
{
	*files = (struct swk_nginx_files){.room_text = SWK_LINT_TEXT_MAX,
					  .room_directives = SWK_LINT_DIRECTIVES_MAX};
	swk_buffer_init(&files->text, SWK_LINT_TEXT_MAX);
	files->conf = strdup(conf);
	files->conf_real = real_name(conf);
	return files->conf && files->conf_real ? 0 : swk_error_memory(error);
}

void swk_nginx_files_free(struct swk_nginx_files *files)
{
	swk_directives_free(&files->top);
	for (size_t i = 0; i < files->count; i++) {
		free(files->files[i]->name);
		free(files->files[i]);
	}
	for (size_t i = 0; i < files->dumped_count; i++)
		free(files->dumped[i].name);
	free(files->files);
	free(files->dumped);
	free(files->conf);
	free(files->conf_real);
	free(files->folder);
	swk_buffer_free(&files->text);
	*files = (struct swk_nginx_files){0};
}

/* ---- one file ---- */

static struct swk_nginx_file *add_file(struct swk_nginx_files *files, const char *name,
				       struct swk_error *error)
{
	struct swk_nginx_file **list, *file;
	const char *suffix;

	if (files->count == SWK_LINT_FILES_MAX) {
		(void)swk_error_set(error, SWK_DATA, "%s: too many files are included", name);
		return NULL;
	}
	list = swk_list_grow(files->files, files->count, sizeof(*list));
	if (list)
		files->files = list;
	file = list ? calloc(1, sizeof(*file)) : NULL;
	if (file)
		file->name = strdup(name);
	if (!file || !file->name) {
		free(file);
		(void)swk_error_memory(error);
		return NULL;
	}
	suffix = after_conf(files, name);
	file->conf = suffix && !*suffix;
	return list[files->count++] = file;
}

static int parse(struct swk_nginx_files *files, struct swk_directives *out, const char *name,
		 const char *text, size_t length, struct swk_error *error)
{
	struct swk_nginx_file *file = add_file(files, name, error);
	struct swk_directives read = {0};
	struct swk_directive *list;
	int status;

	if (!file)
		return error->status;
	if (length > files->room_text)
		return swk_error_set(error, SWK_DATA,
				     "%s: with its included files, the configuration is too large",
				     name);
	files->room_text -= length;
	status = swk_nginx_conf_parse(&read, file, text, length, &files->room_directives, error);
	/* Append: other files that match the same pattern may have added theirs already. */
	for (size_t i = 0; !status && i < read.count; i++) {
		list = swk_list_grow(out->list, out->count, sizeof(*list));
		if (!list) {
			status = swk_error_memory(error);
			break;
		}
		out->list = list;
		list[out->count++] = read.list[i];
		read.list[i] = (struct swk_directive){0};
	}
	swk_directives_free(&read);
	return status;
}

/* Reads a file on disk; *exists as in swk_file_read. */
static int read_file(struct swk_nginx_files *files, struct swk_directives *out, const char *name,
		     bool *exists, struct swk_error *error)
{
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_LINT_TEXT_MAX);
	status = swk_file_read(name, &text, exists, error);
	if (!status && *exists)
		status = parse(files, out, name, text.data, text.length, error);
	swk_buffer_free(&text);
	return status;
}

/* ---- includes ---- */

static int load_dumped(struct swk_nginx_files *files, struct swk_directive *include,
		       const char *pattern, bool plain, struct swk_error *error)
{
	size_t found = 0;

	for (size_t i = 0; i < files->dumped_count; i++) {
		const struct swk_nginx_dumped *dumped = &files->dumped[i];
		const char *suffix;

		if (plain ? strcmp(pattern, dumped->name) != 0
			  : fnmatch(pattern, dumped->name, FNM_PATHNAME | FNM_PERIOD) != 0)
			continue;
		found++;
		suffix = after_conf(files, dumped->name);
		include->includes_conf |= suffix && !*suffix;
		if ((!include->includes_beside || !suffix || !*suffix) &&
		    parse(files, &include->inside, dumped->name, files->text.data + dumped->start,
			  dumped->length, error))
			return error->status;
	}
	if (found || files->fragment || (!plain && files->marked))
		return 0;
	return swk_error_set(error, SWK_DATA,
			     "%s:%u: %s is included, but standard input does not contain it: give "
			     "it all that 'nginx -T' prints",
			     include->file->name, include->line, pattern);
}

static int load_named(struct swk_nginx_files *files, struct swk_directive *include,
		      const char *name, bool plain, struct swk_error *error)
{
	const char *suffix = after_conf(files, name);
	bool exists = false;
	int status;

	include->includes_conf |= suffix && !*suffix;
	if (include->includes_beside && suffix && *suffix)
		return 0;
	status = read_file(files, &include->inside, name, &exists, error);
	if (status || exists || !plain || files->fragment || include->includes_conf)
		return status;
	return swk_error_set(
		error, SWK_CANTCREATE,
		"%s:%u: %s is included, but does not exist: nginx does not start like this",
		include->file->name, include->line, name);
}

static int load_found(struct swk_nginx_files *files, struct swk_directive *include,
		      const char *pattern, struct swk_error *error)
{
	glob_t found = {0};
	int status = 0, result = glob(pattern, 0, NULL, &found);

	if (result == GLOB_NOSPACE)
		status = swk_error_memory(error);
	for (size_t i = 0; !status && !result && i < found.gl_pathc; i++)
		status = load_named(files, include, found.gl_pathv[i], false, error);
	globfree(&found);
	return status;
}

static int read_include(struct swk_nginx_files *files, struct swk_directive *include,
			unsigned depth, struct swk_error *error)
{
	const char *word = include->words[1];
	bool plain = !strpbrk(word, "*?["); /* the same test as in ngx_conf_include */
	char *path;
	int status;

	if (depth == SWK_LINT_DEPTH_MAX)
		return swk_error_set(
			error, SWK_DATA,
			"%s:%u: includes are nested too deeply: does a file include itself?",
			include->file->name, include->line);
	path = joined(*word == '/' ? "" : files->folder, word);
	if (!path)
		return swk_error_memory(error);
	include->includes_conf = would_find(files, path, "");
	include->includes_beside = would_find(files, path, ".state");
	if (files->dumped)
		status = load_dumped(files, include, path, plain, error);
	else if (plain)
		status = load_named(files, include, path, true, error);
	else
		status = load_found(files, include, path, error);
	free(path);
	return status ? status : read_includes(files, &include->inside, depth + 1, error);
}

static int read_includes(struct swk_nginx_files *files, struct swk_directives *list, unsigned depth,
			 struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < list->count; i++) {
		if (swk_directive_includes(&list->list[i]))
			status = read_include(files, &list->list[i], depth, error);
		else
			status = read_includes(files, &list->list[i].inside, depth, error);
	}
	return status;
}

/* ---- the whole configuration ---- */

static bool is_fragment(const struct swk_directives *top)
{
	for (size_t i = 0; i < top->count; i++) {
		if (swk_directive_is(&top->list[i], "http") ||
		    swk_directive_is(&top->list[i], "events"))
			return false;
	}
	return true;
}

/* The nearest directory above a fragment that has an nginx.conf. The caller frees it; NULL if there
 * is none. */
static char *folder_above(const char *path)
{
	char *folder = realpath(path, NULL), *slash;

	while (folder && (slash = strrchr(folder, '/')) != NULL) {
		char *name;
		bool found;

		slash[1] = '\0';
		name = joined(folder, "nginx.conf");
		found = name && !access(name, F_OK);
		free(name);
		if (found)
			return folder;
		*slash = '\0';
	}
	free(folder);
	return NULL;
}

/* Absolute names can be compared with FILE's, but make messages longer. */
static void make_absolute(char **folder)
{
	char *real = realpath(*folder, NULL);

	if (real) {
		free(*folder);
		*folder = joined(real, "/");
		free(real);
	}
}

static int find_folder(struct swk_nginx_files *files, const char *path, struct swk_error *error)
{
	files->fragment = is_fragment(&files->top);
	if (files->fragment && !files->dumped)
		files->folder = folder_above(path);
	if (!files->folder)
		files->folder = folder_of(path);
	if (files->folder && *files->folder != '/' && !files->dumped)
		make_absolute(&files->folder);
	return files->folder ? 0 : swk_error_memory(error);
}

int swk_nginx_files_read(struct swk_nginx_files *files, const char *path, const char *conf,
			 struct swk_error *error)
{
	bool exists = false;

	if (init(files, conf, error) || read_file(files, &files->top, path, &exists, error))
		return error->status;
	if (!exists)
		return swk_error_set(error, SWK_CANTCREATE, "%s: does not exist", path);
	if (find_folder(files, path, error))
		return error->status;
	return read_includes(files, &files->top, 0, error);
}

/* The name in a whole line `# configuration file NAME:`, or NULL. No file has a NUL in its name. */
static const char *marked_name(const char *line, const char *end, size_t *length)
{
	if ((size_t)(end - line) <= strlen(MARK) || memcmp(line, MARK, strlen(MARK)) != 0 ||
	    end[-1] != ':')
		return NULL;
	line += strlen(MARK);
	*length = (size_t)(end - 1 - line);
	return *length && !memchr(line, '\0', *length) ? line : NULL;
}

static int add_dumped(struct swk_nginx_files *files, const char *name, size_t length, size_t start,
		      struct swk_error *error)
{
	struct swk_nginx_dumped *list =
		swk_list_grow(files->dumped, files->dumped_count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	files->dumped = list;
	list[files->dumped_count] = (struct swk_nginx_dumped){.name = strndup(name, length),
							      .start = start,
							      .length = files->text.length - start};
	if (!list[files->dumped_count].name)
		return swk_error_memory(error);
	files->dumped_count++;
	return 0;
}

/* Finds the files in the output of `nginx -T`. Ignores the text before the first mark. */
static int split(struct swk_nginx_files *files, struct swk_error *error)
{
	const char *text = files->text.data ? files->text.data : "";
	const char *end = text + files->text.length, *line = text;

	while (line < end) {
		const char *feed = memchr(line, '\n', (size_t)(end - line));
		const char *next = feed ? feed + 1 : end, *name;
		size_t length = 0;

		name = marked_name(line, feed ? feed : end, &length);
		if (name && files->dumped_count) {
			struct swk_nginx_dumped *last = &files->dumped[files->dumped_count - 1];

			last->length = (size_t)(line - text) - last->start;
		}
		if (name && add_dumped(files, name, length, (size_t)(next - text), error))
			return error->status;
		line = next;
	}
	files->marked = files->dumped_count > 0;
	return files->marked ? 0 : add_dumped(files, STDIN_NAME, strlen(STDIN_NAME), 0, error);
}

int swk_nginx_files_take_dump(struct swk_nginx_files *files, struct swk_buffer *text,
			      const char *conf, struct swk_error *error)
{
	int status = init(files, conf, error);
	const struct swk_nginx_dumped *first;

	swk_buffer_free(&files->text);
	files->text = *text;
	*text = (struct swk_buffer){0};
	if (status || split(files, error))
		return error->status;
	first = &files->dumped[0];
	if (parse(files, &files->top, first->name, files->text.data + first->start, first->length,
		  error) ||
	    find_folder(files, first->name, error))
		return error->status;
	return read_includes(files, &files->top, 0, error);
}

int swk_nginx_files_conf(const struct swk_nginx_files *files, struct swk_buffer *text, bool *exists,
			 struct swk_error *error)
{
	for (size_t i = 0; i < files->dumped_count; i++) {
		const struct swk_nginx_dumped *dumped = &files->dumped[i];
		const char *suffix = after_conf(files, dumped->name);

		if (suffix && !*suffix) {
			*exists = true;
			return swk_buffer_add(text, files->text.data + dumped->start,
					      dumped->length, error);
		}
	}
	return swk_file_read(files->conf, text, exists, error);
}
