/* SPDX-License-Identifier: MIT */
/*
 * Decodes one element of Consul's JSON from jansson's values to the model: an instance, a check or
 * a key. The result is borrowed from the element and the decoder, until the next element. A trouble
 * says why the element can't be used. If there is a trouble, use only the service and the id of an
 * instance, if they are known.
 */
#ifndef SWK_CONSUL_DECODE_H
#define SWK_CONSUL_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "model/registration.h"

/* Memory for a list, reused for the next element. */
struct swk_decoder_room {
	void *data;
	size_t size;
};

/* Reused for each element; only grows. A zeroed struct is empty. */
struct swk_decoder {
	struct swk_decoder_room tags;
	struct swk_decoder_room ports;
	struct swk_decoder_room tagged; /* the service's, then the node's */
	struct swk_decoder_room pairs;
	struct swk_decoder_room numbers; /* as text */
	struct swk_decoder_room content; /* of a key's value */
};

void swk_decoder_free(struct swk_decoder *decoder);

/* Why an element can't be used; keeps the first reason. */
struct swk_trouble {
	const char *reason; /* or NULL */
	char text[64];
};

/* Return 0, with or without a trouble, or SWK_INTERNAL if memory runs out. */
int swk_decode_instance(struct swk_decoder *decoder, const json_t *element,
			struct swk_instance *instance, struct swk_trouble *trouble,
			struct swk_error *error);
/* An unusable value sets the key's own trouble. The key's values are borrowed from *value, which
 * may be NULL; the caller frees *value. */
int swk_decode_key(struct swk_decoder *decoder, const json_t *element, struct swk_key *key,
		   json_t **value, struct swk_trouble *trouble, struct swk_error *error);

/* The same, with the bytes of the value. */
int swk_decode_value(struct swk_decoder *decoder, const json_t *element, struct swk_value *value,
		     struct swk_trouble *trouble, struct swk_error *error);

/* An undecodable text becomes "". */
struct swk_check swk_decode_check(const json_t *check);

#endif
