/* SPDX-License-Identifier: MIT */
/* The least that reads a document with jansson: each element decoded from the stream and let go. */
#include <jansson.h>

int main(void)
{
	json_error_t error;
	int c;

	while ((c = getchar()) == '[' || c == ',')
		json_decref(json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &error));
	return c == ']' ? 0 : 1;
}
