/* SPDX-License-Identifier: MIT */
#include "store/received.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

static const char new[] = "new", gone[] = "gone";

void swk_received_free(struct swk_received_list *received)
{
	for (size_t i = 0; i < received->count; i++)
		swk_request_free(&received->list[i].request);
	free(received->list);
	*received = (struct swk_received_list){0};
}

struct swk_received *swk_received_find(const struct swk_received_list *received, const char *id)
{
	for (size_t i = 0; i < received->count; i++) {
		if (!strcmp(received->list[i].request.id, id))
			return &received->list[i];
	}
	return NULL;
}

int swk_received_add(struct swk_received_list *received, struct swk_request *request,
		     struct swk_error *error)
{
	struct swk_received *list = swk_list_grow(received->list, received->count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	received->list = list;
	list[received->count++] = (struct swk_received){.request = *request};
	*request = (struct swk_request){0};
	return 0;
}

void swk_received_remove(struct swk_received_list *received, size_t place)
{
	swk_request_free(&received->list[place].request);
	received->count--;
	memmove(&received->list[place], &received->list[place + 1],
		(received->count - place) * sizeof(*received->list));
}

bool swk_received_any_gone(const struct swk_received_list *received)
{
	for (size_t i = 0; i < received->count; i++) {
		if (received->list[i].gone)
			return true;
	}
	return false;
}

bool swk_received_remove_gone(struct swk_received_list *received)
{
	const size_t before = received->count;

	for (size_t i = received->count; i-- > 0;) {
		if (received->list[i].gone)
			swk_received_remove(received, i);
	}
	return received->count < before;
}

bool swk_received_is_open(const struct swk_received *one)
{
	return !one->gone && (!one->given || one->state == SWK_ACK_PENDING);
}

bool swk_received_any_open(const struct swk_received_list *received)
{
	for (size_t i = 0; i < received->count; i++) {
		if (swk_received_is_open(&received->list[i]))
			return true;
	}
	return false;
}

bool swk_received_may_reopen(const struct swk_received *one)
{
	bool without = false;

	for (size_t i = 0; i < one->request.service_count; i++)
		without |= one->request.services[i].without;
	return without && !one->gone && one->given && one->state == SWK_ACK_DONE;
}

/* ---- as text ---- */

static const char *word_of(const struct swk_received *one)
{
	if (one->gone)
		return gone;
	return one->given ? swk_ack_words[one->state] : new;
}

static int write_asked(struct swk_buffer *out, const struct swk_request *request,
		       struct swk_error *error)
{
	char address[SWK_ADDRESS_MAX];
	int status = 0;

	if (request->trouble)
		status = swk_buffer_words(out, error, SWK_WORDS("wrong ", request->trouble, "\n"));
	for (size_t i = 0; !status && i < request->service_count; i++) {
		const struct swk_request_service *service = &request->services[i];

		status = swk_buffer_print(
			out, error, "asks %u %s %s\n", service->live,
			service->without ? swk_server_address(&service->server, address) : "-",
			service->name);
	}
	return status;
}

int swk_received_write(struct swk_buffer *out, const struct swk_received_list *received,
		       struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < received->count; i++) {
		const struct swk_received *one = &received->list[i];

		status = swk_buffer_print(out, error, "request %s %s %" PRIu64 " %d %" PRId64 "\n",
					  one->request.id, word_of(one), one->reason,
					  one->request.all, one->gone_since);
		if (!status && (swk_received_is_open(one) || swk_received_may_reopen(one)))
			status = write_asked(out, &one->request, error);
	}
	return status;
}

/* The next word of a line; "" at its end. */
static const char *next_word(const char **line, size_t *length)
{
	const char *word = *line;

	*length = strcspn(word, " ");
	*line += *length + (word[*length] == ' ');
	return word;
}

static bool is_word(const char *word, size_t length, const char *other)
{
	return strlen(other) == length && !strncmp(word, other, length);
}

static bool read_state(struct swk_received *one, const char *word, size_t length)
{
	if (is_word(word, length, new))
		return true;
	one->given = true;
	one->gone = is_word(word, length, gone);
	if (one->gone)
		return true;
	for (size_t i = 0; i < SWK_ACK_STATES; i++) {
		one->state = (enum swk_ack_state)i;
		if (is_word(word, length, swk_ack_words[i]))
			return true;
	}
	return false;
}

static int read_request(struct swk_received_list *received, const char *line, bool *valid,
			struct swk_error *error)
{
	struct swk_received one = {0};
	size_t length;
	const char *word = next_word(&line, &length);
	uint64_t all, since;

	if (length != SWK_REQUEST_ID || received->count == SWK_REQUESTS_MAX)
		return 0;
	memcpy(one.request.id, word, length);
	word = next_word(&line, &length);
	if (!swk_request_id_valid(one.request.id) || swk_received_find(received, one.request.id) ||
	    !read_state(&one, word, length))
		return 0;
	word = next_word(&line, &length);
	if (!swk_number_read(word, length, UINT64_MAX, &one.reason))
		return 0;
	word = next_word(&line, &length);
	if (!swk_number_read(word, length, 1, &all) ||
	    !swk_number_read(line, strlen(line), INT64_MAX, &since))
		return 0;
	one.request.all = all;
	one.gone_since = (int64_t)since;
	*valid = true;
	if (swk_received_add(received, &one.request, error))
		return error->status;
	one.request = received->list[received->count - 1].request;
	received->list[received->count - 1] = one;
	return 0;
}

static int read_asked(struct swk_request *request, const char *line, bool *valid,
		      struct swk_error *error)
{
	struct swk_request_service *service, read = {0};
	size_t length;
	const char *word = next_word(&line, &length);

	if (request->service_count == SWK_REQUEST_SERVICES_MAX ||
	    !swk_unsigned_read(word, length, SWK_PLACES_MAX, &read.live))
		return 0;
	word = next_word(&line, &length);
	read.without = !is_word(word, length, "-");
	if ((read.without && !swk_server_parse_address(&read.server, word, length)) ||
	    !swk_name_valid(line))
		return 0;
	*valid = true;
	service = swk_request_add_service(request, line, error);
	if (!service)
		return error->status;
	read.name = service->name;
	*service = read;
	return 0;
}

int swk_received_read(struct swk_received_list *received, const char *line, bool *valid,
		      struct swk_error *error)
{
	struct swk_request *last =
		received->count ? &received->list[received->count - 1].request : NULL;

	*valid = false;
	if (!strncmp(line, "request ", 8))
		return read_request(received, line + 8, valid, error);
	if (last && !strncmp(line, "asks ", 5))
		return read_asked(last, line + 5, valid, error);
	if (!last || last->trouble || strncmp(line, "wrong ", 6) != 0 || !line[6])
		return 0;
	*valid = true;
	last->trouble = strdup(line + 6);
	return last->trouble ? 0 : swk_error_memory(error);
}
