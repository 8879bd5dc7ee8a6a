/* SPDX-License-Identifier: MIT */
#include "policy/shares.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The servers of a colour that take requests. */
struct colour {
	unsigned percent;
	size_t count;
	unsigned largest; /* weight before */
	uint64_t sum;	  /* of the weights before */
	uint64_t divisor; /* of them all */
	uint64_t unit;	  /* exact: the weight of a server whose weight before is the divisor */
	uint64_t total;	  /* rounded: the sum of the weights */
	uint64_t carry;	  /* rounded: what the last server left of its part */
};

/* Either the regular servers of an upstream, or its backups. */
struct weighing {
	struct swk_upstream *upstream;
	bool backups;
	unsigned most;				/* of the weights before */
	unsigned parts;				/* of a percent by which a share may be missed */
	struct colour colours[SWK_COLOURS_MAX]; /* by group, from 0 */
	size_t colour_count;
};

unsigned swk_shares_place(const struct swk_shares *shares, const char *colour)
{
	for (unsigned i = 0; i < shares->count; i++) {
		if (!strcmp(shares->list[i].colour, colour))
			return i + 1;
	}
	return 0;
}

bool swk_shares_lack(const struct swk_shares *shares, const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < shares->count; i++) {
		if (shares->list[i].percent && !(upstream->colours & UINT64_C(1) << i))
			return true;
	}
	return false;
}

static uint64_t divisor_of(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* ---- the colours ---- */

/* The index of the server's colour. */
static size_t colour_of(const struct swk_shares *shares, const struct swk_server *server)
{
	size_t largest = 0;

	if (server->group)
		return server->group - 1U;
	for (size_t i = 1; i < shares->count; i++) {
		if (shares->list[i].percent > shares->list[largest].percent)
			largest = i;
	}
	return largest;
}

static bool takes_part(const struct weighing *this, const struct swk_server *server)
{
	return !server->down && server->backup == this->backups;
}

/* The weight before, limited. */
static uint64_t weight_before(const struct weighing *this, const struct swk_server *server)
{
	const struct colour *colour = &this->colours[server->group - 1];

	return swk_weight_scaled(server->weight, colour->largest, this->most);
}

/* Counts the servers of each colour, which all have a group. */
static void count_colours(struct weighing *this, const struct swk_shares *shares)
{
	this->colour_count = shares->count;
	for (size_t i = 0; i < shares->count; i++)
		this->colours[i] = (struct colour){.percent = shares->list[i].percent};
	for (size_t i = 0; i < this->upstream->count; i++) {
		const struct swk_server *server = &this->upstream->servers[i];
		struct colour *colour = &this->colours[server->group - 1];

		if (takes_part(this, server) && server->weight > colour->largest)
			colour->largest = server->weight;
	}
	for (size_t i = 0; i < this->upstream->count; i++) {
		const struct swk_server *server = &this->upstream->servers[i];
		struct colour *colour = &this->colours[server->group - 1];

		if (!takes_part(this, server))
			continue;
		colour->count++;
		colour->sum += weight_before(this, server);
		colour->divisor = divisor_of(colour->divisor, weight_before(this, server));
	}
}

/* The largest weight before of a colour, limited. */
static uint64_t largest_before(const struct weighing *this, const struct colour *colour)
{
	return swk_weight_scaled(colour->largest, colour->largest, this->most);
}

/* ---- exact weights ---- */

/* The least common multiple of the numbers by which each weight must be divisible; 0: too large. */
static uint64_t find_multiple(const struct weighing *this)
{
	uint64_t multiple = 1;

	for (size_t i = 0; i < this->colour_count; i++) {
		const struct colour *colour = &this->colours[i];
		const uint64_t parts = colour->count ? colour->sum / colour->divisor : 1;
		const uint64_t factor = parts / divisor_of(parts, colour->percent);

		multiple = multiple / divisor_of(multiple, factor) * factor;
		/* So that no product overflows. The weights would be too large, too. */
		if (multiple > UINT32_MAX)
			return 0;
	}
	return multiple;
}

/* Finds the smallest integers that are exact. Returns the largest of them; 0: it is too large. */
static uint64_t find_exact(struct weighing *this)
{
	const uint64_t multiple = find_multiple(this);
	uint64_t divisor = 0, largest = 0;

	for (size_t i = 0; i < this->colour_count; i++) {
		struct colour *colour = &this->colours[i];

		if (colour->count)
			colour->unit = colour->percent * multiple / (colour->sum / colour->divisor);
		divisor = divisor_of(divisor, colour->unit);
	}
	for (size_t i = 0; multiple && i < this->colour_count; i++) {
		struct colour *colour = &this->colours[i];
		uint64_t weight;

		if (!colour->count)
			continue;
		colour->unit /= divisor;
		weight = largest_before(this, colour) / colour->divisor * colour->unit;
		largest = weight > largest ? weight : largest;
	}
	return largest;
}

static void set_exact(struct weighing *this)
{
	for (size_t i = 0; i < this->upstream->count; i++) {
		struct swk_server *server = &this->upstream->servers[i];
		const struct colour *colour = &this->colours[server->group - 1];

		if (takes_part(this, server))
			server->weight = (unsigned)(weight_before(this, server) / colour->divisor *
						    colour->unit);
	}
}

/* ---- rounded weights ---- */

/* The colour whose servers get the largest weight. */
static const struct colour *find_heaviest(const struct weighing *this)
{
	const struct colour *found = NULL;

	for (size_t i = 0; i < this->colour_count; i++) {
		const struct colour *colour = &this->colours[i];

		if (colour->count &&
		    (!found || colour->percent * largest_before(this, colour) * found->sum >
				       found->percent * largest_before(this, found) * colour->sum))
			found = colour;
	}
	return found;
}

/* Finds the total of each colour, if the largest weight is to be `most`. Each server needs at least
 * 1. Returns whether the shares then hold. */
static bool find_rounded(struct weighing *this, unsigned most)
{
	const struct colour *heaviest = find_heaviest(this);
	const uint64_t per = heaviest->percent * largest_before(this, heaviest),
		       each = most * heaviest->sum;
	uint64_t all = 0, percents = 0;
	bool hold = true;

	for (size_t i = 0; i < this->colour_count; i++) {
		struct colour *colour = &this->colours[i];

		if (!colour->count)
			continue;
		colour->total = (colour->percent * each + per / 2) / per;
		if (colour->total < colour->count)
			colour->total = colour->count;
		all += colour->total;
		percents += colour->percent;
	}
	for (size_t i = 0; i < this->colour_count; i++) {
		const struct colour *colour = &this->colours[i];
		const uint64_t is = colour->total * percents, due = colour->percent * all;

		if (colour->count)
			hold &= (is > due ? is - due : due - is) * 100 * this->parts <=
				all * percents;
	}
	return hold;
}

/* The server's part of its colour's total. Each gets 1; the rest is divided in proportion. */
static uint64_t take_part(struct colour *colour, uint64_t before)
{
	const uint64_t part = (colour->total - colour->count) * before + colour->carry;

	colour->carry = part % colour->sum;
	return 1 + part / colour->sum;
}

static void set_rounded(struct weighing *this)
{
	for (size_t i = 0; i < this->colour_count; i++)
		this->colours[i].carry = this->colours[i].sum / 2;
	for (size_t i = 0; i < this->upstream->count; i++) {
		struct swk_server *server = &this->upstream->servers[i];

		if (takes_part(this, server))
			server->weight = (unsigned)take_part(&this->colours[server->group - 1],
							     weight_before(this, server));
	}
}

/* ---- all of it ---- */

/* Whether some colour with a share has a server. */
static bool has_part(const struct weighing *this)
{
	for (size_t i = 0; i < this->colour_count; i++) {
		if (this->colours[i].count && this->colours[i].percent)
			return true;
	}
	return false;
}

static bool is_at_most(uint64_t weight, unsigned most)
{
	return weight && weight <= most;
}

static void weigh(struct weighing *this, const struct swk_shares *shares)
{
	uint64_t largest;

	count_colours(this, shares);
	if (!has_part(this))
		return;
	largest = find_exact(this);
	if (!is_at_most(largest, SWK_SHARES_WEIGHT) && find_rounded(this, SWK_SHARES_WEIGHT))
		set_rounded(this);
	else if (is_at_most(largest, SWK_WEIGHT_MAX))
		set_exact(this);
	else {
		(void)find_rounded(this, SWK_WEIGHT_MAX);
		set_rounded(this);
	}
}

void swk_shares_weigh(struct swk_upstream *upstream, const struct swk_shares *shares, unsigned most,
		      unsigned limit)
{
	struct weighing this = {
		.upstream = upstream, .most = most, .parts = limit > SWK_SHARES_WEIGHT ? 2 : 1};

	for (size_t i = 0; i < upstream->count; i++) {
		struct swk_server *server = &upstream->servers[i];

		server->group = (uint8_t)(colour_of(shares, server) + 1);
		if (server->down)
			server->weight = 1;
	}
	weigh(&this, shares);
	this.backups = true;
	weigh(&this, shares);
}

/* ---- what comes of it ---- */

/* What each colour gets, and what it should get. */
struct parts {
	uint64_t weights[SWK_COLOURS_MAX]; /* by group, from 0; 0: it has no server */
	uint64_t all;
	unsigned percents; /* of those that have one */
};

static void find_parts(struct parts *parts, const struct swk_upstream *upstream,
		       const struct swk_shares *shares, unsigned most)
{
	const unsigned largest = swk_upstream_largest(upstream);

	*parts = (struct parts){0};
	for (size_t i = 0; i < upstream->count; i++) {
		const struct swk_server *server = &upstream->servers[i];
		const unsigned weight = swk_weight_scaled(server->weight, largest, most);

		if (server->down || server->backup)
			continue;
		parts->weights[colour_of(shares, server)] += weight;
		parts->all += weight;
	}
	for (size_t i = 0; i < shares->count; i++)
		parts->percents += parts->weights[i] ? shares->list[i].percent : 0;
}

bool swk_shares_hold(const struct swk_upstream *upstream, const struct swk_shares *shares,
		     unsigned most)
{
	struct parts parts;
	bool hold = true;

	find_parts(&parts, upstream, shares, most);
	for (size_t i = 0; i < shares->count; i++) {
		const uint64_t is = parts.weights[i] * parts.percents,
			       due = shares->list[i].percent * parts.all;

		if (parts.weights[i])
			hold &= (is > due ? is - due : due - is) * 100 <=
				parts.all * parts.percents;
	}
	return hold;
}

void swk_shares_describe(char text[SWK_TEXT_MAX], const struct swk_upstream *upstream,
			 const struct swk_shares *shares, unsigned most)
{
	struct parts parts;
	size_t used = 0;

	find_parts(&parts, upstream, shares, most);
	text[0] = '\0';
	for (size_t i = 0; i < shares->count && used < SWK_TEXT_MAX; i++) {
		const char *colour = shares->list[i].colour;
		/* In tenths of a percent. */
		const unsigned part =
			parts.all
				? (unsigned)((parts.weights[i] * 1000 + parts.all / 2) / parts.all)
				: 0;
		char tenth[3] = {'.', (char)('0' + part % 10), '\0'};

		used += (size_t)snprintf(text + used, SWK_TEXT_MAX - used, "%s%s %u%s%%",
					 used ? ", " : "", *colour ? colour : "no colour",
					 part / 10, part % 10 ? tenth : "");
	}
}
