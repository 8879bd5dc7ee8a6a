/* SPDX-License-Identifier: MIT */
/* Decimal numbers as text: written without printf, since a file has thousands, and read strictly.
 */
#ifndef SWK_BASE_NUMBER_H
#define SWK_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the digits of any number, and a NUL. */
#define SWK_NUMBER_MAX 21

/* Writes the digits without a NUL, and returns the place after them. */
char *swk_number_put(char *at, uint64_t number);
/* Writes the digits with a NUL, and returns the text. */
const char *swk_number_text(char room[SWK_NUMBER_MAX], uint64_t number);

/* Both read a text of `length` bytes. False, and *number as it was, unless all of it are digits and
 * the number is at most `most`. */
bool swk_number_read(const char *text, size_t length, uint64_t most, uint64_t *number);
bool swk_unsigned_read(const char *text, size_t length, unsigned most, unsigned *number);

#endif
