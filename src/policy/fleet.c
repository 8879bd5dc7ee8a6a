/* SPDX-License-Identifier: MIT */
#include "policy/fleet.h"

#include <stdlib.h>
#include <string.h>

/* ---- the list of hosts ---- */

void swk_fleet_free(struct swk_fleet *fleet)
{
	free(fleet->rows);
	*fleet = (struct swk_fleet){0};
}

static int node_order(const char *key, const void *item)
{
	return strcmp(key, ((const struct swk_fleet_row *)item)->host.node);
}

static struct swk_fleet_row *find(const struct swk_fleet *fleet, const char *node)
{
	bool found;
	size_t place = swk_list_place(fleet->rows, fleet->count, sizeof(*fleet->rows), node,
				      node_order, &found);

	return found ? &fleet->rows[place] : NULL;
}

static bool is_excluded(const struct swk_fleet *fleet, const char *node)
{
	for (size_t i = 0; fleet->without && i < fleet->without->count; i++) {
		if (!strcmp(fleet->without->list[i], node))
			return true;
	}
	return false;
}

/* The host's row, which is new if there was none. NULL without memory. */
static struct swk_fleet_row *get(struct swk_fleet *fleet, const struct swk_host *host)
{
	struct swk_fleet_row *rows = find(fleet, host->node);
	size_t place;
	bool found;

	if (rows)
		return rows;
	rows = swk_list_grow(fleet->rows, fleet->count, sizeof(*rows));
	if (!rows)
		return NULL;
	fleet->rows = rows;
	place = swk_list_place(rows, fleet->count, sizeof(*rows), host->node, node_order, &found);
	memmove(&rows[place + 1], &rows[place], (fleet->count++ - place) * sizeof(*rows));
	rows[place] = (struct swk_fleet_row){
		.standing = is_excluded(fleet, host->node) ? SWK_FLEET_EXCLUDED : SWK_FLEET_SILENT};
	return &rows[place];
}

int swk_fleet_list(struct swk_fleet *fleet, const struct swk_hosts *hosts, struct swk_error *error)
{
	for (size_t i = 0; i < fleet->count; i++)
		fleet->rows[i].listed = false;
	for (size_t i = 0; i < hosts->count; i++) {
		struct swk_fleet_row *row = get(fleet, &hosts->list[i]);

		if (!row)
			return swk_error_memory(error);
		row->host = hosts->list[i];
		row->listed = true;
	}
	return 0;
}

bool swk_fleet_has_unlisted(const struct swk_fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++) {
		if (!fleet->rows[i].listed)
			return true;
	}
	return false;
}

/* ---- acknowledgements ---- */

static enum swk_fleet_standing standing_of(enum swk_ack_state state)
{
	switch (state) {
	case SWK_ACK_DONE:
		return SWK_FLEET_CONFIRMED;
	case SWK_ACK_INVALID:
		return SWK_FLEET_INVALID;
	default:
		return SWK_FLEET_PENDING;
	}
}

static void take_ack(struct swk_fleet_row *row, const struct swk_ack *ack, int64_t now)
{
	if (row->standing == SWK_FLEET_EXCLUDED)
		return;
	if (strcmp(row->ack.id, ack->id) != 0)
		row->answered = now;
	row->ack = *ack;
	row->standing = standing_of(ack->state);
}

void swk_fleet_answer(struct swk_fleet *fleet, const struct swk_acks *acks, const char *id,
		      int64_t now)
{
	/* What a host confirmed once it may have withdrawn; so only these acknowledgements count.
	 */
	for (size_t i = 0; i < fleet->count; i++) {
		if (fleet->rows[i].standing != SWK_FLEET_EXCLUDED)
			fleet->rows[i].standing = SWK_FLEET_SILENT;
	}
	for (size_t i = 0; i < acks->count; i++) {
		struct swk_fleet_row *row = find(fleet, acks->list[i].node);

		if (row && !strcmp(acks->list[i].id, id))
			take_ack(row, &acks->list[i], now);
	}
	for (size_t i = 0; i < fleet->count; i++) {
		if (fleet->rows[i].standing == SWK_FLEET_SILENT)
			fleet->rows[i].ack = (struct swk_ack){0};
	}
}

/* ---- counts ---- */

size_t swk_fleet_awaited(const struct swk_fleet *fleet)
{
	size_t count = 0;

	for (size_t i = 0; i < fleet->count; i++)
		count += fleet->rows[i].standing != SWK_FLEET_EXCLUDED;
	return count;
}

static size_t count_confirmed(const struct swk_fleet *fleet)
{
	size_t count = 0;

	for (size_t i = 0; i < fleet->count; i++)
		count += fleet->rows[i].standing == SWK_FLEET_CONFIRMED;
	return count;
}

bool swk_fleet_over(const struct swk_fleet *fleet)
{
	return fleet->count && count_confirmed(fleet) == swk_fleet_awaited(fleet);
}

bool swk_fleet_publishes(const struct swk_fleet *fleet, size_t place)
{
	for (size_t i = 0; i < fleet->count; i++) {
		const struct swk_fleet_row *row = &fleet->rows[i];

		if (row->standing != SWK_FLEET_EXCLUDED && !(row->ack.unpublished >> place & 1))
			return true;
	}
	return false;
}

const char *swk_fleet_unknown(const struct swk_fleet *fleet)
{
	for (size_t i = 0; fleet->without && i < fleet->without->count; i++) {
		if (!find(fleet, fleet->without->list[i]))
			return fleet->without->list[i];
	}
	return NULL;
}

/* ---- words ---- */

/* Why a host may be silent, as far as Consul knows; "" if it does not. */
static const char *cause_of(const struct swk_fleet_row *row)
{
	if (!row->listed)
		return "; Consul does not list this host now";
	if (row->host.alive == SWK_FLEET_CRITICAL)
		return "; Consul finds that its agent has failed";
	return "";
}

int swk_fleet_describe_row(struct swk_buffer *out, const struct swk_fleet_row *row,
			   struct swk_error *error)
{
	char node[SWK_TEXT_MAX];

	swk_text_escape(node, sizeof(node), row->host.node);
	switch (row->standing) {
	case SWK_FLEET_CONFIRMED:
		return swk_buffer_print(out, error, "%s: confirmed", node);
	case SWK_FLEET_EXCLUDED:
		return swk_buffer_print(out, error, "%s: excluded", node);
	case SWK_FLEET_INVALID:
		return swk_buffer_print(out, error, "%s: its swk-apply can't read the request: %s",
					node, row->ack.reason);
	case SWK_FLEET_PENDING:
		return swk_buffer_print(out, error, "%s: %s%s", node,
					*row->ack.reason ? row->ack.reason
							 : "its answer can't be read",
					row->ack.on_hold && !strstr(row->ack.reason, "on hold")
						? " (changes are on hold there)"
						: "");
	default:
		return swk_buffer_print(out, error, "%s: no answer%s", node, cause_of(row));
	}
}

int swk_fleet_describe(struct swk_buffer *out, const struct swk_fleet *fleet, size_t most,
		       struct swk_error *error)
{
	const size_t awaited = swk_fleet_awaited(fleet), confirmed = count_confirmed(fleet);
	size_t shown = 0;
	int status = swk_buffer_print(out, error, "%zu of %zu host%s confirmed", confirmed, awaited,
				      awaited == 1 ? " has" : "s have");

	for (size_t i = 0; !status && shown < most && i < fleet->count; i++) {
		if (fleet->rows[i].standing <= SWK_FLEET_EXCLUDED)
			continue;
		shown++;
		status = swk_buffer_print(out, error, "; ");
		if (!status)
			status = swk_fleet_describe_row(out, &fleet->rows[i], error);
	}
	if (!status && most && awaited - confirmed > shown)
		status = swk_buffer_print(out, error, "; %zu more", awaited - confirmed - shown);
	return status;
}
