/* SPDX-License-Identifier: MIT */
/* Decimal numbers as text. They are written without printf, because a file has thousands, and read
 * strictly. */
#ifndef SWK_BASE_NUMBER_H
#define SWK_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest number's digits and a NUL. */
#define SWK_NUMBER_MAX 21

/* Writes the digits without a NUL. Returns the end. */
char *swk_number_put(char *at, uint64_t number);
/* Writes the digits with a NUL. Returns the text. */
const char *swk_number_text(char room[SWK_NUMBER_MAX], uint64_t number);

/* Both read `length` bytes. If any is not a digit, or the number exceeds `most`, they return false
 * and leave *number unchanged. */
bool swk_number_read(const char *text, size_t length, uint64_t most, uint64_t *number);
bool swk_unsigned_read(const char *text, size_t length, unsigned most, unsigned *number);

#endif
