/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"

#define PIECE ((size_t)65536)

void swk_buffer_init(struct swk_buffer *buffer, size_t ceiling)
{
	*buffer = (struct swk_buffer){.ceiling = ceiling};
}

void swk_buffer_free(struct swk_buffer *buffer)
{
	free(buffer->data);
	swk_buffer_init(buffer, buffer->ceiling);
}

void swk_buffer_clear(struct swk_buffer *buffer)
{
	buffer->length = 0;
	if (buffer->data)
		buffer->data[0] = '\0';
}

bool swk_buffer_same(const struct swk_buffer *a, const struct swk_buffer *b)
{
	return a->length == b->length && (!a->length || !memcmp(a->data, b->data, a->length));
}

static int grow(struct swk_buffer *buffer, size_t more, struct swk_error *error)
{
	size_t capacity;
	char *grown;

	if (more > buffer->ceiling - buffer->length)
		return swk_error_set(error, SWK_INTERNAL,
				     "a text would exceed its limit of %zu bytes", buffer->ceiling);
	capacity = buffer->length + more + 1;
	if (capacity < 2 * buffer->capacity)
		capacity = 2 * buffer->capacity;
	if (capacity < 256)
		capacity = 256;
	grown = realloc(buffer->data, capacity);
	if (!grown)
		return swk_error_memory(error);
	buffer->data = grown;
	buffer->capacity = capacity;
	return 0;
}

int swk_buffer_reserve(struct swk_buffer *buffer, size_t more, struct swk_error *error)
{
	if (more <= buffer->ceiling - buffer->length && more < buffer->capacity - buffer->length)
		return 0;
	return grow(buffer, more, error);
}

int swk_buffer_add(struct swk_buffer *buffer, const void *data, size_t length,
		   struct swk_error *error)
{
	int status = swk_buffer_reserve(buffer, length, error);

	if (status)
		return status;
	if (length)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
	return 0;
}

/* Reads what there is, up to the ceiling and one byte more. *length is as from read(2). */
static int read_piece(struct swk_buffer *buffer, int descriptor, ssize_t *length,
		      struct swk_error *error)
{
	size_t room = buffer->ceiling - buffer->length;
	char beyond;

	if (!room) {
		*length = read(descriptor, &beyond, 1);
		return 0;
	}
	if (swk_buffer_reserve(buffer, room < PIECE ? room : PIECE, error))
		return error->status;
	if (room > buffer->capacity - buffer->length - 1)
		room = buffer->capacity - buffer->length - 1;
	*length = read(descriptor, buffer->data + buffer->length, room);
	return 0;
}

int swk_buffer_read(struct swk_buffer *buffer, int descriptor, int64_t deadline, const char *name,
		    int status, struct swk_error *error)
{
	struct pollfd wait = {.fd = descriptor, .events = POLLIN};
	ssize_t length = 1;
	int result = 0;

	while (!result && length) {
		length = poll(&wait, 1, (int)swk_deadline_left(deadline, INT_MAX));
		if (!length)
			return swk_error_set(error, status,
					     "%s: what writes into this pipe did not end in time",
					     name);
		if (length > 0)
			result = read_piece(buffer, descriptor, &length, error);
		if (result)
			break;
		if (length > 0 && buffer->length == buffer->ceiling)
			result = swk_error_set(error, status, "%s: larger than %zu bytes", name,
					       buffer->ceiling);
		else if (length > 0)
			buffer->length += (size_t)length;
		else if (length < 0 && errno != EINTR && errno != EAGAIN)
			result = swk_error_set(error, status, "%s: cannot be read: %s", name,
					       strerror(errno));
		if (buffer->data)
			buffer->data[buffer->length] = '\0';
	}
	return result;
}

int swk_buffer_print(struct swk_buffer *buffer, struct swk_error *error, const char *format, ...)
{
	va_list arguments;
	int length, status;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return swk_error_set(error, SWK_INTERNAL, "a text could not be formatted");
	status = swk_buffer_reserve(buffer, (size_t)length, error);
	if (status)
		return status;
	va_start(arguments, format);
	(void)vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
	return 0;
}

int swk_buffer_words(struct swk_buffer *buffer, struct swk_error *error, const char *const *words)
{
	const size_t before = buffer->length;
	int status = 0;

	for (; !status && *words; words++)
		status = swk_buffer_add(buffer, *words, strlen(*words), error);
	if (status && buffer->data) {
		buffer->length = before;
		buffer->data[before] = '\0';
	}
	return status;
}

void *swk_list_grow(void *list, size_t count, size_t size)
{
	if (count & (count - 1))
		return list;
	return reallocarray(list, count ? 2 * count : 1, size);
}

size_t swk_list_place(const void *list, size_t count, size_t size, const char *key,
		      int (*order)(const char *key, const void *item), bool *found)
{
	const char *items = list;
	size_t low = 0, high = count;

	/* The common case: items arrive in order. */
	if (count && order(key, items + (count - 1) * size) > 0)
		low = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order(key, items + middle * size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < count && !order(key, items + low * size);
	return low;
}
