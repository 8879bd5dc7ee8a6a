/* SPDX-License-Identifier: MIT */
#include "policy/fit.h"

#include "policy/shares.h"

void swk_fit_rules(struct swk_upstream *upstream, const struct swk_rules *rules)
{
	upstream->balance =
		rules->shares.count ? SWK_ROUND_ROBIN : (enum swk_balance)rules->balance;
	upstream->keepalive = rules->keepalive;
	upstream->keepalive_timeout = rules->keepalive_timeout;
	upstream->keepalive_requests = rules->keepalive_requests;
}

static void scale_weights(struct swk_upstream *upstream, unsigned most, struct swk_report *report)
{
	unsigned largest = swk_upstream_scale(upstream, most);

	if (largest)
		swk_report_note(report, SWK_NOTE_DETAIL,
				"upstream %s: its weights are scaled down, the largest from %u "
				"to %u",
				upstream->name, largest, most);
}

/* nginx refuses `backup` with some balancing methods, and an upstream that has only backups. */
static void drop_backups(struct swk_upstream *upstream, struct swk_report *report)
{
	bool allowed = swk_balance_has_backups(upstream->balance);
	size_t backups = 0;

	for (size_t i = 0; i < upstream->count; i++)
		backups += upstream->servers[i].backup;
	if (!backups || (allowed && backups < upstream->count))
		return;
	for (size_t i = 0; i < upstream->count; i++)
		upstream->servers[i].backup = false;
	swk_report_note(report, SWK_NOTE_WARNING,
			"upstream %s: its %zu backup server%s served without 'backup': %s%s",
			upstream->name, backups, backups == 1 ? " is" : "s are",
			allowed ? "it has no other servers"
				: "nginx does not support backups with ",
			allowed ? "" : swk_balance_words[upstream->balance]);
}

/*
 * nginx skips a server after max_fails failures, and answers "no live upstreams" if no other is up.
 * It exempts an upstream of one server, but not the only server that is not down
 * (ngx_http_upstream_round_robin).
 */
static void exempt_only_server(struct swk_upstream *upstream)
{
	for (size_t i = 0; upstream->count > 1 && i < upstream->count; i++) {
		if (!upstream->servers[i].down)
			upstream->servers[i].max_fails = 0;
	}
}

size_t swk_fit(struct swk_upstream *upstream, const struct swk_shares *shares, unsigned most,
	       unsigned limit, struct swk_report *report)
{
	size_t usable = 0;

	swk_upstream_tidy(upstream);
	if (!shares)
		scale_weights(upstream, most, report);
	drop_backups(upstream, report);
	if (shares)
		swk_shares_weigh(upstream, shares, most, limit);
	for (size_t i = 0; i < upstream->count; i++)
		usable += !upstream->servers[i].down;
	if (usable == 1)
		exempt_only_server(upstream);
	return usable;
}
