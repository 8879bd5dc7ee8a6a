/* SPDX-License-Identifier: MIT */
#include "io/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- starting ---- */

/* The ends of the pipes; -1: closed. */
struct pipes {
	int in[2], out[2];
	int failed[2]; /* gets the errno if the program can't be started */
};

static bool open_pipes(struct pipes *pipes)
{
	*pipes = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
	return !pipe2(pipes->in, O_CLOEXEC) && !pipe2(pipes->out, O_CLOEXEC) &&
	       !pipe2(pipes->failed, O_CLOEXEC) && !fcntl(pipes->in[1], F_SETFL, O_NONBLOCK) &&
	       !fcntl(pipes->out[0], F_SETFL, O_NONBLOCK);
}

static void shut(int *descriptor)
{
	if (*descriptor >= 0)
		(void)close(*descriptor);
	*descriptor = -1;
}

static void close_pipes(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		shut(&pipes->in[i]);
		shut(&pipes->out[i]);
		shut(&pipes->failed[i]);
	}
}

static bool is_secret(const char *variable)
{
	const char auth[] = "CONSUL_HTTP_AUTH=";

	return memmem(variable, strcspn(variable, "="), "TOKEN", strlen("TOKEN")) ||
	       !strncmp(variable, auth, strlen(auth));
}

/* The environment without secrets: a list to free, of borrowed texts. NULL without memory. */
static char **public_environment(void)
{
	size_t count = 0, kept = 0;
	char **list;

	while (environ && environ[count])
		count++;
	list = calloc(count + 1, sizeof(*list));
	for (size_t i = 0; list && i < count; i++) {
		if (!is_secret(environ[i]))
			list[kept++] = environ[i];
	}
	return list;
}

/* Closes a range of descriptors. Before Linux 5.9 it has to know where they end. */
static void close_range_of(unsigned first, unsigned last, rlim_t limit)
{
#ifdef SYS_close_range
	if (first > last || !syscall(SYS_close_range, first, last, 0))
		return;
#endif
	for (rlim_t i = first; i <= last && i < limit; i++)
		(void)close((int)i);
}

/* What the new process needs. */
struct start {
	const struct swk_program *program;
	struct pipes pipes;
	char **environment;
	pid_t parent;
	rlim_t descriptors;
};

/* In the new process. Other threads may have held any lock when it was forked, so this calls only
 * functions that take none. */
static _Noreturn void become(const struct start *start)
{
	const struct pipes *pipes = &start->pipes;
	const unsigned failed = (unsigned)pipes->failed[1];
	sigset_t none;
	int cause;

	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	/* If the run is killed, the next run must not meet what this one left. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == start->parent && signal(SIGPIPE, SIG_DFL) != SIG_ERR &&
	    signal(SIGXFSZ, SIG_DFL) != SIG_ERR && !sigprocmask(SIG_SETMASK, &none, NULL) &&
	    dup2(pipes->in[0], STDIN_FILENO) >= 0 && dup2(pipes->out[1], STDOUT_FILENO) >= 0 &&
	    dup2(pipes->out[1], STDERR_FILENO) >= 0) {
		close_range_of(STDERR_FILENO + 1, failed - 1, start->descriptors);
		close_range_of(failed + 1, ~0U, start->descriptors);
		/* The cast: execve changes no text, but its prototype does not say so. */
		(void)execve(start->program->argv[0], (char *const *)start->program->argv,
			     start->environment);
	}
	cause = errno;
	(void)!write(pipes->failed[1], &cause, sizeof(cause));
	_exit(127);
}

/* Returns 0, or why the program did not start: an errno. */
static int take_start(pid_t pid, int failed)
{
	ssize_t got;
	int cause = 0;

	do {
		got = read(failed, &cause, sizeof(cause));
	} while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(cause))
		(void)waitpid(pid, NULL, 0);
	return got == (ssize_t)sizeof(cause) ? cause : 0;
}

/* Returns 0 or an errno. */
static int start_program(struct start *start, pid_t *pid)
{
	struct rlimit limit = {.rlim_cur = 1024};

	if (!open_pipes(&start->pipes))
		return errno;
	start->parent = getpid();
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur != RLIM_INFINITY)
		start->descriptors = limit.rlim_cur;
	*pid = fork();
	if (!*pid)
		become(start);
	if (*pid < 0)
		return errno;
	shut(&start->pipes.in[0]);
	shut(&start->pipes.out[1]);
	shut(&start->pipes.failed[1]);
	return take_start(*pid, start->pipes.failed[0]);
}

/* ---- while it runs ---- */

struct running {
	const struct swk_program *program;
	struct swk_program_result *result;
	struct pipes *pipes;
	pid_t pid;
	size_t written;
	bool ended; /* the program; what it started may still run */
};

static void write_input(struct running *this)
{
	const struct swk_program *program = this->program;
	int *in = &this->pipes->in[1];

	while (*in >= 0 && this->written < program->input_length) {
		ssize_t size = write(*in, program->input + this->written,
				     program->input_length - this->written);

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size < 0)
			break;
		this->written += (size_t)size;
	}
	shut(in);
}

/* Keeps what there is room for. */
static void read_output(struct running *this)
{
	struct swk_program_result *result = this->result;
	int *out = &this->pipes->out[0];
	char text[4096];
	ssize_t size = 1;

	/* A program may write without an end. */
	for (unsigned i = 0; *out >= 0 && size > 0 && i < 16; i++) {
		size_t room = SWK_PROGRAM_OUTPUT_MAX - result->length;

		size = read(*out, text, sizeof(text));
		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size <= 0)
			shut(out);
		else if ((size_t)size < room)
			room = (size_t)size;
		if (size > 0)
			memcpy(result->output + result->length, text, room);
		result->length += size > 0 ? room : 0;
	}
}

/* Leaves the process for a later wait: until then no other process group can get its number. */
static void see_whether_ended(struct running *this)
{
	struct swk_program_result *result = this->result;
	siginfo_t about = {.si_pid = 0};

	if (waitid(P_PID, (id_t)this->pid, &about, WEXITED | WNOHANG | WNOWAIT)) {
		result->number = errno;
		this->ended = true;
	} else if (about.si_pid == this->pid) {
		result->end = about.si_code == CLD_EXITED ? SWK_PROGRAM_EXITED : SWK_PROGRAM_KILLED;
		result->number = about.si_status;
		this->ended = true;
	}
}

static bool is_stopped(const struct running *this)
{
	return this->program->watch && this->program->watch->stop;
}

/*
 * Serves the pipes until the program has ended; with `closed`, also until all that it started have
 * closed its output. Returns earlier at the deadline or, with `may_stop`, at a stop. Before Linux
 * 5.3 no descriptor shows the end of a process, so this checks for it again and again.
 */
static void serve(struct running *this, bool closed, int64_t deadline, bool may_stop)
{
	long pause = 1;

	while ((!this->ended || (closed && this->pipes->out[0] >= 0)) &&
	       swk_deadline_left(deadline, 1) && !(may_stop && is_stopped(this))) {
		struct pollfd pipes[] = {{.fd = this->pipes->out[0], .events = POLLIN},
					 {.fd = this->pipes->in[1], .events = POLLOUT}};

		if (poll(pipes, 2, (int)swk_deadline_left(deadline, pause)) > 0)
			pause = 1;
		else if (pause < SWK_TARGET_TICK_MS)
			pause *= 2;
		if (pipes[0].revents)
			read_output(this);
		if (pipes[1].revents)
			write_input(this);
		if (!this->ended)
			see_whether_ended(this);
	}
}

/* Ends the program and what it started. */
static void end_group(struct running *this, enum swk_program_end end)
{
	(void)kill(-this->pid, SIGTERM);
	serve(this, true, swk_now_ms() + SWK_PROGRAM_END_MS, false);
	(void)kill(-this->pid, SIGKILL);
	this->result->end = end;
	this->result->number = 0;
}

static void attend(struct running *this)
{
	if (!this->program->input_length)
		shut(&this->pipes->in[1]);
	serve(this, false, this->program->deadline, true);
	if (!this->ended)
		end_group(this, is_stopped(this) ? SWK_PROGRAM_STOPPED : SWK_PROGRAM_TIMED_OUT);
	read_output(this);
	while (waitpid(this->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int swk_program_run(const struct swk_program *program, struct swk_program_result *result,
		    struct swk_error *error)
{
	struct start start = {.program = program, .environment = public_environment()};
	struct running running = {
		.program = program, .result = result, .pipes = &start.pipes, .pid = -1};

	*result = (struct swk_program_result){.end = SWK_PROGRAM_NOT_STARTED};
	if (!start.environment)
		return swk_error_memory(error);
	result->number = start_program(&start, &running.pid);
	if (!result->number)
		attend(&running);
	result->output[result->length] = '\0';
	close_pipes(&start.pipes);
	free(start.environment);
	return 0;
}

/* ---- description ---- */

/* Makes one line of the output: its lines that are not empty, with ` / ` between them. */
static void join_lines(const char *output, char *line, size_t size)
{
	char *copy = strdup(output), *rest = copy, *part;
	char joined[2 * SWK_PROGRAM_LINE_MAX] = "";
	size_t length = 0;

	while (copy && length < sizeof(joined) && (part = strsep(&rest, "\r\n"))) {
		if (part[strspn(part, " \t")])
			length += (size_t)snprintf(joined + length, sizeof(joined) - length, "%s%s",
						   length ? " / " : "", part);
	}
	swk_text_escape(line, size, joined);
	free(copy);
}

void swk_program_describe(const struct swk_program *program,
			  const struct swk_program_result *result, char *text, size_t size)
{
	const char *path = program->argv[0];
	char line[SWK_PROGRAM_LINE_MAX];
	size_t length;

	switch (result->end) {
	case SWK_PROGRAM_NOT_STARTED:
		(void)snprintf(text, size, "%s cannot be run: %s", path, strerror(result->number));
		return;
	case SWK_PROGRAM_EXITED:
		(void)snprintf(text, size, "%s ended with status %d", path, result->number);
		break;
	case SWK_PROGRAM_KILLED:
		(void)snprintf(text, size, "%s was ended by signal %d", path, result->number);
		break;
	case SWK_PROGRAM_TIMED_OUT:
		(void)snprintf(text, size, "%s was not done in time, and was ended", path);
		break;
	case SWK_PROGRAM_STOPPED:
		(void)snprintf(text, size, "%s was ended, because other runs wait", path);
		break;
	}
	join_lines(result->output, line, sizeof(line));
	length = strlen(text);
	if (*line && length < size)
		(void)snprintf(text + length, size - length, ": %s", line);
}
