/* SPDX-License-Identifier: MIT */
/* A whole nginx configuration: a file and everything that it includes, or the output of `nginx -T`.
 * Finds files as nginx does: with patterns, and relative to the main file's directory. */
#ifndef SWK_NGINX_FILES_H
#define SWK_NGINX_FILES_H

#include "base/buffer.h"
#include "nginx/syntax.h"

struct swk_nginx_files {
	struct swk_directives top; /* of the main file; an include contains those of its files */
	struct swk_nginx_file **files; /* one entry each time that a file was read; owned */
	size_t count;

	char *conf;		/* path of FILE, which swk-apply writes */
	char *conf_real;	/* the same with symbolic links resolved */
	char *folder;		/* directory to which names are relative; ends with a slash */
	bool fragment;		/* the main file is a part that another file includes */
	bool marked;		/* `text` contains file names */
	struct swk_buffer text; /* the output of `nginx -T` */
	struct swk_nginx_dumped {
		char *name; /* owned */
		size_t start, length;
	} * dumped; /* the files in `text`; NULL: files are read from disk */
	size_t dumped_count;
	size_t room_text; /* bytes that may still be read */
	size_t room_directives;
};

/*
 * Reads a file and what it includes. A file without http and events is a fragment: it may include
 * missing files, and its names are relative to the nearest directory above with an nginx.conf. For
 * sites-enabled/web that is /etc/nginx. Returns 0, SWK_DATA
 * (FILE:LINE of bad syntax), SWK_CANTCREATE (an unreadable file) or SWK_INTERNAL. Call
 * swk_nginx_files_free in any case.
 */
int swk_nginx_files_read(struct swk_nginx_files *files, const char *path, const char *conf,
			 struct swk_error *error);

/* The same for the output of `nginx -T`, whose first file is the main one. A text without file
 * marks is one file. Takes ownership of the text. */
int swk_nginx_files_take_dump(struct swk_nginx_files *files, struct swk_buffer *text,
			      const char *conf, struct swk_error *error);

/* Appends the text of FILE: from the dump if it contains FILE, else from disk. The buffer must be
 * initialised. */
int swk_nginx_files_conf(const struct swk_nginx_files *files, struct swk_buffer *text, bool *exists,
			 struct swk_error *error);

void swk_nginx_files_free(struct swk_nginx_files *files);

#endif
