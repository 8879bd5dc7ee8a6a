/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "consul/base64.h"

/* Decodes from and into memory of the exact length, so that a memory checker sees an overrun.
 * Returns the bytes, which the caller frees, or NULL if the text is refused. */
static char *decode(const char *text, size_t length, size_t *count)
{
	size_t room = SWK_BASE64_ROOM(length);
	char *copy = malloc(length + 1), *bytes = malloc(room + 1);
	bool good;

	assert_non_null(copy);
	assert_non_null(bytes);
	memcpy(copy + 1, text, length);
	good = swk_base64_decode(copy + 1, length, bytes + 1, count);
	assert_true(*count <= room);
	memmove(bytes, bytes + 1, room);
	free(copy);
	if (good)
		return bytes;
	free(bytes);
	return NULL;
}

static void known_texts(void **state)
{
	static const struct {
		const char *text, *bytes;
		size_t count;
	} rows[] = {
		/* RFC 4648, section 10 */
		{"", "", 0},
		{"Zg==", "f", 1},
		{"Zm8=", "fo", 2},
		{"Zm9v", "foo", 3},
		{"Zm9vYg==", "foob", 4},
		{"Zm9vYmE=", "fooba", 5},
		{"Zm9vYmFy", "foobar", 6},
		/* bytes of any value, and every digit */
		{"AA==", "\0", 1},
		{"/+8=", "\xff\xef", 2},
		{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		 "\x00\x10\x83\x10\x51\x87\x20\x92\x8b\x30\xd3\x8f\x41\x14\x93\x51\x55\x97\x61\x96"
		 "\x9b\x71\xd7\x9f\x82\x18\xa3\x92\x59\xa7\xa2\x9a\xab\xb2\xdb\xaf\xc3\x1c\xb3\xd3"
		 "\x5d\xb7\xe3\x9e\xbb\xf3\xdf\xbf",
		 48},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t count;
		char *bytes = decode(rows[i].text, strlen(rows[i].text), &count);

		if (!bytes)
			fail_msg("'%s' is refused", rows[i].text);
		unit_number(rows[i].text, (long long)count, (long long)rows[i].count);
		assert_memory_equal(bytes, rows[i].bytes, count);
		free(bytes);
	}
}

static void refused_texts(void **state)
{
	static const char *const rows[] = {
		/* padding that is missing, too short, too long or misplaced */
		"Z",
		"Zg",
		"Zm8",
		"Zg=",
		"Zm9vY===",
		"Z===",
		"====",
		"Zm9v====",
		"=",
		"==",
		"=Zm8",
		"Zg==Zm9v",
		"Z=g=",
		"Zm=v",
		/* white space, digits of other alphabets */
		"Zm9v\n",
		"Zm\n9v",
		"Zm9 ",
		" Zm9v",
		"Zm-_",
		"Zm9\x80",
		"Zm9\xff",
		"Zm9.",
		"Zm9@",
		"Zm9[",
		"Zm9`",
		"Zm9{",
		"Zm9:",
		"Zm9*",
		"Zm9,",
		/* leftover bits that are not 0 */
		"Zh==",
		"Zn==",
		"Zo==",
		"Zm9=",
		"Zm+=",
	};
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (decode(rows[i], strlen(rows[i]), &count))
			fail_msg("'%s' is accepted", rows[i]);
	}
	assert_null(decode("Zm9\0", 4, &count));
	assert_null(decode("\0\0\0\0", 4, &count));
}

/* Among all texts of one group that begin with 'Z' (six bits), each content of one to three bytes
 * has exactly one. */
static void one_text_for_each_content(void **state)
{
	/* Digits, padding, and bytes that are neither, including a NUL. */
	static const char some[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789+/=-_ \n";
	const size_t base = sizeof(some);
	size_t taken[4] = {0};

	(void)state;
	for (size_t i = 0; i < base * base * base; i++) {
		const char text[4] = {'Z', some[i / base / base], some[i / base % base],
				      some[i % base]};
		char bytes[SWK_BASE64_ROOM(sizeof(text))];
		size_t count;

		if (swk_base64_decode(text, sizeof(text), bytes, &count))
			taken[count]++;
	}
	assert_int_equal(taken[0], 0);
	assert_int_equal(taken[1], 1 << 2);
	assert_int_equal(taken[2], 1 << 10);
	assert_int_equal(taken[3], 1 << 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts),
		cmocka_unit_test(refused_texts),
		cmocka_unit_test(one_text_for_each_content),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
