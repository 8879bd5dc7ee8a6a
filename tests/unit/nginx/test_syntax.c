/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "nginx/syntax.h"

/* Writes `1:listen|80; 2:server{3:return|200;}`: each directive with its line, `|` between its
 * words. */
static void write(struct swk_buffer *out, const struct swk_directives *directives)
{
	struct swk_error error = {0};

	for (size_t i = 0; i < directives->count; i++) {
		const struct swk_directive *directive = &directives->list[i];

		(void)swk_buffer_print(out, &error, "%s%u:", i ? " " : "", directive->line);
		for (size_t j = 0; j < directive->count; j++)
			(void)swk_buffer_print(out, &error, "%s%s", j ? "|" : "",
					       directive->words[j]);
		(void)swk_buffer_print(out, &error, "%s", directive->block ? "{" : ";");
		write(out, &directive->inside);
		if (directive->block)
			(void)swk_buffer_print(out, &error, "}");
	}
	assert_int_equal(error.status, 0);
}

/* Reads from memory of the exact length, so that a memory checker sees an overrun. */
static char *read_text(const char *text, size_t length, struct swk_error *error)
{
	static char name[] = "a.conf";
	const struct swk_nginx_file file = {.name = name};
	struct swk_directives directives = {0};
	size_t room = 50;
	struct swk_buffer out;
	char *copy = malloc(length ? length : 1), *result;
	int status;

	assert_non_null(copy);
	memcpy(copy, text, length);
	swk_buffer_init(&out, 100000);
	status = swk_nginx_conf_parse(&directives, &file, copy, length, &room, error);
	free(copy);
	assert_int_equal(status, error->status);
	if (status)
		assert_true(!directives.count && !directives.list);
	write(&out, &directives);
	result = strdup(out.data ? out.data : "");
	swk_buffer_free(&out);
	swk_directives_free(&directives);
	return result;
}

static void texts(void **state)
{
	static const struct {
		const char *text, *desired;
	} rows[] = {
		{"", ""},
		{" \t\r\n# nothing; {", ""},
		{"a;", "1:a;"},
		{"a b\n\tc\n;\nd;", "1:a|b|c; 4:d;"},
		{"\n\na{b;}c {\n}", "3:a{3:b;} 3:c{}"},
		{"a {\n b {\n c d; } } e;", "1:a{2:b{3:c|d;}} 3:e;"},
		/* A comment begins where a word could begin. */
		{"a #b;\nc; #d", "1:a|c;"},
		{"a b#c;", "1:a|b#c;"},
		/* Quotes, and what may follow them. */
		{"a 'b c;{}#\"' \"d '\n\";e;", "1:a|b c;{}#\"|d '\n; 2:e;"},
		{"a ''; b \"\";", "1:a|; 1:b|;"},
		{"a b'c d';", "1:a|b'c|d';"},
		{"if ($a = \"b\"){c;}", "1:if|($a|=|b|){1:c;}"},
		{"'a'{b;}", "1:a{1:b;}"},
		/* Escapes of quotes, backslashes and three letters; others stay as they are. */
		{"a \\\"b\\'c\\\\d;", "1:a|\"b'c\\d;"},
		{"a 'b\\'c' \\t\\r\\n\\d\\.;", "1:a|b'c|\t\r\n\\d\\.;"},
		{"a b\\ c\\;d;", "1:a|b\\ c\\;d;"},
		{"a \\\nb;c;", "1:a|\\\nb; 2:c;"},
		/* The braces of a variable are not those of a block. Another opening brace ends a
		 * word. */
		{"a ${b}c;", "1:a|${b}c;"},
		{"a $b{c;}", "1:a|$b{1:c;}"},
		{"a b${c}{d;}", "1:a|b${c}{1:d;}"},
		{"a b}c;", "1:a|b}c;"},
		{"a 'x$' {}", "1:a|x${}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		char *got = read_text(rows[i].text, strlen(rows[i].text), &error);

		unit_same(rows[i].text, error.text, "");
		unit_same(rows[i].text, got, rows[i].desired);
		free(got);
	}
}

static void blocks_of_lua(void **state)
{
	static const char *const bodies[] = {
		"",
		" return {a = {}} ",
		" say('}') say(\"}\") say('\\'}') say(\"\\\"}\\\\\") ",
		" -- it's a }\n x = 1 ",
		" --[[ } \n ]] --[==[ } ]] } ]==] ",
		" x = [[ } ' ]] y = [=[ ]] } ]=] ",
		" --[ }\n",
		" --[=} \n",
		" a[b[1]] = c[d] -1 - -2 ",
		" t[ [[}]] ] = 1 ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct swk_error error = {0};
		char text[256], desired[128], *got;
		unsigned lines = 2;

		for (const char *at = bodies[i]; *at; at++)
			lines += *at == '\n';
		(void)snprintf(text, sizeof(text), "a {\nset_by_lua_block $x {%s} b; } c;",
			       bodies[i]);
		(void)snprintf(desired, sizeof(desired), "1:a{2:set_by_lua_block|$x{} %u:b;} %u:c;",
			       lines, lines);
		got = read_text(text, strlen(text), &error);
		unit_same(text, error.text, "");
		unit_same(text, got, desired);
		free(got);
	}
}

static void not_of_nginx_syntax(void **state)
{
	static const struct {
		const char *text, *desired;
	} rows[] = {
		{"a", "a.conf:1: unexpected end of the file"},
		{"a;\nb c", "a.conf:2: unexpected end of the file"},
		{"a {\nb;\n", "a.conf:3: unexpected end of the file"},
		{"a 'b;\n", "a.conf:2: unexpected end of the file"},
		{"a \"b", "a.conf:1: unexpected end of the file"},
		{"}", "a.conf:1: unexpected '}'"},
		{"a {}\n}", "a.conf:2: unexpected '}'"},
		{"a { b }", "a.conf:1: unexpected '}'"},
		{";", "a.conf:1: unexpected ';'"},
		{"a {;}", "a.conf:1: unexpected ';'"},
		{"{}", "a.conf:1: unexpected '{'"},
		{"a 'b'c;", "a.conf:1: unexpected 'c'"},
		{"a 'b''c';", "a.conf:1: unexpected '''"},
		{"b_by_lua_block {\n'}\n", "a.conf:3: unexpected end of the file"},
		{"b_by_lua_block { [[ }", "a.conf:1: unexpected end of the file"},
		{"b_by_lua_block { -- }", "a.conf:1: unexpected end of the file"},
		{"b_by_lua_block { {} ", "a.conf:1: unexpected end of the file"},
		{"b_by_lua_block { '\\", "a.conf:1: unexpected end of the file"},
		{"b_by_lua_block { --[", "a.conf:1: unexpected end of the file"},
		{"a \\", "a.conf:1: unexpected end of the file"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		char *got = read_text(rows[i].text, strlen(rows[i].text), &error);

		unit_number(rows[i].text, error.status, SWK_DATA);
		unit_says(rows[i].text, error.text, rows[i].desired);
		unit_same(rows[i].text, got, "");
		free(got);
	}
}

static void bounds(void **state)
{
	static const char nul[] = "a b\0c;", escaped_nul[] = "a \\\0;";
	struct swk_error error = {0};
	struct swk_buffer text;
	char *word = unit_repeat('x', SWK_LINT_WORD_MAX), *got;

	(void)state;
	free(read_text(nul, sizeof(nul) - 1, &error));
	unit_says("NUL", error.text, "a.conf:1: a NUL");
	error = (struct swk_error){0};
	free(read_text(escaped_nul, sizeof(escaped_nul) - 1, &error));
	unit_says("NUL after a backslash", error.text, "a.conf:1: a NUL");

	swk_buffer_init(&text, 100000);
	error = (struct swk_error){0};
	assert_int_equal(swk_buffer_print(&text, &error, "%s;", word), 0);
	got = read_text(text.data, text.length, &error);
	unit_number("the longest word", error.status, 0);
	unit_number("the longest word", (long long)strlen(got), SWK_LINT_WORD_MAX + 3);
	free(got);
	swk_buffer_clear(&text);
	assert_int_equal(swk_buffer_print(&text, &error, "x%s;", word), 0);
	free(read_text(text.data, text.length, &error));
	unit_says("a longer word", error.text, "a.conf:1: this word is too long");

	/* 50 is the limit that read_text sets. */
	for (int more = 0; more < 2; more++) {
		swk_buffer_clear(&text);
		error = (struct swk_error){0};
		for (int i = 0; i < 50 + more; i++)
			assert_int_equal(swk_buffer_add(&text, "a;\n", 3, &error), 0);
		free(read_text(text.data, text.length, &error));
		unit_same("directives", error.text, more ? "a.conf:51: too many directives" : "");
	}
	swk_buffer_free(&text);
	free(word);
}

static void depth(void **state)
{
	static char name[] = "a.conf";
	const struct swk_nginx_file file = {.name = name};
	char text[4 * SWK_LINT_DEPTH_MAX + 8];

	(void)state;
	for (size_t blocks = SWK_LINT_DEPTH_MAX; blocks <= SWK_LINT_DEPTH_MAX + 1; blocks++) {
		struct swk_directives directives = {0};
		struct swk_error error = {0};
		size_t room = 1000, length = 0;

		for (size_t i = 0; i < blocks; i++, length += 2)
			memcpy(text + length, "a{", 2);
		memset(text + length, '}', blocks);
		length += blocks;
		(void)swk_nginx_conf_parse(&directives, &file, text, length, &room, &error);
		unit_same("depth", error.text,
			  blocks > SWK_LINT_DEPTH_MAX ? "a.conf:1: blocks are nested too deeply"
						      : "");
		swk_directives_free(&directives);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(blocks_of_lua),
		cmocka_unit_test(not_of_nginx_syntax),
		cmocka_unit_test(bounds),
		cmocka_unit_test(depth),
	};

	return cmocka_run_group_tests_name("syntax", tests, NULL, NULL);
}
