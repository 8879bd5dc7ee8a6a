/* SPDX-License-Identifier: MIT */
/* SWK_ROUNDS sets how many random files are tried. */
#include "unit.h"

#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nginx/conf.h"
#include "nginx/scan.h"

#define ROUNDS 5000
enum { NAMES = 12 };

/* In order, without case. */
static const char *const names[NAMES] = {"0",  "a",   "A-b", "a.b", "a_b", "B",
					 "bb", "bbb", "Web", "wex", "wey", "z"};

static uint64_t dice = 1;

static unsigned throw(unsigned sides)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(dice >> 33) % sides;
}

/* ---- random files ---- */

static void add_server(struct swk_upstream *upstream, unsigned number)
{
	struct swk_server server = {.weight = 1 + throw(3),
				    .max_conns = throw(2),
				    .max_fails = throw(3),
				    .fail_timeout = throw(20),
				    .down = !throw(5)};
	struct swk_error error = {0};
	char literal[40];

	(void)snprintf(literal, sizeof(literal), throw(5) ? "10.1.%u.%u" : "fe80::%u:%u",
		       number / 250, number % 250);
	if (throw(8))
		assert_true(swk_server_set_address(&server, literal, 1 + throw(65535)));
	else
		assert_true(swk_server_set_host(&server, (char *)"backend.example", 1 + number));
	assert_int_equal(swk_upstream_add(upstream, &server, &error), 0);
}

static void add_upstream(struct swk_upstreams *set, const char *name)
{
	const unsigned servers = throw(100) ? 1 + throw(4) : 1500 + throw(1000);
	struct swk_source source = {.kind = throw(4) ? SWK_SOURCE_SERVICE : SWK_SOURCE_KEY,
				    .name = throw(3) ? name : "other",
				    .tag = ""};
	struct swk_upstream upstream;
	struct swk_error error = {0};

	if (!throw(10))
		source = swk_source_unknown;
	else if (source.kind == SWK_SOURCE_SERVICE && !throw(3))
		source.tag = "gray=a";
	assert_int_equal(swk_upstream_init(&upstream, name, &source, &error), 0);
	upstream.balance = throw(3) ? SWK_ROUND_ROBIN : throw(SWK_BALANCES);
	upstream.keepalive = throw(2) * throw(30);
	upstream.says_none = !upstream.keepalive && throw(2);
	if (upstream.keepalive && !throw(3))
		upstream.keepalive_requests = 1 + throw(1000);
	for (unsigned i = 0; i < servers; i++)
		add_server(&upstream, i);
	swk_upstream_tidy(&upstream);
	assert_int_equal(swk_upstreams_append(set, &upstream, &error), 0);
}

/* Adds upstreams with some of the names, in order. */
static void add_some(struct swk_upstreams *set, unsigned one_in)
{
	for (unsigned i = 0; i < NAMES; i++) {
		if (!throw(one_in))
			add_upstream(set, names[i]);
	}
}

static struct swk_buffer text_of(const struct swk_upstreams *set)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_nginx_file(&text, set, &error), 0);
	return text;
}

/* ---- files ---- */

static int file_of(const struct swk_buffer *text)
{
	int descriptor = memfd_create("conf", 0);

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, text->data, text->length), text->length);
	return descriptor;
}

/* Reads what the scanner finds, as FILE is read. */
static int take(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	struct swk_upstreams *set = context, one = {0};
	const struct swk_source *source;
	int status = swk_nginx_read(&one, "block", block->text, block->length, error);

	if (status)
		return status;
	source = &one.list->source;
	assert_int_equal(one.count, 1);
	assert_string_equal(one.list->name, block->name);
	assert_string_equal(source->name, block->source);
	assert_true(!*block->source || source->kind == block->kind);
	status = swk_upstreams_append(set, one.list, error);
	swk_upstreams_free(&one);
	return status;
}

static uint64_t scan(const struct swk_buffer *text, swk_nginx_take *with, void *context,
		     int *status)
{
	struct swk_error error = {0};
	int descriptor = file_of(text);
	uint64_t hash;

	*status = swk_nginx_scan(descriptor, "FILE", with, context, &hash, &error);
	assert_int_equal(close(descriptor), 0);
	return hash;
}

/* ---- what is the same ---- */

/* The scanner finds what the reader finds. */
static uint64_t as_read(const struct swk_buffer *text)
{
	struct swk_upstreams read = {0}, scanned = {0};
	struct swk_error error = {0};
	struct swk_buffer a, b;
	uint64_t hash;
	int status;

	assert_int_equal(swk_nginx_read(&read, "FILE", text->data, text->length, &error), 0);
	hash = scan(text, take, &scanned, &status);
	assert_int_equal(status, 0);
	assert_true(hash && hash == swk_nginx_hash(text));
	a = text_of(&read);
	b = text_of(&scanned);
	assert_string_equal(a.data, text->data);
	assert_string_equal(b.data, text->data);
	swk_buffer_free(&a);
	swk_buffer_free(&b);
	swk_upstreams_free(&read);
	swk_upstreams_free(&scanned);
	return hash;
}

static int ignore(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	(void)context;
	(void)error;
	assert_true(*block->name && block->length);
	return 0;
}

static void replace(struct swk_buffer *text, size_t from, size_t to, const char *with,
		    size_t length)
{
	struct swk_error error = {0};
	struct swk_buffer other;

	swk_buffer_init(&other, SWK_CONF_MAX);
	assert_int_equal(swk_buffer_add(&other, text->data, from, &error), 0);
	assert_int_equal(swk_buffer_add(&other, with, length, &error), 0);
	assert_int_equal(swk_buffer_add(&other, text->data + to, text->length - to, &error), 0);
	swk_buffer_free(text);
	*text = other;
}

/* A place in the text; often where a line begins. */
static size_t place(const struct swk_buffer *text)
{
	size_t at = throw((unsigned)text->length + 1);
	const char *line = throw(2) ? memchr(text->data + at, '\n', text->length - at) : NULL;

	return line ? (size_t)(line + 1 - text->data) : at;
}

/* Changes a byte, or removes, repeats or moves a part. */
static void damage(struct swk_buffer *text)
{
	static const char bytes[] = "\n }{;#0aZ\0";
	size_t a = place(text), b = place(text), from = a < b ? a : b, to = a < b ? b : a;
	struct swk_buffer part;
	struct swk_error error = {0};

	swk_buffer_init(&part, SWK_CONF_MAX);
	assert_int_equal(swk_buffer_add(&part, text->data + from, to - from, &error), 0);
	switch (throw(4)) {
	case 0:
		if (a < text->length)
			text->data[a] = bytes[throw(sizeof(bytes) - 1)];
		break;
	case 1:
		replace(text, from, to, "", 0);
		break;
	case 2:
		replace(text, to, to, part.data, part.length);
		break;
	default:
		replace(text, from, to, "", 0);
		a = place(text);
		replace(text, a, a, part.data, part.length);
	}
	swk_buffer_free(&part);
}

/* A damaged file has another hash, so it is read by the reader, and its messages are the reader's.
 */
static void damaged(const struct swk_buffer *text, uint64_t hash)
{
	struct swk_error error = {0};
	struct swk_buffer other;
	int status;

	swk_buffer_init(&other, SWK_CONF_MAX);
	assert_int_equal(swk_buffer_add(&other, text->data, text->length, &error), 0);
	for (unsigned i = 1 + throw(2); i > 0; i--)
		damage(&other);
	if (other.length != text->length || memcmp(other.data, text->data, text->length) != 0) {
		assert_true(scan(&other, ignore, NULL, &status) != hash);
		assert_int_equal(status, 0);
	}
	swk_buffer_free(&other);
}

static void random_files(void **state)
{
	const char *rounds = getenv("SWK_ROUNDS");

	(void)state;
	for (long i = rounds ? atol(rounds) : ROUNDS; i > 0; i--) {
		struct swk_upstreams set = {0};
		struct swk_buffer text;
		uint64_t hash;

		add_some(&set, 2 + throw(5));
		text = text_of(&set);
		hash = as_read(&text);
		damaged(&text, hash);
		swk_buffer_free(&text);
		swk_upstreams_free(&set);
	}
}

/* ---- searching ---- */

/* Random names, often with the same beginning. */
static void add_many(struct swk_upstreams *set, unsigned count)
{
	struct swk_names many = {0};
	struct swk_error error = {0};
	char name[8];

	for (unsigned i = 0; i < count; i++) {
		const unsigned length = 1 + throw(6);

		for (unsigned j = 0; j < length; j++)
			name[j] = "abAB0-_."[throw(j ? 8 : 5)];
		name[length] = '\0';
		assert_int_equal(swk_names_add(&many, name, &error), 0);
	}
	for (size_t i = 0; i < many.count; i++)
		add_upstream(set, many.list[i]);
	swk_names_free(&many);
}

struct found {
	const struct swk_upstreams *set;
	const char *start;
	size_t next; /* the upstream that must be found next */
	bool after;  /* what follows them has been found */
};

/* Each upstream that begins so, in order, then the next one or the end. */
static int take_found(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	struct found *found = context;
	const bool is_end = found->next == found->set->count;
	const char *name = is_end ? "" : found->set->list[found->next].name;

	(void)error;
	assert_false(found->after);
	assert_string_equal(block->name, name);
	found->after = is_end || strncasecmp(name, found->start, strlen(found->start)) != 0;
	found->next++;
	return 0;
}

static void search(const struct swk_upstreams *set, int descriptor, const char *start)
{
	struct found found = {.set = set, .start = start};
	struct swk_error error = {0};

	while (found.next < set->count && strcasecmp(set->list[found.next].name, start) < 0)
		found.next++;
	assert_int_equal(swk_nginx_find(descriptor, "FILE", start, take_found, &found, &error), 0);
	assert_true(found.after);
}

static void found_by_name(void **state)
{
	static const char *const starts[] = {"0", "a", "A", "b", "aa", "ab_", "b-", "z", "aB.a"};

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct swk_upstreams set = {0};
		struct swk_buffer text;
		int descriptor;

		add_many(&set, throw(3) ? throw(2000) : throw(8));
		text = text_of(&set);
		descriptor = file_of(&text);
		for (size_t j = 0; j < COUNT(starts); j++)
			search(&set, descriptor, starts[j]);
		for (unsigned j = 0; set.count && j < 20; j++)
			search(&set, descriptor, set.list[throw((unsigned)set.count)].name);
		assert_int_equal(close(descriptor), 0);
		swk_buffer_free(&text);
		swk_upstreams_free(&set);
	}
}

/* Texts that are no sequence of blocks. */
static void other_texts(void **state)
{
	static const char *const rows[] = {
		"",
		"\n",
		"upstream a {\n    server 10.0.0.1:1;\n}\n",
		"#\nupstream a {\n}\n",
		"\nupstream {\n}\n",
		"\nupstream  {\n}\n",
		"\n# service a, upstream a {\n}\n",
		"\n# service a\nserver a {\n}\n",
		"\n# service ",
		"\n# service a}\n",
		"\nupstream b {\n}\n\nupstream a {\n}\n",
		"\nupstream a {\n}\n\nupstream A {\n}\n",
		"\n}\n",
		"}\n",
		"\n\n\n",
	};
	struct swk_error error = {0};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct swk_buffer text;
		int status;

		swk_buffer_init(&text, 1000);
		assert_int_equal(
			swk_buffer_words(&text, &error,
					 SWK_WORDS(i % 2 ? swk_nginx_head : "", rows[i / 2])),
			0);
		if (i != 1)
			unit_number(text.data, scan(&text, ignore, NULL, &status) != 0, 0);
		swk_buffer_free(&text);
	}
}

static int stop(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	(void)block;
	++*(int *)context;
	return swk_error_set(error, SWK_DATA, "stop");
}

static void ends_when_told(void **state)
{
	struct swk_upstreams set = {0};
	struct swk_buffer text;
	int status, count = 0;

	(void)state;
	add_upstream(&set, "a");
	add_upstream(&set, "b");
	text = text_of(&set);
	assert_true(!scan(&text, stop, &count, &status));
	assert_int_equal(status, SWK_DATA);
	assert_int_equal(count, 1);
	swk_buffer_free(&text);
	swk_upstreams_free(&set);
}

/* The reader says what is wrong with a file that is too large. */
static void too_large(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	int status;

	(void)state;
	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_buffer_reserve(&text, SWK_CONF_MAX, &error), 0);
	assert_int_equal(swk_buffer_words(&text, &error, SWK_WORDS(swk_nginx_head)), 0);
	memset(text.data + text.length, ' ', SWK_CONF_MAX - text.length);
	text.length = SWK_CONF_MAX;
	text.data[text.length] = '\0';
	assert_true(!scan(&text, ignore, NULL, &status));
	assert_int_equal(status, 0);
	swk_buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_files), cmocka_unit_test(found_by_name),
		cmocka_unit_test(other_texts),	cmocka_unit_test(ends_when_told),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
