/* SPDX-License-Identifier: MIT */
/* One line of FILE.journal: a JSON object, which is described in swk-journal(5). Its last member is
 * the number, so the end of the file is enough to go on counting. Knows the text, not the file. */
#ifndef SWK_STORE_ENTRY_H
#define SWK_STORE_ENTRY_H

#include "base/buffer.h"
#include "model/change.h"

/* Appends a line and its newline. Returns 0, or SWK_INTERNAL if memory runs out or the buffer would
 * exceed its ceiling. */
int swk_entry_write(struct swk_buffer *out, const struct swk_change *change,
		    struct swk_error *error);

/* Reads the number at the end of a line; 0: it has none, so the line was not written to its end. */
uint64_t swk_entry_number(const char *line, size_t length);

/*
 * Reads a line, without its newline, into a zeroed change; free it in any case. Escapes all texts
 * but the blocks, which are as the line has them. Returns whether the line is valid; if memory runs
 * out, the error is set.
 */
bool swk_entry_read(struct swk_change *change, const char *line, size_t length,
		    struct swk_error *error);

#endif
