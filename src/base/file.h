/* SPDX-License-Identifier: MIT */
/* Reads regular files. Errors are SWK_CANTCREATE, or SWK_INTERNAL without memory. */
#ifndef SWK_BASE_FILE_H
#define SWK_BASE_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/buffer.h"

/* Replaces the text with the whole file. A missing file is not an error: *exists is false, and the
 * text is empty. A file larger than the text's ceiling is an error. */
int swk_file_read(const char *path, struct swk_buffer *text, bool *exists, struct swk_error *error);

/* The same, but a symbolic link is an error. */
int swk_file_read_nofollow(const char *path, struct swk_buffer *text, bool *exists,
			   struct swk_error *error);

/* Opens a file for reading, and says what it is like. *descriptor is -1 if there is none, which is
 * not an error. */
int swk_file_open(const char *path, int *descriptor, struct stat *about, struct swk_error *error);

/* Writes all bytes. Returns 0, or -1 with errno set. */
int swk_file_write(int descriptor, const char *data, size_t length);

/* Copies the bytes from `at` on, up to `end`, to where `to` is. Returns 0, or -1 with errno set,
 * which is EIO if the file ends before `end`. */
int swk_file_copy(int from, off_t at, off_t end, int to);

/* Whether the path exists. A dangling link does, and so does a path that can't be examined. */
bool swk_file_exists(const char *path);

/* Whether two paths name the same file, which may not exist yet: by other names of its folder, too.
 */
bool swk_file_is_same(const char *one, const char *other);

#endif
