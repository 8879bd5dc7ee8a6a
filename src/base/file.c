/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"

static int fail(const char *path, struct swk_error *error)
{
	return swk_error_set(error, SWK_CANTCREATE, "%s: cannot be read: %s", path,
			     strerror(errno));
}

static int open_file(const char *path, int flags, int *descriptor, struct stat *about,
		     struct swk_error *error)
{
	*descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	if (*descriptor < 0)
		return errno == ENOENT ? 0 : fail(path, error);
	if (fstat(*descriptor, about))
		(void)fail(path, error);
	else if (!S_ISREG(about->st_mode))
		(void)swk_error_set(error, SWK_CANTCREATE, "%s: not a regular file", path);
	else
		return 0;
	(void)close(*descriptor);
	*descriptor = -1;
	return error->status;
}

int swk_file_open(const char *path, int *descriptor, struct stat *about, struct swk_error *error)
{
	return open_file(path, 0, descriptor, about, error);
}

static int read_file(const char *path, int flags, struct swk_buffer *text, bool *exists,
		     struct swk_error *error)
{
	struct stat about;
	int descriptor, status = open_file(path, flags, &descriptor, &about, error);

	swk_buffer_clear(text);
	*exists = descriptor >= 0;
	if (descriptor < 0)
		return status;
	status = swk_buffer_read(text, descriptor, SWK_NO_DEADLINE, path, SWK_CANTCREATE, error);
	(void)close(descriptor);
	return status;
}

int swk_file_read(const char *path, struct swk_buffer *text, bool *exists, struct swk_error *error)
{
	return read_file(path, 0, text, exists, error);
}

int swk_file_read_nofollow(const char *path, struct swk_buffer *text, bool *exists,
			   struct swk_error *error)
{
	return read_file(path, O_NOFOLLOW, text, exists, error);
}

int swk_file_write(int descriptor, const char *data, size_t length)
{
	while (length) {
		ssize_t written = write(descriptor, data, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		data += written;
		length -= (size_t)written;
	}
	return 0;
}

int swk_file_copy(int from, off_t at, off_t end, int to)
{
	char piece[65536];
	ssize_t shared = 1;

	/* The kernel copies faster, and some file systems need not copy at all. Others can't do it.
	 */
	while (at < end && shared > 0)
		shared = copy_file_range(from, &at, to, NULL, (size_t)(end - at), 0);
	while (at < end) {
		const size_t most =
			(size_t)(end - at) < sizeof(piece) ? (size_t)(end - at) : sizeof(piece);
		const ssize_t length = pread(from, piece, most, at);

		if (length < 0 && errno == EINTR)
			continue;
		if (!length)
			errno = EIO;
		if (length <= 0 || swk_file_write(to, piece, (size_t)length))
			return -1;
		at += length;
	}
	return 0;
}

bool swk_file_exists(const char *path)
{
	struct stat about;

	return !lstat(path, &about) || (errno != ENOENT && errno != ENOTDIR);
}

/* The path with symbolic links resolved, also if only the folder exists; NULL if that does not
 * either. Owned by the caller. */
static char *resolve(const char *path)
{
	char *real = realpath(path, NULL), *folder, *resolved = NULL;
	const char *name = strrchr(path, '/');

	if (real)
		return real;
	name = name ? name + 1 : path;
	folder = name == path ? strdup(".") : strndup(path, (size_t)(name - path));
	real = folder ? realpath(folder, NULL) : NULL;
	if (real && asprintf(&resolved, "%s/%s", real, name) < 0)
		resolved = NULL;
	free(folder);
	free(real);
	return resolved;
}

bool swk_file_is_same(const char *one, const char *other)
{
	char *real[2] = {resolve(one), resolve(other)};
	const bool same = !strcmp(real[0] ? real[0] : one, real[1] ? real[1] : other);

	free(real[0]);
	free(real[1]);
	return same;
}
