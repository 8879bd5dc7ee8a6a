/* SPDX-License-Identifier: MIT */
/*
 * nginx's configuration as a whole: a file with all that it includes, or what `nginx -T` prints.
 * Files are found as nginx finds them: patterns too, and relative to the folder of the main file.
 */
#ifndef SWK_NGINX_FILES_H
#define SWK_NGINX_FILES_H

#include "base/buffer.h"
#include "nginx/syntax.h"

struct swk_nginx_files {
	struct swk_directives top;     /* of the main file; what an include brings is inside it */
	struct swk_nginx_file **files; /* all that were read, as often as they were; owned */
	size_t count;

	char *conf;		/* the file that swk-apply writes: its name… */
	char *conf_real;	/* …and the same behind symbolic links */
	char *folder;		/* what names are relative to, with a slash at its end */
	bool fragment;		/* the main file is one that others include */
	bool marked;		/* the text below has the names of its files */
	struct swk_buffer text; /* what `nginx -T` printed… */
	struct swk_nginx_dumped {
		char *name; /* owned */
		size_t start, length;
	} * dumped; /* …and each file in it; NULL: files are read from disk */
	size_t dumped_count;
	size_t room_text; /* what may be read yet */
	size_t room_directives;
};

/*
 * Reads a file and what it includes. One that is a fragment (there is neither http nor events in
 * it) is relative to the next folder above that has an nginx.conf, as sites-enabled/web to
 * /etc/nginx, and may include what isn't there. Returns 0, SWK_DATA (FILE:LINE: what isn't nginx's
 * syntax), SWK_CANTCREATE (what can't be read) or SWK_INTERNAL. Whichever, free it.
 */
int swk_nginx_files_read(struct swk_nginx_files *files, const char *path, const char *conf,
			 struct swk_error *error);

/* The same for what `nginx -T` printed, of which the first file is the main one; a text without its
 * marks is one file. The text is taken over. */
int swk_nginx_files_take_dump(struct swk_nginx_files *files, struct swk_buffer *text,
			      const char *conf, struct swk_error *error);

/* The text of the file that swk-apply writes: of the dump, where that has it, else from disk. The
 * buffer is an initialised one. */
int swk_nginx_files_conf(const struct swk_nginx_files *files, struct swk_buffer *text, bool *exists,
			 struct swk_error *error);

void swk_nginx_files_free(struct swk_nginx_files *files);

#endif
