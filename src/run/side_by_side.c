/* SPDX-License-Identifier: MIT */
#include "run/side_by_side.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void *take(void *work)
{
	struct swk_work *this = work;

	this->status = this->take(this->target, this->context, &this->error);
	this->done = true;
	(void)eventfd_write(this->ended, 1);
	return NULL;
}

/* Stops the work on targets that are late. Returns whether work is left. */
static bool stop_late(struct swk_work *list, size_t count, swk_is_late is_late, void *context)
{
	bool others = false, left = false;

	for (size_t i = 0; i < count; i++)
		others |= list[i].done && !list[i].target->given_up;
	for (size_t i = 0; i < count; i++) {
		int64_t silent_ms = swk_now_ms() - list[i].watch.heard;

		left |= !list[i].done;
		if (!list[i].done && is_late(list[i].target, silent_ms, others, context))
			list[i].watch.stop = true;
	}
	return left;
}

/* Work that gets no thread is done by the caller's. */
static void take_all(struct swk_work *list, size_t count, pthread_t *threads, swk_is_late is_late,
		     void *context)
{
	struct pollfd ended = {.fd = list->ended, .events = POLLIN};
	size_t begun = 0;

	while (begun < count && !pthread_create(&threads[begun], NULL, take, &list[begun]))
		begun++;
	for (size_t i = begun; i < count; i++)
		(void)take(&list[i]);
	while (is_late && stop_late(list, count, is_late, context)) {
		eventfd_t ignored;

		if (poll(&ended, 1, SWK_TARGET_TICK_MS) == 1)
			(void)eventfd_read(list->ended, &ignored);
	}
	for (size_t i = 0; i < begun; i++)
		(void)pthread_join(threads[i], NULL);
}

/* Lets a watch on each target begin, and end. */
static void set_watches(struct swk_work *list, size_t count, bool begin)
{
	for (size_t i = 0; i < count; i++) {
		list[i].watch.heard = swk_now_ms();
		list[i].target->watch = begin ? &list[i].watch : NULL;
	}
}

int swk_side_by_side(struct swk_work *list, size_t count, swk_is_late is_late, void *context,
		     struct swk_error *error)
{
	pthread_t *threads;
	int ended;

	if (count == 1 && !is_late)
		return list->take(list->target, list->context, error);
	if (!count)
		return 0;
	threads = calloc(count, sizeof(*threads));
	ended = threads ? eventfd(0, EFD_CLOEXEC) : -1;
	if (ended < 0) {
		free(threads);
		return swk_error_memory(error);
	}
	for (size_t i = 0; i < count; i++)
		list[i].ended = ended;
	set_watches(list, count, is_late);
	take_all(list, count, threads, is_late, context);
	set_watches(list, count, false);
	(void)close(ended);
	free(threads);
	for (size_t i = 0; i < count; i++) {
		if (list[i].status)
			return swk_error_set(error, list[i].status, "%s", list[i].error.text);
	}
	return 0;
}
