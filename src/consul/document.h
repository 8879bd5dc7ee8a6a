/* SPDX-License-Identifier: MIT */
/*
 * Consul's JSON, streamed: recognises the document by its shape and hands on one instance (or key,
 * or service's name) at a time. It finds the elements' boundaries itself and has jansson decode
 * each from memory, so that memory does not grow with the document, and what is wrong with one
 * registration does not touch the next. Only broken framing refuses the document: not JSON,
 * truncated, or text after its end. Nobody else sees a Consul document.
 */
#ifndef SWK_CONSUL_DOCUMENT_H
#define SWK_CONSUL_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/registration.h"

enum swk_document_kind {
	SWK_DOCUMENT_NOTHING, /* `[]`: names no service; where keys are taken, `null`: there is none
			       */
	SWK_DOCUMENT_SERVICE, /* [{"Node":{},"Service":{},"Checks":[]},…], as of /v1/health/service
			       */
	SWK_DOCUMENT_SERVICES, /* {"web":["tag",…],…}, as of /v1/catalog/services */
	SWK_DOCUMENT_CHECKS,   /* [{"CheckID":"…","Status":"…",…},…] */
	SWK_DOCUMENT_KEYS,     /* [{"Key":"a/b","Value":"…",…},…], as of /v1/kv/a?recurse */
};

/* Where what is read goes; what is NULL is passed over, but for unreadable. A status other than 0
 * ends the reading. */
struct swk_document_sink {
	void *context;
	/* An instance of a service document. */
	int (*instance)(void *context, const struct swk_instance *instance,
			struct swk_error *error);
	/* A name of a services document. */
	int (*service)(void *context, const char *name, struct swk_error *error);
	/* A key of a keyprefix document. */
	int (*key)(void *context, const struct swk_key *key, struct swk_error *error);
	/* A check of a checks document. */
	int (*check)(void *context, const struct swk_check *check, struct swk_error *error);
	/* A check of an instance, which is handed on behind all of its checks. */
	int (*instance_check)(void *context, const struct swk_check *check,
			      struct swk_error *error);
	/* A registration that can't be decoded, of this service, or of one not known (NULL). What
	 * it is (`instance 3, line 1`) and why are for a person. */
	int (*undecodable)(void *context, const char *service, const char *what, const char *reason,
			   struct swk_error *error);
};

/* A document under way. */
struct swk_document;

/* The sink is borrowed until the document is closed. Returns 0, or SWK_INTERNAL with *document
 * NULL, which may be closed, too. */
int swk_document_open(struct swk_document **document, const struct swk_document_sink *sink,
		      struct swk_error *error);
void swk_document_close(struct swk_document *document);

/* Takes the next bytes. Returns 0, SWK_DATA with the place and the reason, or what the sink said.
 */
int swk_document_feed(struct swk_document *document, const char *data, size_t length,
		      struct swk_error *error);

/* No more bytes come: the document must have ended. Sets the kind. */
int swk_document_end(const struct swk_document *document, enum swk_document_kind *kind,
		     struct swk_error *error);

/*
 * Reads a descriptor to its end into the document, waiting no longer than until the deadline
 * (deadline.h). A document that is refused is still read to its end, so that the writer can finish;
 * one over SWK_DOCUMENT_MAX is not.
 */
int swk_document_read(struct swk_document *document, int descriptor, int64_t deadline,
		      enum swk_document_kind *kind, struct swk_error *error);

#endif
