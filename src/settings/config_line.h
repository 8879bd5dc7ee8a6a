/* SPDX-License-Identifier: MIT */
/* Finds the line of a value in a JSON text. jansson does not keep it. */
#ifndef SWK_SETTINGS_CONFIG_LINE_H
#define SWK_SETTINGS_CONFIG_LINE_H

#include <stddef.h>

/* One step of the path to a value, with a link to the step before it. */
struct swk_config_step {
	const struct swk_config_step *up; /* NULL: the whole text */
	const char *key;		  /* in an object; NULL: an element of an array */
	size_t index;
};

/* The line, from 1, of the key or array element at the end of the path. If the text lacks it, the
 * line of the last step that the text has. jansson must have accepted the text. */
size_t swk_config_line(const char *text, size_t length, const struct swk_config_step *step);

#endif
