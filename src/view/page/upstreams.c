/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "view/page/parts.h"

/* ---- states ---- */

void swk_page_state(struct swk_html *html, enum swk_page_tone tone, const char *word)
{
	static const char *const classes[] = {[SWK_TONE_GOOD] = "good",
					      [SWK_TONE_NOTE] = "note",
					      [SWK_TONE_WARN] = "warn",
					      [SWK_TONE_BAD] = "bad"};

	swk_html_put(html, "<span class=\"state %s\">%s</span>", classes[tone], word);
}

static void put_standing(struct swk_html *html, enum swk_standing standing)
{
	static const enum swk_page_tone tones[SWK_STANDINGS] = {
		[SWK_STANDS_IN_STEP] = SWK_TONE_GOOD,	 [SWK_STANDS_KEPT] = SWK_TONE_WARN,
		[SWK_STANDS_FAILOVER] = SWK_TONE_WARN,	 [SWK_STANDS_DRAINING] = SWK_TONE_NOTE,
		[SWK_STANDS_UNDECLARED] = SWK_TONE_WARN, [SWK_STANDS_UNMANAGED] = SWK_TONE_NOTE,
		[SWK_STANDS_UNSEEN] = SWK_TONE_WARN,	 [SWK_STANDS_ON_HOLD] = SWK_TONE_WARN,
		[SWK_STANDS_BEHIND] = SWK_TONE_BAD,	 [SWK_STANDS_DIFFERS] = SWK_TONE_BAD,
		[SWK_STANDS_MISSING] = SWK_TONE_BAD,	 [SWK_STANDS_SPLIT] = SWK_TONE_BAD,
		[SWK_STANDS_PENDING] = SWK_TONE_BAD,
	};

	swk_page_state(html, tones[standing], swk_standing_words[standing]);
}

/* ---- servers ---- */

/* What one upstream is shown with. */
struct view {
	struct swk_html *html;
	const struct swk_survey *survey;
	const struct swk_page_items *items;
	size_t listed; /* rows of servers so far */
};

static void put_address(struct swk_html *html, const char *address)
{
	swk_html_put(html, "<span class=\"address\">%s</span>", address);
}

static void put_instance(struct swk_html *html, const struct swk_decision *instance)
{
	if (instance && *instance->instance)
		swk_html_put(html, "<small>%s%s%s</small>", instance->instance,
			     *instance->node ? "@" : "", instance->node);
}

static void put_server(struct view *view, const struct swk_page_item *item,
		       const struct swk_server *server, const struct swk_decision *instance)
{
	struct swk_html *html = view->html;
	char address[SWK_ADDRESS_MAX];
	const char *state = server->backup ? "backup" : "up";

	(void)swk_server_address(server, address);
	swk_html_put(html, "<tr><th scope=\"row\">");
	put_address(html, address);
	put_instance(html, instance);
	swk_html_put(html, "</th><td class=\"number\">%u", server->weight);
	if (server->max_conns)
		swk_html_put(html, "<small>max_conns %u</small>", server->max_conns);
	swk_html_put(html, "</td><td>%s", server->down ? "marked down" : state);
	if (instance && instance->outcome == SWK_OUTCOME_KEPT)
		swk_html_put(html, "<small>kept: %s</small>", instance->reason);
	else if (instance && *instance->reason)
		swk_html_put(html, "<small>%s</small>", instance->reason);
	swk_html_put(html, "</td><td>");
	swk_html_time(html, swk_page_since(view->items, item->upstream->name, address));
	swk_html_put(html, "</td></tr>\n");
}

static bool is_left_out(const struct swk_decision *instance)
{
	return instance->outcome == SWK_OUTCOME_LEFT_OUT ||
	       instance->outcome == SWK_OUTCOME_SKIPPED ||
	       instance->outcome == SWK_OUTCOME_HELD_BACK;
}

static void put_left_out(struct swk_html *html, const struct swk_decision *instance)
{
	swk_html_put(html, "<tr class=\"out\"><th scope=\"row\">");
	put_address(html, *instance->address ? instance->address : "no address");
	put_instance(html, instance);
	swk_html_put(html,
		     "</th><td class=\"number\"><span class=\"none\">&#8211;</span></td><td>%s"
		     "<small>%s</small></td><td><span class=\"none\">&#8211;</span></td></tr>\n",
		     swk_outcome_words[instance->outcome], instance->reason);
}

static void put_more(struct swk_html *html, size_t more, const char *what)
{
	if (more)
		swk_html_put(html, "<tr><td colspan=\"4\">and %zu more %s</td></tr>\n", more, what);
}

static void put_server_rows(struct view *view, const struct swk_page_item *item)
{
	size_t count, servers = item->upstream->count, out = 0;
	const struct swk_decision *const *instances =
		swk_page_instances(view->items, item->upstream->name, &count);

	for (size_t i = 0; i < servers && i < SWK_PAGE_SERVERS; i++) {
		const struct swk_server *server = &item->upstream->servers[i];
		char address[SWK_ADDRESS_MAX];

		put_server(
			view, item, server,
			swk_page_instance(instances, count, swk_server_address(server, address)));
	}
	put_more(view->html, servers > SWK_PAGE_SERVERS ? servers - SWK_PAGE_SERVERS : 0,
		 "servers");
	for (size_t i = 0; i < count; i++) {
		if (is_left_out(instances[i]) && out++ < SWK_PAGE_SERVERS)
			put_left_out(view->html, instances[i]);
	}
	put_more(view->html, out > SWK_PAGE_SERVERS ? out - SWK_PAGE_SERVERS : 0,
		 "instances that are left out");
	view->listed += servers + out;
}

static void put_servers(struct view *view, const struct swk_page_item *item)
{
	struct swk_html *html = view->html;

	if (!item->upstream)
		return;
	if (view->listed >= SWK_PAGE_SERVER_ROWS) {
		swk_html_put(html, "<p class=\"dim\">The servers are not listed here, because the "
				   "page is long enough. The conf file has them.</p>\n");
		return;
	}
	swk_html_put(html,
		     "<table><caption class=\"unseen\">Servers of %s</caption>\n<thead><tr>"
		     "<th scope=\"col\">Server</th><th scope=\"col\" class=\"number\">Weight</th>"
		     "<th scope=\"col\">State</th><th scope=\"col\">Since</th></tr></thead>\n"
		     "<tbody>\n",
		     item->upstream->name);
	put_server_rows(view, item);
	swk_html_put(html, "</tbody></table>\n");
}

/* ---- one upstream ---- */

/* Where it comes from, and how it balances. */
static void put_origin(struct swk_html *html, const struct swk_upstream *upstream)
{
	const struct swk_source *source = &upstream->source;

	swk_html_put(html,
		     source->kind == SWK_SOURCE_KEY ? "<p class=\"dim\">Keys <b>%s</b>"
						    : "<p class=\"dim\">Service <b>%s</b>",
		     source->name);
	if (*source->tag)
		swk_html_put(html, ", tag <b>%s</b>", source->tag);
	swk_html_put(html, "; %s", swk_balance_words[upstream->balance]);
	if (upstream->keepalive)
		swk_html_put(html, "; keepalive %u", upstream->keepalive);
	swk_html_put(html, "</p>\n");
}

static bool has_news(const struct swk_page_row *row)
{
	return *row->row->detail || row->row->standing != SWK_STANDS_IN_STEP;
}

/* Whether all targets say the same. */
static bool is_same_everywhere(const struct swk_page_item *item)
{
	const struct swk_survey_row *first = item->rows->row;

	for (size_t i = 1; i < item->row_count; i++) {
		const struct swk_survey_row *row = item->rows[i].row;

		if (row->standing != first->standing || strcmp(row->detail, first->detail) != 0)
			return false;
	}
	return true;
}

static void put_detail(const struct view *view, const struct swk_page_row *row)
{
	swk_html_put(view->html, "<li>");
	put_standing(view->html, row->row->standing);
	swk_html_put(view->html, " on <b>%s</b>%s%s</li>\n", row->target->name,
		     *row->row->detail ? ": " : "", row->row->detail);
}

/* What the targets say, unless that is only that they are in step. */
static void put_details(const struct view *view, const struct swk_page_item *item)
{
	const char *detail = item->rows->row->detail;
	size_t news = 0;

	for (size_t i = 0; i < item->row_count; i++)
		news += has_news(&item->rows[i]);
	if (!news)
		return;
	if (item->row_count == view->survey->target_count && is_same_everywhere(item)) {
		if (*detail)
			swk_html_put(view->html, "<p>%s</p>\n", detail);
		return;
	}
	swk_html_put(view->html, "<ul class=\"details\">\n");
	for (size_t i = 0; i < item->row_count; i++) {
		if (has_news(&item->rows[i]))
			put_detail(view, &item->rows[i]);
	}
	swk_html_put(view->html, "</ul>\n");
}

static void put_since(struct swk_html *html, int64_t seconds)
{
	if (!seconds)
		return;
	swk_html_put(html, " <span class=\"since\">since ");
	swk_html_time(html, seconds);
	swk_html_put(html, "</span>");
}

static void put_summary(struct view *view, const struct swk_page_item *item)
{
	const struct swk_survey_row *row = item->rows->row;
	const size_t servers = item->upstream ? item->upstream->count : row->live;
	struct swk_html *html = view->html;

	swk_html_put(html, "<summary><b>%s</b> ", row->upstream);
	if (item->upstream || row->seen)
		swk_html_put(html, "<span class=\"count\">%zu server%s</span> ", servers,
			     servers == 1 ? "" : "s");
	put_standing(html, item->standing);
	put_since(html, swk_page_since(view->items, row->upstream, ""));
	swk_html_put(html, "</summary>\n");
}

static void put_item(struct view *view, const struct swk_page_item *item, bool open)
{
	swk_html_put(view->html, open ? "<details open=\"open\">" : "<details>");
	put_summary(view, item);
	put_details(view, item);
	if (item->upstream)
		put_origin(view->html, item->upstream);
	put_servers(view, item);
	swk_html_put(view->html, "</details>\n");
}

/* ---- groups ---- */

static const struct {
	const char *id, *title, *about;
	size_t open; /* if there are at most so many, their servers are shown at once */
} groups[SWK_PAGE_GROUPS] = {
	[SWK_PAGE_TROUBLED] = {"troubled", "Not in step",
			       "The conf file, a target and Consul do not agree about these.",
			       SWK_PAGE_OPEN},
	[SWK_PAGE_FAILOVER] = {"failover", "Failover",
			       "These have servers from another datacenter or the fallback list.",
			       SWK_PAGE_OPEN},
	[SWK_PAGE_KEPT] = {"kept", "Kept",
			   "These keep their last servers, because too few instances are usable.",
			   SWK_PAGE_OPEN},
	[SWK_PAGE_OTHERS] = {"others", "Upstreams", NULL, 0},
	[SWK_PAGE_UNMANAGED] = {"unmanaged", "Unmanaged",
				"swk-apply did not make these, and does not change them.", 0},
};

void swk_page_upstreams(struct swk_html *html, const struct swk_survey *survey,
			const struct swk_page_items *items, enum swk_page_group group)
{
	struct view view = {.html = html, .survey = survey, .items = items};
	const struct swk_page_item *list = items->list;
	const size_t count = items->groups[group];

	if (!count)
		return;
	for (size_t i = 0; i < group; i++)
		list += items->groups[i];
	swk_html_put(html, "<section id=\"%s\"><h2>%s <span class=\"count\">%zu</span></h2>\n",
		     groups[group].id, groups[group].title, count);
	if (groups[group].about)
		swk_html_put(html, "<p class=\"dim\">%s</p>\n", groups[group].about);
	swk_html_put(html, "<div class=\"list\">\n");
	for (size_t i = 0; i < count && i < SWK_PAGE_UPSTREAMS; i++)
		put_item(&view, &list[i], count <= groups[group].open);
	swk_html_put(html, "</div>\n");
	if (count > SWK_PAGE_UPSTREAMS)
		swk_html_put(html, "<p>and %zu more upstreams</p>\n", count - SWK_PAGE_UPSTREAMS);
	swk_html_put(html, "</section>\n");
}
