/* SPDX-License-Identifier: MIT */
/* The files that nginx includes: for each upstream, NAME.servers in the directory of the target has
 * the server lines with which nginx starts. A file is never empty, because nginx then would not
 * start. */
#ifndef SWK_TARGET_DYNAMIC_FILES_H
#define SWK_TARGET_DYNAMIC_FILES_H

#include "base/buffer.h"
#include "model/upstream.h"
#include "settings/field.h"

/* The server that an upstream without servers has, in nginx's configuration and in the module. */
#define SWK_DYNAMIC_PLACEHOLDER "0.0.0.1"

/* What the names of the files end with. */
extern const char swk_dynamic_ending[];

/* Appends the text of a file. NULL: the upstream left FILE. */
int swk_dynamic_file_text(struct swk_buffer *out, const struct swk_upstream *upstream,
			  struct swk_error *error);

/* Lists the upstreams that have a file, sorted by name without case. Returns 0, SWK_CANTCREATE or
 * SWK_INTERNAL. */
int swk_dynamic_files_list(struct swk_texts *names, const char *directory, struct swk_error *error);

/* Whether a file has no server but placeholders. */
bool swk_dynamic_file_is_empty(const struct swk_buffer *text);

/* Replaces the text by that of an upstream's file; without a file, it is empty. A symbolic link is
 * an error: root may run this, and another user may own the directory. Returns 0, SWK_CANTCREATE or
 * SWK_INTERNAL, as the next one. */
int swk_dynamic_file_read(struct swk_buffer *text, const char *directory, const char *name,
			  struct swk_error *error);
/* Replaces the file durably, unless it has this text already. NULL: the upstream left FILE. */
int swk_dynamic_file_write(const char *directory, const char *name,
			   const struct swk_upstream *upstream, struct swk_error *error);

#endif
