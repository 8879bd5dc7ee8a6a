/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool swk_process_begin(void)
{
	sigset_t none;
	int descriptor;

	do {
		descriptor = open("/dev/null", O_RDWR);
	} while (descriptor >= 0 && descriptor < 3);
	if (descriptor < 0)
		return false;
	(void)close(descriptor);
	(void)sigemptyset(&none);
	return signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGXFSZ, SIG_IGN) != SIG_ERR &&
	       signal(SIGCHLD, SIG_DFL) != SIG_ERR && !sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- the limit ---- */

/* A signal handler. Does not wait for a pipe that is full. */
static void end(int number, siginfo_t *info, void *context)
{
	const struct swk_process_limit *limit = info->si_value.sival_ptr;
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	ssize_t written;

	(void)number;
	(void)context;
	if (info->si_code != SI_TIMER)
		return;
	written = poll(&out, 1, 0) == 1
			  ? write(STDERR_FILENO, limit->message, strlen(limit->message))
			  : 0;
	(void)written;
	_exit(limit->status);
}

void swk_process_limit(struct swk_process_limit *limit, int64_t at, int status, const char *message)
{
	const struct sigaction on_end = {.sa_sigaction = end, .sa_flags = SA_SIGINFO};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = SIGRTMIN,
				 .sigev_value.sival_ptr = limit};
	const struct itimerspec once = {
		.it_value = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000}};

	limit->status = status;
	limit->message[0] = '\0';
	if (*message)
		(void)snprintf(limit->message, sizeof(limit->message), "%s: error: %s\n",
			       program_invocation_short_name, message);
	limit->set = !sigaction(SIGRTMIN, &on_end, NULL) &&
		     !timer_create(CLOCK_MONOTONIC, &event, &limit->timer);
	if (limit->set)
		(void)timer_settime(limit->timer, TIMER_ABSTIME, &once, NULL);
}

void swk_process_lift(struct swk_process_limit *limit)
{
	if (limit->set)
		(void)timer_delete(limit->timer);
	limit->set = false;
}

/* ---- interruption ---- */

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

void swk_interrupt_catch(void)
{
	/* Without SA_RESTART, so that a pause ends. */
	const struct sigaction action = {.sa_handler = interrupt};
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		(void)sigaction(signals[i], &action, NULL);
}

bool swk_interrupted(void)
{
	return interrupted;
}
