/* SPDX-License-Identifier: MIT */
/*
 * One element of Consul's JSON, from jansson's values to the model's: an instance, a check, a key.
 * What it fills in is borrowed from the element and the decoder, until the next element. A trouble
 * that is set says why an element can't be used; the rest of what was filled in is then not to be
 * used, but for an instance's service and id as far as they are known.
 */
#ifndef SWK_CONSUL_DECODE_H
#define SWK_CONSUL_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "model/registration.h"

/* Memory for a list; its content is of no use to the next element. */
struct swk_decoder_room {
	void *data;
	size_t size;
};

/* What stays from element to element, and only grows. Zeroed, it is an empty one. */
struct swk_decoder {
	struct swk_decoder_room tags;
	struct swk_decoder_room tagged; /* the service's, then the node's */
	struct swk_decoder_room pairs;
	struct swk_decoder_room numbers; /* as texts */
	struct swk_decoder_room content; /* of a key's value */
};

void swk_decoder_free(struct swk_decoder *decoder);

/* Why an element can't be used: the first reason is kept. */
struct swk_trouble {
	const char *reason; /* or NULL */
	char text[64];
};

/* Each returns 0, with or without a trouble, or SWK_INTERNAL without memory. */
int swk_decode_instance(struct swk_decoder *decoder, const json_t *element,
			struct swk_instance *instance, struct swk_trouble *trouble,
			struct swk_error *error);
/* A value that can't be used is the key's own trouble. *value, or NULL, is what the key's values
 * are borrowed from; the caller frees it. */
int swk_decode_key(struct swk_decoder *decoder, const json_t *element, struct swk_key *key,
		   json_t **value, struct swk_trouble *trouble, struct swk_error *error);

/* What can't be read of a check is "". */
struct swk_check swk_decode_check(const json_t *check);

/* Whether memory was lacking: jansson says it by errno at most, having no text for it, or calls it
 * bad syntax. Set errno to 0 before decoding. */
bool swk_decode_lacks_memory(const json_error_t *failure);

#endif
