/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "nginx/rewind.h"
#include "nginx/scan.h"

/* ---- a history from text ---- */

/* FILE after each change. */
#define MOST 200

struct history {
	struct swk_buffer texts[MOST + 1];
	struct swk_changes changes;
};

static uint64_t hash_of(const struct swk_buffer *text)
{
	return swk_nginx_hash_lasting(swk_nginx_hash(text));
}

static struct swk_buffer render(const struct swk_upstreams *set)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_nginx_file(&text, set, &error), 0);
	return text;
}

static char *block_of(const struct swk_upstream *upstream)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	char *block;

	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_nginx_block(&text, upstream, &error), 0);
	block = strdup(text.data + 1);
	swk_buffer_free(&text);
	return block;
}

/* Adds an upstream to a change, with its block before. */
static void note(struct swk_change *change, const char *name, const struct swk_upstream *before)
{
	change->upstreams = realloc(change->upstreams,
				    (change->upstream_count + 1) * sizeof(*change->upstreams));
	assert_non_null(change->upstreams);
	change->upstreams[change->upstream_count++] = (struct swk_change_upstream){
		.sign = '~', .name = strdup(name), .before = before ? block_of(before) : NULL};
}

/* Adds what FILE becomes, as a change from the set before. */
static void add(struct history *history, const struct swk_upstreams *before,
		const struct swk_upstreams *after)
{
	const size_t count = history->changes.count;
	struct swk_change *list =
		realloc(history->changes.list, (count + 1) * sizeof(*history->changes.list));

	assert_non_null(list);
	history->changes.list = list;
	list[count] = (struct swk_change){.number = count + 1};
	for (size_t i = 0; i < before->count; i++) {
		const struct swk_upstream *now = swk_upstreams_find(after, before->list[i].name);
		char *old = block_of(&before->list[i]), *new = now ? block_of(now) : NULL;

		if (!new || strcmp(old, new) != 0)
			note(&list[count], before->list[i].name, &before->list[i]);
		free(old);
		free(new);
	}
	for (size_t i = 0; i < after->count; i++) {
		if (!swk_upstreams_find(before, after->list[i].name))
			note(&list[count], after->list[i].name, NULL);
	}
	history->texts[count + 1] = render(after);
	list[count].before = hash_of(&history->texts[count]);
	list[count].after = hash_of(&history->texts[count + 1]);
	history->changes.count++;
}

/* Each text is what FILE has after a change; the first, what it had before all. */
static struct history make(const char *const *texts, size_t count)
{
	struct swk_upstreams before = unit_upstreams(texts[0]), after;
	struct history history = {.texts[0] = render(&before)};

	for (size_t i = 1; i < count; i++) {
		after = unit_upstreams(texts[i]);
		add(&history, &before, &after);
		swk_upstreams_free(&before);
		before = after;
	}
	swk_upstreams_free(&before);
	return history;
}

static void free_history(struct history *history)
{
	for (size_t i = 0; i <= history->changes.count; i++)
		swk_buffer_free(&history->texts[i]);
	swk_changes_free(&history->changes);
}

/* Takes back all changes from `first` on. Returns the message, or NULL if FILE is as it was. */
static const char *rewind_to(const struct history *history, size_t first)
{
	const struct swk_buffer *now = &history->texts[history->changes.count];
	static struct swk_error error;
	struct swk_buffer text;
	int status;

	error = (struct swk_error){0};
	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_buffer_add(&text, now->data, now->length, &error), 0);
	status = swk_nginx_rewind(&text, "a.conf", &history->changes, first, &error);
	if (!status) {
		assert_int_equal(text.length, history->texts[first].length);
		assert_memory_equal(text.data, history->texts[first].data, text.length);
	} else {
		assert_int_equal(status, SWK_CANTCREATE);
		assert_int_equal(text.length, now->length);
	}
	swk_buffer_free(&text);
	return status ? error.text : NULL;
}

static const char *const some[] = {
	"api: 10.0.1.1:80; web: 10.0.0.1:80",
	"api: 10.0.1.1:80; web: 10.0.0.1:80 10.0.0.2:80",
	"api: 10.0.1.1:80; new<web gray=a>: 10.0.0.3:80 keepalive=20; web: 10.0.0.2:80",
	"new<web gray=a>: 10.0.0.3:80 keepalive=20; web: 10.0.0.2:80",
	"new: 10.0.0.3:80 keepalive=20; Web: b.example:80,weight=5",
	"",
};

static void each_point(void **state)
{
	struct history history = make(some, COUNT(some));

	(void)state;
	for (size_t first = 0; first <= history.changes.count; first++)
		assert_null(rewind_to(&history, first));
	free_history(&history);
}

/* Upstreams by chance: names of two cases, servers, attributes. */
static void by_chance(struct swk_buffer *out)
{
	struct swk_error error = {0};

	swk_buffer_clear(out);
	for (unsigned i = 0; i < 8; i++) {
		if (rand() % 3 == 0)
			continue;
		(void)swk_buffer_print(out, &error, "%s%c%u<s%d %s>: 10.0.%d.1:80,weight=%d",
				       out->length ? "; " : "", rand() % 5 ? 'u' : 'U', i,
				       rand() % 2, rand() % 2 ? "gray=a" : "", rand() % 3,
				       1 + rand() % 3);
	}
	if (!out->length)
		(void)swk_buffer_print(out, &error, "u: 10.0.0.1:80");
}

static void changes_by_chance(void **state)
{
	const char *texts[MOST];
	struct swk_buffer text;
	struct history history;

	(void)state;
	srand(1);
	for (size_t i = 0; i < MOST; i++) {
		swk_buffer_init(&text, 10000);
		by_chance(&text);
		texts[i] = text.data;
	}
	history = make(texts, MOST);
	for (size_t first = 0; first <= history.changes.count; first++)
		assert_null(rewind_to(&history, first));
	free_history(&history);
	for (size_t i = 0; i < MOST; i++)
		free((char *)texts[i]);
}

/* ---- what did not happen ---- */

static void insert(struct history *history, size_t place, struct swk_change change)
{
	struct swk_changes *changes = &history->changes;

	changes->list = realloc(changes->list, (changes->count + 1) * sizeof(*changes->list));
	assert_non_null(changes->list);
	memmove(&changes->list[place + 1], &changes->list[place],
		(changes->count - place) * sizeof(*changes->list));
	changes->list[place] = change;
	changes->count++;
	history->texts[changes->count] = history->texts[changes->count - 1];
	for (size_t i = changes->count - 1; i > place; i--)
		history->texts[i] = history->texts[i - 1];
}

static void changes_that_did_not_happen_are_passed_over(void **state)
{
	(void)state;
	for (size_t place = 0; place < COUNT(some); place++) {
		struct history history = make(some, COUNT(some));
		const uint64_t here = hash_of(&history.texts[place]);

		/* A run that was killed, and an operator's hold. */
		insert(&history, place, (struct swk_change){.number = 99});
		insert(&history, place,
		       (struct swk_change){.number = 99, .before = here, .after = here + 1});
		for (size_t first = 0; first <= history.changes.count; first++)
			assert_null(rewind_to(&history, first));
		/* The copies of one text are freed once. */
		history.texts[place + 1] = history.texts[place + 2] = (struct swk_buffer){0};
		free_history(&history);
	}
}

/* ---- gaps ---- */

static void gaps(void **state)
{
	static const char other[] = "another program changed the file after it, or the journal "
				    "lacks a change";
	struct history history = make(some, COUNT(some));
	struct swk_change *list = history.changes.list;
	char *before;

	(void)state;
	/* The file is another one now. */
	list[4].after++;
	unit_says("edited", rewind_to(&history, 4), other);
	unit_says("edited", rewind_to(&history, 4), "a.conf: change 5 of 1970-01-01T00:00:00Z: ");
	unit_says("edited", rewind_to(&history, 5), other);
	list[4].after--;
	/* Between the second and the third change. */
	list[1].after++;
	assert_null(rewind_to(&history, 3));
	unit_says("between", rewind_to(&history, 2), "change 2 of ");
	unit_says("between", rewind_to(&history, 1), other);
	list[1].after--;
	/* An upstream is missing, or its block is another. */
	list[2].upstream_count--;
	unit_says(
		"incomplete", rewind_to(&history, 2),
		"change 3 of 1970-01-01T00:00:00Z: the journal does not have all that it changed");
	list[2].upstream_count++;
	before = list[2].upstreams->before;
	before[0]++;
	unit_says("another block", rewind_to(&history, 0), "change 3 of ");
	before[0]--;
	/* A block that swk-apply has not written, although the hashes are right. */
	before[0]++;
	list[2].before += swk_nginx_hash_block(before, strlen(before));
	before[0]--;
	list[2].before -= swk_nginx_hash_block(before, strlen(before));
	before[0]++;
	list[1].after = list[2].before;
	unit_says("no block", rewind_to(&history, 2),
		  "a.conf: the journal has a block that is not of such a file");
	list[1].after = list[3].before;
	before[0]--;
	list[2].before = list[1].after = hash_of(&history.texts[2]);
	list[3].cut = 5;
	unit_says("cut", rewind_to(&history, 3), "because it was too large");
	assert_null(rewind_to(&history, 4));
	list[3].cut = 0;
	before = NULL;
	list[0].before = 0;
	unit_says("no file", rewind_to(&history, 0), "before it, there was no file");
	assert_null(rewind_to(&history, 1));
	free_history(&history);
}

static void a_file_of_another_program(void **state)
{
	struct history history = make(some, COUNT(some));
	struct swk_buffer *now = &history.texts[history.changes.count];
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_buffer_add(now, "# by hand\n", 10, &error), 0);
	unit_says("by hand", rewind_to(&history, 5), "a.conf is not as swk-apply wrote it");
	free_history(&history);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_point),
		cmocka_unit_test(changes_by_chance),
		cmocka_unit_test(changes_that_did_not_happen_are_passed_over),
		cmocka_unit_test(gaps),
		cmocka_unit_test(a_file_of_another_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
