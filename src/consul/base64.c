/* SPDX-License-Identifier: MIT */
#include "consul/base64.h"

#include <stdint.h>

/* The six bits of a digit, or -1. */
static int bits_of(char digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	if (digit == '+')
		return 62;
	return digit == '/' ? 63 : -1;
}

bool swk_base64_decode(const char *text, size_t length, char *bytes, size_t *count)
{
	size_t digits = length, i;
	uint32_t bits = 0;
	unsigned left = 0; /* bits that are not a whole byte yet */

	*count = 0;
	if (length % 4)
		return false;
	while (digits && length - digits < 2 && text[digits - 1] == '=')
		digits--;
	for (i = 0; i < digits; i++) {
		int six = bits_of(text[i]);

		if (six < 0)
			return false;
		bits = bits << 6 | (uint32_t)six;
		left += 6;
		if (left < 8)
			continue;
		left -= 8;
		bytes[(*count)++] = (char)(unsigned char)(bits >> left);
	}
	return !(bits & ((1U << left) - 1));
}
