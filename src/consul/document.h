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
#include "consul/trim.h"
#include "model/registration.h"

enum swk_watch_kind {
	SWK_WATCH_NOTHING, /* `[]`: names no service; where keys are taken, `null`: there is none */
	SWK_WATCH_SERVICE, /* [{"Node":{},"Service":{},"Checks":[]},…], as of /v1/health/service */
	SWK_WATCH_SERVICES, /* {"web":["tag",…],…}, as of /v1/catalog/services */
	SWK_WATCH_CHECKS,   /* [{"CheckID":"…","Status":"…",…},…] */
	SWK_WATCH_KEYS,	    /* [{"Key":"a/b","Value":"…",…},…], as of /v1/kv/a?recurse */
};

/* Where what is read goes; what is NULL is passed over, but for unreadable. A status other than 0
 * ends the reading. */
struct swk_watch_sink {
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

/* Memory for a list; its content is of no use to the next element. */
struct swk_watch_room {
	void *data;
	size_t size;
};

/* A decoder; its members are its own. */
struct swk_watch {
	const struct swk_watch_sink *sink;
	int state;
	bool known; /* an element showed the kind */
	enum swk_watch_kind kind;
	/* The element under way. */
	struct swk_buffer element;
	struct swk_trim trim;
	char first;		/* its first byte */
	char form;		/* '{' a container, '"' a string, '0' anything else */
	size_t depth;		/* of the container's brackets; of `null`: its letters so far */
	bool in_string;		/* within it */
	bool escaped;		/* behind a backslash */
	bool too_large;		/* not kept */
	size_t number;		/* of elements so far */
	size_t line;		/* here, from 1 */
	size_t start;		/* the line on which the element began */
	size_t length;		/* bytes so far */
	size_t unshaped;	/* elements before the kind was known that show none */
	char key[SWK_TEXT_MAX]; /* of the object's member under way */
	/* What is handed on of an element; it stays for the next, and only grows. */
	struct swk_watch_room tags;
	struct swk_watch_room tagged; /* the service's, then the node's */
	struct swk_watch_room pairs;
	struct swk_watch_room numbers; /* as texts */
	struct swk_watch_room content; /* of a key's value */
};

/* The sink is borrowed until swk_watch_free. */
void swk_watch_init(struct swk_watch *watch, const struct swk_watch_sink *sink);
void swk_watch_free(struct swk_watch *watch);

/* Takes the next bytes. Returns 0, SWK_DATA with the place and the reason, or what the sink said.
 */
int swk_watch_feed(struct swk_watch *watch, const char *data, size_t length,
		   struct swk_error *error);

/* No more bytes come: the document must have ended. Sets the kind. */
int swk_watch_end(struct swk_watch *watch, enum swk_watch_kind *kind, struct swk_error *error);

/*
 * Reads a descriptor to its end into the decoder, waiting no longer than until the deadline
 * (deadline.h). A document that is refused is still read to its end, so that the writer can finish;
 * one over SWK_DOCUMENT_MAX is not.
 */
int swk_watch_read(struct swk_watch *watch, int descriptor, int64_t deadline,
		   enum swk_watch_kind *kind, struct swk_error *error);

#endif
