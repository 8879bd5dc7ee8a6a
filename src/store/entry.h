/* SPDX-License-Identifier: MIT */
/* One line of FILE.journal: a JSON object, which is described in swk-journal(5). Its last member is
 * the number, so the end of the file is enough to go on counting. Knows the text, not the file. */
#ifndef SWK_STORE_ENTRY_H
#define SWK_STORE_ENTRY_H

#include "base/buffer.h"
#include "model/change.h"

/*
 * Reads a line, without its newline, into a zeroed change; free it in any case. Escapes all texts
 * but the blocks, which are as the line has them. Returns whether the line is valid; if memory runs
 * out, the error is set.
 */
bool swk_entry_read(struct swk_change *change, const char *line, size_t length,
		    struct swk_error *error);

#endif
