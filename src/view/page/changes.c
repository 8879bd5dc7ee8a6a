/* SPDX-License-Identifier: MIT */
#include "base/number.h"
#include "view/page/parts.h"

static void put_server(struct swk_html *html, const struct swk_change_server *server)
{
	if (server->sign == '+')
		swk_html_put(html, " <ins>+%s</ins>", server->address);
	else if (server->sign == '-')
		swk_html_put(html, " <del>&#8722;%s</del>", server->address);
	else
		swk_html_put(html, " ~%s", server->address);
	if (*server->reason)
		swk_html_put(html, " (%s)", server->reason);
}

static void put_upstream(struct swk_html *html, const struct swk_change_upstream *upstream)
{
	const char *what = "";

	if (upstream->sign == '+')
		what = "added";
	if (upstream->sign == '-')
		what = "removed";
	swk_html_put(html, "<li><b>%s</b> %s", upstream->name, what);
	for (size_t i = 0; i < upstream->server_count && i < SWK_PAGE_CHANGED; i++)
		put_server(html, &upstream->servers[i]);
	if (upstream->server_count > SWK_PAGE_CHANGED)
		swk_html_put(html, " and %zu more servers",
			     upstream->server_count - SWK_PAGE_CHANGED);
	if (*upstream->reason)
		swk_html_put(html, "; %s", upstream->reason);
	swk_html_put(html, "</li>\n");
}

static void put_items(struct swk_html *html, const struct swk_change *change)
{
	swk_html_put(html, "<ul>\n");
	for (size_t i = 0; i < change->upstream_count && i < SWK_PAGE_CHANGED; i++)
		put_upstream(html, &change->upstreams[i]);
	if (change->upstream_count > SWK_PAGE_CHANGED)
		swk_html_put(html, "<li>and %zu more upstreams</li>\n",
			     change->upstream_count - SWK_PAGE_CHANGED);
	for (size_t i = 0; i < change->held_back_count && i < SWK_PAGE_CHANGED; i++)
		swk_html_put(html, "<li>%s</li>\n", change->held_back[i]);
	if (change->cut)
		swk_html_put(html, "<li>%zu upstreams: too many for the journal</li>\n",
			     change->cut);
	swk_html_put(html, "</ul>\n");
}

/* Its number and what caused it: `12: service web, index 5`, or what an operator did. */
static void put_cause(struct swk_html *html, const struct swk_change *change)
{
	char number[SWK_NUMBER_MAX], index[SWK_NUMBER_MAX];

	swk_html_put(html, "<small>%s: %s%s%s", swk_number_text(number, change->number),
		     change->event, *change->service ? " " : "", change->service);
	if (*change->by)
		swk_html_put(html, " by %s", change->by);
	if (*change->reason)
		swk_html_put(html, ": %s", change->reason);
	if (change->index)
		swk_html_put(html, ", index %s", swk_number_text(index, change->index));
	if (change->fate == SWK_CHANGE_NOT_DONE)
		swk_html_put(html, "; not done, because the run ended before it wrote the file");
	if (change->fate == SWK_CHANGE_GAP)
		swk_html_put(html, "; then the file changed without an entry in the journal");
	swk_html_put(html, "</small>");
}

static void put_change(struct swk_html *html, const struct swk_change *change)
{
	swk_html_put(html, "<li>");
	swk_html_time(html, change->time / 1000);
	swk_html_put(html, "<div>");
	if (change->upstream_count || change->held_back_count || change->cut)
		put_items(html, change);
	put_cause(html, change);
	swk_html_put(html, "</div></li>\n");
}

void swk_page_changes(struct swk_html *html, const struct swk_changes *changes)
{
	if (!changes->count)
		return;
	swk_html_put(html, "<section id=\"changes\"><h2>Last changes</h2>\n"
			   "<p class=\"dim\">Of the conf file, newest first.</p>\n"
			   "<ol class=\"changes\">\n");
	for (size_t i = 0; i < changes->count && i < SWK_PAGE_CHANGES; i++)
		put_change(html, &changes->list[changes->count - 1 - i]);
	swk_html_put(html, "</ol></section>\n");
}
