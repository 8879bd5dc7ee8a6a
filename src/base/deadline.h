/* SPDX-License-Identifier: MIT */
/* A deadline is the time by which a run must end: milliseconds on the monotonic clock. */
#ifndef SWK_BASE_DEADLINE_H
#define SWK_BASE_DEADLINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Shared by a thread that waits for another program, and a thread that decides how long it may
 * wait. */
struct swk_watch {
	_Atomic int64_t heard; /* when the other program was last heard of: swk_now_ms() */
	_Atomic bool stop;     /* wait no longer */
};

/* For a wait without a limit. */
#define SWK_NO_DEADLINE INT64_MAX

static inline int64_t swk_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same clock in microseconds. */
static inline int64_t swk_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The time of day, in milliseconds since the epoch. */
static inline int64_t swk_wall_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Milliseconds until the deadline, at most `most`; 0 if it has passed. */
static inline long swk_deadline_left(int64_t deadline, long most)
{
	int64_t left = deadline - swk_now_ms();

	if (left < 0)
		return 0;
	return left < most ? (long)left : most;
}

/* Waits 10 ms, doubled with each try up to 320 ms, plus a random time of up to 10 ms. So two runs
 * that collide once do not collide again. */
static inline void swk_pause_before_retry(unsigned tried)
{
	unsigned shift = tried < 5 ? tried : 5;
	struct timespec now, pause = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	pause.tv_nsec = (10000000L << shift) + (long)(now.tv_nsec % 10000000L);
	(void)nanosleep(&pause, NULL);
}

#endif
