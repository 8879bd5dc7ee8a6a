/* SPDX-License-Identifier: MIT */
#include "target/haproxy/answer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/number.h"
#include "haproxy/conf.h"

/* Bits of srv_admin_state (SRV_ADMF_FMAINT, SRV_ADMF_FDRAIN). SRV_ADMF_CMAINT only says how the
 * server began. */
#define FORCED_MAINTENANCE 1
#define FORCED_DRAIN 8

/* ---- single answers ---- */

char *swk_haproxy_next_answer(char **rest)
{
	static const char prompt[] = "\n> ";
	char *answer = *rest, *end = strstr(answer, prompt);

	if (!end)
		return NULL;
	*rest = end + strlen(prompt);
	while (end > answer && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	*end = '\0';
	return answer;
}

static bool begins(const char *text, const char *words)
{
	return !strncmp(text, words, strlen(words));
}

enum swk_haproxy_meaning swk_haproxy_meaning(enum swk_haproxy_command command, const char *answer)
{
	bool done;

	if (command == SWK_HAPROXY_ADD && begins(answer, "Already exists a server"))
		return SWK_HAPROXY_EXISTS;
	if (command == SWK_HAPROXY_DELETE && begins(answer, "Server still has connections"))
		return SWK_HAPROXY_BUSY;
	if (command == SWK_HAPROXY_ADD)
		done = !strcmp(answer, "New server registered.");
	else if (command == SWK_HAPROXY_SET)
		done = !*answer;
	else
		done = !strcmp(answer, "Server deleted.") || !strcmp(answer, "No such server.");
	return done ? SWK_HAPROXY_DONE : SWK_HAPROXY_REJECTED;
}

/* ---- the state ---- */

void swk_haproxy_state_free(struct swk_haproxy_state *state)
{
	free(state->backends);
	free(state->lines);
	*state = (struct swk_haproxy_state){0};
}

/* An answer that is something else is a message. */
static int refuse(const char *command, const char *answer, struct swk_error *error)
{
	size_t length = strcspn(answer, "\n");

	return swk_error_set(error, SWK_TEMPFAIL, "HAProxy answers '%s' with: %.*s", command,
			     (int)(length < SWK_PROGRAM_LINE_MAX ? length : SWK_PROGRAM_LINE_MAX),
			     answer);
}

/* Cuts the first line off a text. Returns NULL at its end. */
static char *next_line(char **rest)
{
	char *line = *rest && **rest ? strsep(rest, "\n") : NULL;

	return line;
}

int swk_haproxy_read_info(struct swk_haproxy_state *state, char *answer, struct swk_error *error)
{
	char *rest = answer, *line;

	if (!begins(answer, "Name: "))
		return refuse("show info", answer, error);
	while ((line = next_line(&rest))) {
		if (begins(line, "Pid: "))
			(void)swk_number_read(line + 5, strlen(line + 5), UINT64_MAX,
					      &state->process);
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int swk_haproxy_read_backends(struct swk_haproxy_state *state, char *answer,
			      struct swk_error *error)
{
	static const char head[] = "# name";
	char *rest = answer, *line;

	if (!begins(answer, head) || (answer[strlen(head)] && answer[strlen(head)] != '\n'))
		return refuse("show backend", answer, error);
	(void)next_line(&rest);
	while ((line = next_line(&rest))) {
		const char **list =
			swk_list_grow(state->backends, state->backend_count, sizeof(*list));

		if (!list)
			return swk_error_memory(error);
		state->backends = list;
		list[state->backend_count++] = line;
	}
	if (state->backend_count)
		qsort(state->backends, state->backend_count, sizeof(*state->backends),
		      compare_names);
	return 0;
}

/* ---- servers ---- */

/* The columns that are read. Their places are found by name, because versions add columns. */
enum column { BACKEND, NAME, ADDRESS, ADMIN, WEIGHT, FQDN, PORT, COLUMNS };

static const char *const column_names[COLUMNS] = {
	"be_name", "srv_name", "srv_addr", "srv_admin_state", "srv_uweight", "srv_fqdn", "srv_port",
};

#define PLACES_MAX 64

/* Splits a line at its spaces. Returns how many words it has, at most PLACES_MAX. */
static size_t split(char *line, const char *words[PLACES_MAX])
{
	size_t count = 0;
	char *word;

	while (count < PLACES_MAX && (word = strsep(&line, " ")))
		words[count++] = word;
	return count;
}

/* Finds the columns in the head, which begins with `# `. */
static bool find_columns(char *head, size_t places[COLUMNS])
{
	const char *words[PLACES_MAX];
	size_t count = begins(head, "# ") ? split(head + 2, words) : 0;

	for (size_t i = 0; i < COLUMNS; i++) {
		places[i] = 0;
		while (places[i] < count && strcmp(words[places[i]], column_names[i]) != 0)
			places[i]++;
		if (places[i] == count)
			return false;
	}
	return true;
}

static bool read_number(const char *text, unsigned most, unsigned *number)
{
	return swk_unsigned_read(text, strlen(text), most, number);
}

/* Reads the address, and whether the name is that address. If not, a host name says less than what
 * HAProxy has resolved it to. */
static void read_address(struct swk_haproxy_line *line, const char *address, const char *host,
			 unsigned port)
{
	char name[SWK_ADDRESS_MAX];

	/* The cast: the host is borrowed, but a server may own it. */
	line->known = strcmp(host, "-") ? swk_server_set_host(&line->server, (char *)host, port)
					: swk_server_set_address(&line->server, address, port);
	line->known =
		line->known && !strcmp(swk_haproxy_server_name(&line->server, name), line->name);
	line->placed = !line->known && swk_server_set_address(&line->server, address, port);
}

static bool read_line(struct swk_haproxy_line *line, char *text, const size_t places[COLUMNS])
{
	const char *words[PLACES_MAX], *found[COLUMNS];
	size_t count = split(text, words);
	unsigned admin, port;

	for (size_t i = 0; i < COLUMNS; i++) {
		if (places[i] >= count || !*words[places[i]])
			return false;
		found[i] = words[places[i]];
	}
	*line = (struct swk_haproxy_line){.backend = found[BACKEND], .name = found[NAME]};
	if (!read_number(found[ADMIN], UINT16_MAX, &admin) ||
	    !read_number(found[WEIGHT], SWK_HAPROXY_WEIGHT_MAX, &line->server.weight) ||
	    !read_number(found[PORT], UINT16_MAX, &port))
		return false;
	line->server.down = admin & FORCED_MAINTENANCE;
	line->draining = admin & FORCED_DRAIN;
	read_address(line, found[ADDRESS], found[FQDN], port);
	return true;
}

static int compare_lines(const void *a, const void *b)
{
	const struct swk_haproxy_line *x = a, *y = b;
	int order = strcmp(x->backend, y->backend);

	if (!order)
		order = (int)x->known - (int)y->known;
	if (!order && x->known)
		order = swk_server_compare(&x->server, &y->server);
	return order;
}

static int take_line(struct swk_haproxy_state *state, char *text, const size_t places[COLUMNS],
		     struct swk_error *error)
{
	struct swk_haproxy_line *list = swk_list_grow(state->lines, state->count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	state->lines = list;
	if (!read_line(&list[state->count], text, places))
		return swk_error_set(error, SWK_TEMPFAIL,
				     "HAProxy's 'show servers state' has a line that cannot be "
				     "understood, after %zu others",
				     state->count);
	state->count++;
	return 0;
}

int swk_haproxy_read_servers(struct swk_haproxy_state *state, char *answer, struct swk_error *error)
{
	char *rest = answer, *line, *head;
	size_t places[COLUMNS];

	if (!begins(answer, "1\n"))
		return refuse("show servers state", answer, error);
	(void)next_line(&rest);
	head = next_line(&rest);
	if (!head || !find_columns(head, places))
		return swk_error_set(error, SWK_TEMPFAIL,
				     "HAProxy's 'show servers state' does not have the expected "
				     "columns");
	while ((line = next_line(&rest))) {
		if (take_line(state, line, places, error))
			return error->status;
	}
	if (state->count)
		qsort(state->lines, state->count, sizeof(*state->lines), compare_lines);
	return 0;
}

/* ---- looking up ---- */

bool swk_haproxy_has_backend(const struct swk_haproxy_state *state, const char *name)
{
	return state->backend_count && bsearch(&name, state->backends, state->backend_count,
					       sizeof(*state->backends), compare_names);
}

/* The first line whose backend is not less than the name, or with `after`, is greater. */
static size_t find_line(const struct swk_haproxy_state *state, const char *backend, bool after)
{
	size_t low = 0, high = state->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(state->lines[middle].backend, backend);

		if (order < 0 || (after && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct swk_haproxy_line *swk_haproxy_lines(const struct swk_haproxy_state *state,
						 const char *backend, size_t *count)
{
	size_t first = find_line(state, backend, false);

	*count = find_line(state, backend, true) - first;
	return state->lines ? state->lines + first : NULL;
}

/* ---- details ---- */

/* The columns of `show stat` that are read. */
enum detail { PROXY, SERVER, LIMIT, BACKUP, DETAILS };

static const char *const detail_names[DETAILS] = {"pxname", "svname", "slim", "bck"};

/* Cuts the next value off a line. Only columns behind those that are read can be quoted. */
static const char *next_value(char **rest)
{
	return strsep(rest, ",");
}

static bool find_details(char *head, size_t places[DETAILS])
{
	size_t found = 0, place = 0;
	const char *name;

	if (!begins(head, "# "))
		return false;
	for (head += 2; (name = next_value(&head)); place++) {
		for (size_t i = 0; i < DETAILS; i++) {
			if (!strcmp(name, detail_names[i])) {
				places[i] = place;
				found++;
			}
		}
	}
	return found == DETAILS;
}

static struct swk_haproxy_line *find_named(struct swk_haproxy_state *state, const char *backend,
					   const char *name)
{
	for (size_t i = find_line(state, backend, false);
	     i < state->count && !strcmp(state->lines[i].backend, backend); i++) {
		if (!strcmp(state->lines[i].name, name))
			return &state->lines[i];
	}
	return NULL;
}

static void take_details(struct swk_haproxy_state *state, char *text, const size_t places[DETAILS])
{
	const char *found[DETAILS] = {0}, *value;
	struct swk_haproxy_line *line;
	unsigned limit = 0;

	for (size_t place = 0; (value = next_value(&text)); place++) {
		for (size_t i = 0; i < DETAILS; i++)
			found[i] = places[i] == place ? value : found[i];
	}
	for (size_t i = 0; i < DETAILS; i++) {
		if (!found[i])
			return;
	}
	line = find_named(state, found[PROXY], found[SERVER]);
	/* No limit is an empty value. */
	if (!line || (*found[LIMIT] && !read_number(found[LIMIT], UINT_MAX, &limit)))
		return;
	line->server.max_conns = limit;
	line->server.backup = !strcmp(found[BACKUP], "1");
	line->detailed = true;
}

int swk_haproxy_read_details(struct swk_haproxy_state *state, char *answer, struct swk_error *error)
{
	char *rest = answer, *line = next_line(&rest);
	size_t places[DETAILS];

	if (!line || !begins(line, "# "))
		return refuse("show stat", answer, error);
	if (!find_details(line, places))
		return swk_error_set(error, SWK_TEMPFAIL,
				     "HAProxy's 'show stat' does not have the expected columns");
	while ((line = next_line(&rest)))
		take_details(state, line, places);
	return 0;
}
