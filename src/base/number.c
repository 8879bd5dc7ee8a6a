/* SPDX-License-Identifier: MIT */
#include "base/number.h"

char *swk_number_put(char *at, uint64_t number)
{
	char digits[SWK_NUMBER_MAX];
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (first < sizeof(digits))
		*at++ = digits[first++];
	return at;
}

const char *swk_number_text(char room[SWK_NUMBER_MAX], uint64_t number)
{
	*swk_number_put(room, number) = '\0';
	return room;
}

bool swk_number_read(const char *text, size_t length, uint64_t most, uint64_t *number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned)(text[i] - '0');

		if (digit > 9 || digit > most || value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (length)
		*number = value;
	return length > 0;
}

bool swk_unsigned_read(const char *text, size_t length, unsigned most, unsigned *number)
{
	uint64_t value;

	if (!swk_number_read(text, length, most, &value))
		return false;
	*number = (unsigned)value;
	return true;
}
