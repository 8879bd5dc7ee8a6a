/* SPDX-License-Identifier: MIT */
#include "target/haproxy/runtime.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/number.h"

void swk_haproxy_request_init(struct swk_haproxy_request *request)
{
	*request = (struct swk_haproxy_request){0};
	swk_buffer_init(&request->text, SWK_LIVE_MAX);
	swk_buffer_init(&request->answer, SWK_LIVE_MAX);
}

void swk_haproxy_request_free(struct swk_haproxy_request *request)
{
	swk_buffer_free(&request->text);
	swk_buffer_free(&request->answer);
	free(request->list);
	request->list = NULL;
	request->count = 0;
}

int swk_haproxy_begin(struct swk_haproxy_request *request, enum swk_haproxy_command command,
		      size_t change, struct swk_error *error)
{
	struct swk_haproxy_sent *list = swk_list_grow(request->list, request->count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	request->list = list;
	/* In interactive mode HAProxy reads one command after the other, so that only a single one
	 * must fit its buffer (tune.bufsize), and sends a prompt after each answer. */
	if (!request->text.length && swk_buffer_words(&request->text, error, SWK_WORDS("prompt\n")))
		return error->status;
	list[request->count++] = (struct swk_haproxy_sent){.command = command, .change = change};
	return 0;
}

int swk_haproxy_end(struct swk_haproxy_request *request, struct swk_error *error)
{
	return swk_buffer_add(&request->text, "\n", 1, error);
}

/* Whether there is a prompt before the first answer and one after each. */
static bool is_complete(const struct swk_haproxy_request *request)
{
	const char *at = request->answer.data;

	for (size_t i = 0; at && i <= request->count; i++) {
		at = strstr(at, "\n> ");
		at = at ? at + 3 : NULL;
	}
	return at;
}

/* Sends the text, and reads the answer to its end. */
static int converse(struct swk_haproxy_peer *peer, struct swk_haproxy_request *request,
		    int64_t deadline, struct swk_watch *watch, struct swk_error *cause,
		    struct swk_error *error)
{
	const int64_t limit = swk_now_ms() + (peer->timeout ? (int64_t)peer->timeout * 1000
							    : SWK_TARGET_REQUEST_MS);
	struct swk_socket_dialogue dialogue = {.socket = &peer->socket,
					       .request = request->text.data,
					       .length = request->text.length,
					       .answer = request->answer,
					       .deadline = limit < deadline ? limit : deadline,
					       .watch = watch};

	(void)swk_socket_ask(&dialogue, error);
	request->answer = dialogue.answer;
	peer->unreachable = dialogue.unreachable;
	peer->dropped = dialogue.dropped;
	*cause = dialogue.cause;
	return error->status;
}

int swk_haproxy_ask(struct swk_haproxy_peer *peer, struct swk_haproxy_request *request,
		    int64_t deadline, struct swk_watch *watch, struct swk_error *cause,
		    struct swk_error *error)
{
	if (swk_buffer_words(&request->text, error, SWK_WORDS("quit\n")) ||
	    converse(peer, request, deadline, watch, cause, error) || cause->status)
		return error->status;
	/* A process that ends after a reload closes connections. */
	peer->dropped = !is_complete(request);
	if (peer->dropped) {
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "%s: this is not HAProxy's runtime API, or it ended before it "
				    "answered each command",
				    peer->socket.name);
		return 0;
	}
	request->rest = request->answer.data;
	(void)swk_haproxy_next_answer(&request->rest);
	return 0;
}

/* ---- the master ---- */

/* Sends one command, without a prompt. The answer is in a request that the caller frees. The master
 * keeps the connection open until it is told to quit. */
static int ask_master(struct swk_haproxy_peer *master, struct swk_haproxy_request *request,
		      const char *command, int64_t deadline, struct swk_watch *watch,
		      struct swk_error *cause, struct swk_error *error)
{
	swk_haproxy_request_init(request);
	if (swk_buffer_words(&request->text, error, SWK_WORDS(command, "\nquit\n")))
		return error->status;
	return converse(master, request, deadline, watch, cause, error);
}

static void note_failure(const struct swk_haproxy_peer *master, struct swk_error *cause)
{
	(void)swk_error_set(cause, SWK_DATA,
			    "%s: HAProxy cannot load its configuration: its log says why",
			    master->socket.name);
}

/* The same, but tries again for a moment while nothing listens. */
static int ask_master_again(struct swk_haproxy_peer *master, struct swk_haproxy_request *request,
			    const char *command, int64_t deadline, struct swk_watch *watch,
			    struct swk_error *cause, struct swk_error *error)
{
	const struct timespec pause = {0, SWK_TARGET_PAUSE_MS * 1000000L};
	const int64_t patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;

	while (!ask_master(master, request, command, deadline, watch, cause, error) &&
	       master->unreachable && swk_deadline_left(patience, 1) &&
	       swk_deadline_left(deadline, 1)) {
		swk_haproxy_request_free(request);
		(void)nanosleep(&pause, NULL);
	}
	return error->status;
}

int swk_haproxy_reload(struct swk_haproxy_peer *master, int64_t deadline, struct swk_watch *watch,
		       struct swk_error *cause, struct swk_error *error)
{
	struct swk_haproxy_request request;

	(void)ask_master_again(master, &request, "reload", deadline, watch, cause, error);
	/* The master closes the connection by starting itself anew. */
	if (master->dropped)
		*cause = (struct swk_error){0};
	if (!cause->status && request.answer.data &&
	    !strncmp(request.answer.data, "Success=0", strlen("Success=0")))
		note_failure(master, cause);
	swk_haproxy_request_free(&request);
	return error->status;
}

/* The master's line of `show proc` has `[failed: N]`, the number of reloads since the last success.
 */
int swk_haproxy_see_failure(struct swk_haproxy_peer *master, int64_t deadline,
			    struct swk_watch *watch, struct swk_error *cause,
			    struct swk_error *error)
{
	static const char count[] = "[failed: ";
	struct swk_haproxy_request request;
	struct swk_error ignored = {0};

	if (!ask_master(master, &request, "show proc", deadline, watch, &ignored, error) &&
	    !ignored.status && request.answer.data) {
		const char *at = strstr(request.answer.data, count);

		if (at && at[strlen(count)] != '0')
			note_failure(master, cause);
	}
	swk_haproxy_request_free(&request);
	return error->status;
}

int swk_haproxy_find_worker(struct swk_haproxy_peer *master, uint64_t *worker, int64_t deadline,
			    struct swk_watch *watch, struct swk_error *cause,
			    struct swk_error *error)
{
	static const char head[] = "# workers\n";
	struct swk_haproxy_request request;

	*worker = 0;
	if (!ask_master_again(master, &request, "show proc", deadline, watch, cause, error) &&
	    !cause->status && request.answer.data) {
		const char *at = strstr(request.answer.data, head);

		at = at ? at + strlen(head) : "";
		(void)swk_number_read(at, strspn(at, "0123456789"), UINT64_MAX, worker);
	}
	swk_haproxy_request_free(&request);
	return error->status;
}

/* ---- answers ---- */

bool swk_haproxy_is_fine(const struct swk_haproxy_sent *sent)
{
	switch (sent->meaning) {
	case SWK_HAPROXY_DONE:
	case SWK_HAPROXY_BUSY:
		return true;
	case SWK_HAPROXY_EXISTS:
		return sent->may_exist;
	default:
		return sent->may_fail;
	}
}

char *swk_haproxy_answer(struct swk_haproxy_request *request)
{
	return swk_haproxy_next_answer(&request->rest);
}

void swk_haproxy_interpret(struct swk_haproxy_request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		struct swk_haproxy_sent *sent = &request->list[i];

		sent->meaning = swk_haproxy_meaning(sent->command, swk_haproxy_answer(request));
	}
}

static int add_question(struct swk_haproxy_request *request, const char *words,
			struct swk_error *error)
{
	if (swk_haproxy_begin(request, SWK_HAPROXY_SET, 0, error) ||
	    swk_buffer_words(&request->text, error, SWK_WORDS(words)))
		return error->status;
	return swk_haproxy_end(request, error);
}

/* In the order in which swk_haproxy_read_state reads the answers. */
static int add_questions(struct swk_haproxy_request *request, enum swk_haproxy_depth depth,
			 struct swk_error *error)
{
	int status = add_question(request, "show backend", error);

	if (!status && depth >= SWK_HAPROXY_SERVERS)
		status = add_question(request, "show info", error);
	if (!status && depth >= SWK_HAPROXY_SERVERS)
		status = add_question(request, "show servers state", error);
	if (!status && depth >= SWK_HAPROXY_DETAILS)
		status = add_question(request, "show stat -1 4 -1", error);
	return status;
}

int swk_haproxy_read_state(struct swk_haproxy_peer *peer, enum swk_haproxy_depth depth,
			   struct swk_haproxy_request *request, struct swk_haproxy_state *state,
			   int64_t deadline, struct swk_watch *watch, struct swk_error *cause,
			   struct swk_error *error)
{
	if (add_questions(request, depth, error) ||
	    swk_haproxy_ask(peer, request, deadline, watch, cause, error) || cause->status)
		return error->status;
	if (!swk_haproxy_read_backends(state, swk_haproxy_answer(request), cause) &&
	    depth >= SWK_HAPROXY_SERVERS &&
	    !swk_haproxy_read_info(state, swk_haproxy_answer(request), cause) &&
	    !swk_haproxy_read_servers(state, swk_haproxy_answer(request), cause) &&
	    depth >= SWK_HAPROXY_DETAILS)
		(void)swk_haproxy_read_details(state, swk_haproxy_answer(request), cause);
	return cause->status == SWK_INTERNAL ? swk_error_memory(error) : 0;
}
