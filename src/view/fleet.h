/* SPDX-License-Identifier: MIT */
/* Prints the hosts of a fleet: as a table for people, as JSON for programs. Functions append to
 * `out`, and return 0 or SWK_INTERNAL. */
#ifndef SWK_VIEW_FLEET_H
#define SWK_VIEW_FLEET_H

#include "base/buffer.h"
#include "base/table.h"
#include "policy/fleet.h"

/* What is shown. Borrowed. */
struct swk_fleet_view {
	const struct swk_fleet *fleet;
	int64_t asked; /* when the hosts were asked, by the clock of swk_fleet_answer, in ms */
	int result;    /* the exit status */
	const char *trouble; /* why the hosts could not be asked; or NULL */
};

/* A line for each host: its fleet check, how long its answer took, what is pending. */
int swk_print_fleet(struct swk_buffer *out, const struct swk_fleet_view *view,
		    const struct swk_print_style *style, struct swk_error *error);

/* One JSON object on one line. */
int swk_print_fleet_json(struct swk_buffer *out, const struct swk_fleet_view *view,
			 struct swk_error *error);

#endif
