/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/file.h"
#include "store/journal.h"

#define SIZE 4096

struct place {
	char directory[32];
	struct swk_store store;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct swk_error error = {0};
	char conf[64];
	bool waited;

	if (!place)
		return -1;
	(void)strcpy(place->directory, "/tmp/swk-unit-XXXXXX");
	*state = place;
	if (!mkdtemp(place->directory))
		return -1;
	(void)snprintf(conf, sizeof(conf), "%s/a.conf", place->directory);
	return swk_store_open(&place->store, conf, &error) ||
	       swk_store_lock(&place->store, swk_now_ms() + 60000, &waited, &error);
}

static int remove_place(void **state)
{
	struct place *place = *state;
	int result = unit_remove_tree(place->directory);

	swk_store_close(&place->store);
	free(place);
	return result;
}

/* Appends a change that has `length` bytes of upstreams and this reason. Returns the status. */
static int append(struct place *place, size_t size, const char *reason, size_t length)
{
	struct swk_change change = {.event = strdup("service"), .reason = strdup(reason)};
	struct swk_error error = {0};
	int status;

	if (length) {
		char *text = calloc(1, length + 1);

		memset(text, 'x', length);
		change.upstreams = calloc(1, sizeof(*change.upstreams));
		change.upstream_count = 1;
		*change.upstreams = (struct swk_change_upstream){
			.sign = '~', .name = strdup("web"), .before = text};
	}
	status = swk_journal_append(&place->store, size, &change, &error);
	swk_change_free(&change);
	return status;
}

/* Shows the changes: `NUMBER:REASON`, with `!` if it is cut, and the number of damaged lines. */
static void shows(const struct place *place, size_t most, const char *expected)
{
	struct swk_changes changes = {0};
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 100000);
	assert_int_equal(swk_journal_read(&place->store, most, &changes, &error), 0);
	for (size_t i = 0; i < changes.count; i++)
		(void)swk_buffer_print(&out, &error, "%s%d:%s%s", i ? " " : "",
				       (int)changes.list[i].number, changes.list[i].reason,
				       changes.list[i].cut ? "!" : "");
	if (changes.damaged)
		(void)swk_buffer_print(&out, &error, " %zu damaged", changes.damaged);
	unit_same(expected, out.length ? out.data : "", expected);
	swk_buffer_free(&out);
	swk_changes_free(&changes);
}

static off_t size_of(const char *path)
{
	struct stat about;

	return stat(path, &about) ? -1 : about.st_size;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void appends_and_numbers(void **state)
{
	struct place *place = *state;
	struct stat about;

	shows(place, 0, "");
	assert_int_equal(append(place, SIZE, "a", 0), 0);
	assert_int_equal(append(place, SIZE, "b", 20), 0);
	assert_int_equal(append(place, SIZE, "c", 0), 0);
	shows(place, 0, "1:a 2:b 3:c");
	shows(place, 2, "2:b 3:c");
	shows(place, 1, "3:c");
	shows(place, 9, "1:a 2:b 3:c");
	assert_int_equal(stat(place->store.journal, &about), 0);
	assert_int_equal(about.st_mode & 07777, 0640);
}

static void the_size_is_bounded(void **state)
{
	struct place *place = *state;
	char reason[32];

	for (int i = 1; i <= 40; i++) {
		(void)snprintf(reason, sizeof(reason), "change-%d", i);
		assert_int_equal(append(place, 1000, reason, 100), 0);
		assert_true(size_of(place->store.journal) <= 1000);
		assert_true(size_of(place->store.old_journal) <= 1000);
	}
	/* The last ones are in both files, without a gap. */
	shows(place, 2, "39:change-39 40:change-40");
	assert_true(size_of(place->store.old_journal) > 700);
	/* All that is left, in its order. */
	for (size_t most = 1; most < 7; most++) {
		struct swk_changes changes = {0};
		struct swk_error error = {0};

		assert_int_equal(swk_journal_read(&place->store, most, &changes, &error), 0);
		for (size_t i = 0; i < changes.count; i++)
			assert_int_equal(changes.list[i].number, 40 - changes.count + i + 1);
		assert_int_equal(changes.count, most);
		swk_changes_free(&changes);
	}
}

/* The number goes on if a run was killed between the two steps of beginning a new journal. */
static void the_number_goes_on_in_a_new_journal(void **state)
{
	struct place *place = *state;

	assert_int_equal(append(place, SIZE, "a", 0), 0);
	assert_int_equal(append(place, SIZE, "b", 0), 0);
	assert_int_equal(rename(place->store.journal, place->store.old_journal), 0);
	shows(place, 0, "1:a 2:b");
	assert_int_equal(append(place, SIZE, "c", 0), 0);
	shows(place, 0, "1:a 2:b 3:c");
	put(place->store.journal, "");
	assert_int_equal(append(place, SIZE, "d", 0), 0);
	shows(place, 0, "1:a 2:b 3:d");
}

static void a_large_change_is_cut(void **state)
{
	struct place *place = *state;

	assert_int_equal(append(place, SIZE, "a", SIZE / 4 - 200), 0);
	assert_int_equal(append(place, SIZE, "b", SIZE / 4), 0);
	shows(place, 0, "1:a 2:b!");
	/* A message that does not fit at all is an error, and changes nothing. */
	assert_int_equal(append(place, 60, "c", 0), SWK_CANTCREATE);
	shows(place, 0, "1:a 2:b!");
}

/* A change of FILE that has more messages than fit is in the journal without them. */
static void many_messages(void **state)
{
	struct place *place = *state;

	for (uint64_t hash = 0; hash < 2; hash++) {
		struct swk_change change = {.event = strdup("service"),
					    .reason = strdup("r"),
					    .after = hash,
					    .held_back = calloc(20, sizeof(char *)),
					    .held_back_count = 20};
		struct swk_error error = {0};

		for (size_t i = 0; i < 20; i++)
			assert_true(asprintf(&change.held_back[i], "%0*d", SIZE / 18, 0) > 0);
		/* A line that is only about them does not fit. */
		assert_int_equal(swk_journal_append(&place->store, SIZE, &change, &error),
				 hash ? 0 : SWK_CANTCREATE);
		swk_change_free(&change);
	}
	shows(place, 0, "1:r");
}

/* Wherever the journal is cut off, whole lines are read, and the next change follows them. */
static void cut_off_at_each_byte(void **state)
{
	struct place *place = *state;
	struct swk_error error = {0};
	struct swk_buffer text;
	bool exists;

	swk_buffer_init(&text, 100000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(append(place, SIZE, "r", 10), 0);
	assert_int_equal(swk_file_read(place->store.journal, &text, &exists, &error), 0);
	for (size_t length = 0; length <= text.length; length++) {
		char expected[64] = "";
		int lines = 0;

		for (size_t i = 0; i < length; i++)
			lines += text.data[i] == '\n';
		for (int i = 1; i <= lines; i++)
			(void)snprintf(expected + strlen(expected), 32, "%s%d:r", i > 1 ? " " : "",
				       i);
		put(place->store.journal, text.data);
		assert_int_equal(truncate(place->store.journal, (off_t)length), 0);
		shows(place, 0, expected);
		assert_int_equal(append(place, SIZE, "new", 0), 0);
		(void)snprintf(expected + strlen(expected), 32, "%s%d:new", lines ? " " : "",
			       lines + 1);
		shows(place, 0, expected);
	}
	swk_buffer_free(&text);
}

static void damaged_lines(void **state)
{
	struct place *place = *state;
	FILE *file;

	assert_int_equal(append(place, SIZE, "a", 0), 0);
	assert_int_equal(append(place, SIZE, "b", 0), 0);
	file = fopen(place->store.journal, "a");
	assert_non_null(file);
	assert_true(fputs("\n{\"number\":\nx\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	shows(place, 0, "1:a 2:b 3 damaged");
	/* The number goes on, although the last line has none. */
	assert_int_equal(append(place, SIZE, "c", 0), 0);
	shows(place, 0, "1:a 2:b 3:c 3 damaged");
	put(place->store.journal, "nothing of a journal\n");
	assert_int_equal(append(place, SIZE, "d", 0), 0);
	shows(place, 0, "1:d 1 damaged");
}

static void files_of_other_kinds(void **state)
{
	struct place *place = *state;
	const char *path = place->store.journal;
	struct swk_changes changes = {0};
	struct swk_error error = {0};

	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(append(place, SIZE, "a", 0), SWK_CANTCREATE);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(append(place, SIZE, "a", 0), SWK_CANTCREATE);
	assert_int_equal(remove(path), 0);
	/* A link could lead to a file of another program. */
	put(place->store.conf, "other\n");
	assert_int_equal(symlink(place->store.conf, path), 0);
	assert_int_equal(append(place, SIZE, "a", 0), SWK_CANTCREATE);
	assert_int_equal(size_of(place->store.conf), 6);
	assert_int_equal(swk_journal_read(&place->store, 0, &changes, &error), SWK_CANTCREATE);
	swk_changes_free(&changes);
	assert_int_equal(remove(path), 0);
	assert_int_equal(append(place, SIZE, "a", 0), 0);
}

static void without_the_lock(void **state)
{
	struct place *place = *state;

	assert_int_equal(append(place, SIZE, "a", 0), 0);
	assert_int_equal(remove(place->store.lock), 0);
	assert_int_equal(append(place, SIZE, "b", 0), SWK_TEMPFAIL);
	shows(place, 0, "1:a");
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(appends_and_numbers),
		test(the_size_is_bounded),
		test(the_number_goes_on_in_a_new_journal),
		test(a_large_change_is_cut),
		test(many_messages),
		test(cut_off_at_each_byte),
		test(damaged_lines),
		test(files_of_other_kinds),
		test(without_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
