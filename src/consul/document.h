/* SPDX-License-Identifier: MIT */
/*
 * Consul's JSON, streamed. Recognises the document by its shape, and passes on one instance (or
 * key, or service's name) at a time. It finds the bounds of each element itself, and jansson
 * decodes each one from memory. So memory does not grow with the document, and a bad registration
 * does not affect the next. Only wrong framing makes the whole document unusable: it is not JSON,
 * is truncated, or has text after its end. No other folder sees a Consul document.
 */
#ifndef SWK_CONSUL_DOCUMENT_H
#define SWK_CONSUL_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/registration.h"

enum swk_document_kind {
	SWK_DOCUMENT_NOTHING,  /* `[]`: no service. With a sink for keys also `null` */
	SWK_DOCUMENT_SERVICE,  /* [{"Node":{},"Service":{},"Checks":[]},…], as from
				* /v1/health/service */
	SWK_DOCUMENT_SERVICES, /* {"web":["tag",…],…}, as from /v1/catalog/services */
	SWK_DOCUMENT_CHECKS,   /* [{"CheckID":"…","Status":"…",…},…] */
	SWK_DOCUMENT_KEYS,     /* [{"Key":"a/b","Value":"…",…},…], as from /v1/kv/a?recurse */
};

/* Receives the elements. A NULL function skips its elements. A status other than 0 ends the
 * reading. */
struct swk_document_sink {
	void *context;
	bool tagged; /* instances need their tagged addresses; else they may lack them */
	/* An instance in a service document. */
	int (*instance)(void *context, const struct swk_instance *instance,
			struct swk_error *error);
	/* A name in a services document. */
	int (*service)(void *context, const char *name, struct swk_error *error);
	/* A key in a keyprefix document. */
	int (*key)(void *context, const struct swk_key *key, struct swk_error *error);
	/* A key in a keyprefix document, with the bytes of its value instead; not with `key`. */
	int (*value)(void *context, const struct swk_value *value, struct swk_error *error);
	/* A check in a checks document. */
	int (*check)(void *context, const struct swk_check *check, struct swk_error *error);
	/* A check of an instance. The instance follows after all of its checks. */
	int (*instance_check)(void *context, const struct swk_check *check,
			      struct swk_error *error);
	/* An undecodable registration. `service` is NULL if unknown; `what` (`instance 3, line 1`)
	 * and `reason` are for messages. NULL: passed over. */
	int (*undecodable)(void *context, const char *service, const char *what, const char *reason,
			   struct swk_error *error);
};

/* A document being read. */
struct swk_document;

/* The sink is borrowed until the document is closed. Returns 0, or SWK_INTERNAL with *document
 * NULL, which swk_document_close accepts. */
int swk_document_open(struct swk_document **document, const struct swk_document_sink *sink,
		      struct swk_error *error);
void swk_document_close(struct swk_document *document);

/* Takes the next bytes. Returns 0, SWK_DATA with place and reason, or the sink's status. */
int swk_document_feed(struct swk_document *document, const char *data, size_t length,
		      struct swk_error *error);

/* Checks at the end of the input that the document is complete. Sets the kind. */
int swk_document_end(const struct swk_document *document, enum swk_document_kind *kind,
		     struct swk_error *error);

/*
 * Reads a descriptor to its end into the document, until the deadline (deadline.h) at most. Reads a
 * rejected document to its end, too, so that the writer can finish, but stops after
 * SWK_DOCUMENT_MAX.
 */
int swk_document_read(struct swk_document *document, int descriptor, int64_t deadline,
		      enum swk_document_kind *kind, struct swk_error *error);

#endif
