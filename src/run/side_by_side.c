/* SPDX-License-Identifier: MIT */
#include "run/side_by_side.h"

#include <pthread.h>
#include <stdlib.h>

static void *take(void *work)
{
	struct swk_work *this = work;

	this->status = this->take(this->target, this->context, &this->error);
	return NULL;
}

/* Work that gets no thread is done by the caller's. */
static void take_all(struct swk_work *list, size_t count, pthread_t *threads)
{
	size_t begun = 1;

	while (begun < count && !pthread_create(&threads[begun], NULL, take, &list[begun]))
		begun++;
	(void)take(&list[0]);
	for (size_t i = begun; i < count; i++)
		(void)take(&list[i]);
	for (size_t i = 1; i < begun; i++)
		(void)pthread_join(threads[i], NULL);
}

int swk_side_by_side(struct swk_work *list, size_t count, struct swk_error *error)
{
	pthread_t *threads = count > 1 ? calloc(count, sizeof(*threads)) : NULL;

	if (count == 1)
		(void)take(&list[0]);
	else if (count && !threads)
		return swk_error_memory(error);
	if (threads)
		take_all(list, count, threads);
	free(threads);
	for (size_t i = 0; i < count; i++) {
		if (list[i].status)
			return swk_error_set(error, list[i].status, "%s", list[i].error.text);
	}
	return 0;
}
