/* SPDX-License-Identifier: MIT */
/* Where in a JSON text a value stands, which jansson does not tell. */
#ifndef SWK_SETTINGS_CONFIG_LINE_H
#define SWK_SETTINGS_CONFIG_LINE_H

#include <stddef.h>

/* The way to a value: from the outermost step to this one. */
struct swk_config_step {
	const struct swk_config_step *up; /* NULL: the whole text */
	const char *key;		  /* of an object; NULL: of an array */
	size_t index;
};

/* The line, from 1, of the key (or the array's element) at the end of the way; of the last that is
 * found of it, in a text that jansson has taken. */
size_t swk_config_line(const char *text, size_t length, const struct swk_config_step *step);

#endif
