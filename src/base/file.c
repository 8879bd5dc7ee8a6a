/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"

static int fail(const char *path, struct swk_error *error)
{
	return swk_error_set(error, SWK_CANTCREATE, "%s: cannot be read: %s", path,
			     strerror(errno));
}

static int read_file(const char *path, int flags, struct swk_buffer *text, bool *exists,
		     struct swk_error *error)
{
	struct stat about;
	int status, descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);

	swk_buffer_clear(text);
	*exists = descriptor >= 0;
	if (descriptor < 0)
		return errno == ENOENT ? 0 : fail(path, error);
	if (fstat(descriptor, &about))
		status = fail(path, error);
	else if (!S_ISREG(about.st_mode))
		status = swk_error_set(error, SWK_CANTCREATE, "%s: not a regular file", path);
	else
		status = swk_buffer_read(text, descriptor, SWK_NO_DEADLINE, path, SWK_CANTCREATE,
					 error);
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

bool swk_file_exists(const char *path)
{
	struct stat about;

	return !lstat(path, &about) || (errno != ENOENT && errno != ENOTDIR);
}
