/* SPDX-License-Identifier: MIT */
/* What FILE was earlier, from the journal. Pure. */
#ifndef SWK_NGINX_REWIND_H
#define SWK_NGINX_REWIND_H

#include "base/buffer.h"
#include "model/change.h"

/*
 * Takes back all changes from index `first` on. `text` is FILE's; it becomes what FILE was before
 * these changes, byte for byte. Checks FILE's hash at each step. Returns 0, SWK_INTERNAL without
 * memory, or SWK_CANTCREATE at a gap in the journal or a change that another program made: the
 * message, which begins with `path`, names it.
 */
int swk_nginx_rewind(struct swk_buffer *text, const char *path, const struct swk_changes *changes,
		     size_t first, struct swk_error *error);

#endif
