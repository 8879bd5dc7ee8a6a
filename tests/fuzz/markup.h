/* SPDX-License-Identifier: MIT */
/* For the tests of the page: whether a text is sound markup, and a page whose every text comes from
 * one input. */
#ifndef SWK_FUZZ_MARKUP_H
#define SWK_FUZZ_MARKUP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/page/page.h"

/* ---- markup ---- */

enum { MARKUP_DEPTH = 32, MARKUP_NAME = 16 };

/* The elements that are open. */
struct markup {
	char open[MARKUP_DEPTH][MARKUP_NAME];
	size_t depth;
};

static inline size_t markup_word(const char *at)
{
	return strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-");
}

/* Reads ` name="value"` as often as there is one. Returns what follows, or NULL. */
static inline const char *markup_attributes(const char *at)
{
	while (*at == ' ' || *at == '\n') {
		size_t length;

		at += strspn(at, " \n");
		length = markup_word(at);
		if (!length || strncmp(at + length, "=\"", 2) != 0)
			return NULL;
		at += length + 2;
		at += strcspn(at, "\"<>");
		if (*at++ != '"')
			return NULL;
	}
	return at;
}

/* Reads a tag, after its `<`. Returns what follows, or NULL if it is not one of a sound page. */
static inline const char *markup_tag(struct markup *markup, const char *at)
{
	const bool ends = *at == '/';
	const char *name = at + ends;
	const size_t length = markup_word(name);
	char *top = markup->open[markup->depth ? markup->depth - 1 : 0];

	if (!length || length >= MARKUP_NAME)
		return NULL;
	at = markup_attributes(name + length);
	if (!at)
		return NULL;
	if (ends) {
		if (*at != '>' || !markup->depth || strlen(top) != length ||
		    strncmp(top, name, length) != 0)
			return NULL;
		markup->depth--;
		return at + 1;
	}
	if (!strncmp(at, "/>", 2))
		return at + 2;
	if (*at != '>' || markup->depth == MARKUP_DEPTH)
		return NULL;
	(void)snprintf(markup->open[markup->depth++], MARKUP_NAME, "%.*s", (int)length, name);
	return at + 1;
}

/* Reads a character reference, after its `&`. Returns what follows, or NULL. */
static inline const char *markup_reference(const char *at)
{
	static const char *const known[] = {"amp;", "lt;",    "gt;",   "quot;",
					    "#39;", "#8211;", "#8722;"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!strncmp(at, known[i], strlen(known[i])))
			return at + strlen(known[i]);
	}
	return NULL;
}

/*
 * Checks that a page is markup in which every element ends, in order, every attribute is quoted,
 * and all text is printable ASCII. Returns NULL, or the place of the first mistake.
 */
static inline const char *markup_mistake(const char *text)
{
	static const char head[] = "<!DOCTYPE html>\n";
	struct markup markup = {.depth = 0};
	const char *at = text, *next;

	if (strncmp(at, head, strlen(head)) != 0)
		return at;
	for (at += strlen(head); *at; at = next) {
		if (*at == '<')
			next = markup_tag(&markup, at + 1);
		else if (*at == '&')
			next = markup_reference(at + 1);
		else
			next = *at != '>' && (*at == '\n' || (*at >= ' ' && *at <= '~')) ? at + 1
											 : NULL;
		if (!next)
			return at;
		/* A style is as it is. */
		if (!strncmp(at, "<style>", strlen("<style>")))
			next = strstr(at, "</style>");
	}
	return markup.depth ? at : NULL;
}

/* ---- a page of one input ---- */

enum { FILLED_LISTS = 4, FILLED_TEXTS = 256, FILLED_TEXT = 48 };

/* All texts, and what borrows them. */
struct filled {
	const char *input;
	size_t length, at;
	char texts[FILLED_TEXTS][FILLED_TEXT];
	size_t count;
	struct swk_server servers[FILLED_LISTS];
	struct swk_upstream upstreams[FILLED_LISTS];
	struct swk_survey_row rows[2][FILLED_LISTS];
	struct swk_survey_target targets[2];
	struct swk_decision decisions[2 * FILLED_LISTS];
	struct swk_note notes[FILLED_LISTS];
	struct swk_change_server changed[FILLED_LISTS];
	struct swk_change_upstream change_upstreams[FILLED_LISTS];
	char *held_back[FILLED_LISTS];
	struct swk_change changes[FILLED_LISTS];
	struct swk_survey survey;
	struct swk_report report;
	struct swk_error failure;
	struct swk_changes journal;
	struct swk_page page;
};

/* The next byte; the input repeats. */
static inline unsigned filled_byte(struct filled *filled)
{
	return filled->length ? (unsigned char)filled->input[filled->at++ % filled->length] : 0;
}

/* The next text: up to a newline or NUL. */
static inline char *filled_text(struct filled *filled)
{
	char *text = filled->texts[filled->count++ % FILLED_TEXTS];
	size_t length = 0;
	unsigned byte;

	while (length + 1 < FILLED_TEXT && (byte = filled_byte(filled)) && byte != '\n')
		text[length++] = (char)byte;
	text[length] = '\0';
	return text;
}

static inline void fill_upstreams(struct filled *filled)
{
	for (size_t i = 0; i < FILLED_LISTS; i++) {
		filled->servers[i] = (struct swk_server){.host = filled_text(filled),
							 .port = 80,
							 .weight = filled_byte(filled),
							 .max_conns = filled_byte(filled) % 2,
							 .down = filled_byte(filled) % 2};
		filled->upstreams[i] = (struct swk_upstream){
			.name = filled_text(filled),
			.source = {.name = filled_text(filled), .tag = filled_text(filled)},
			.servers = &filled->servers[i],
			.count = 1};
	}
	filled->survey.upstreams = (struct swk_upstreams){filled->upstreams, FILLED_LISTS};
	(void)swk_upstreams_sort(&filled->survey.upstreams);
}

static inline void fill_targets(struct filled *filled)
{
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < FILLED_LISTS; j++)
			filled->rows[i][j] = (struct swk_survey_row){
				.upstream = filled->upstreams[(i + j) % FILLED_LISTS].name,
				.service = filled_text(filled),
				.tag = filled_text(filled),
				.seen = filled_byte(filled) % 2,
				.standing =
					(enum swk_standing)(filled_byte(filled) % SWK_STANDINGS),
				.kept = filled_byte(filled) % 2,
				.pending = filled_byte(filled) % 2,
				.detail = filled_text(filled)};
		filled->targets[i] = (struct swk_survey_target){.name = filled_text(filled),
								.trouble = filled_text(filled),
								.asked = filled_byte(filled) % 2,
								.rows = filled->rows[i],
								.count = FILLED_LISTS};
	}
	filled->survey.targets = filled->targets;
	filled->survey.target_count = 2;
}

static inline void fill_decisions(struct filled *filled)
{
	for (size_t i = 0; i < 2 * FILLED_LISTS; i++)
		filled->decisions[i] = (struct swk_decision){
			.source = {.name = filled_text(filled), .tag = ""},
			.instance = filled_text(filled),
			.node = filled_text(filled),
			.status = filled_text(filled),
			.upstream = i % 2 ? filled->upstreams[i / 2].name : "",
			.address = filled_text(filled),
			.reason = filled_text(filled),
			.outcome = (enum swk_outcome)(filled_byte(filled) % SWK_OUTCOMES)};
	filled->survey.decisions =
		(struct swk_decisions){.list = filled->decisions, .count = 2 * FILLED_LISTS};
	filled->survey.unpublished =
		(struct swk_decisions){.list = filled->decisions, .count = FILLED_LISTS};
}

static inline void fill_changes(struct filled *filled)
{
	static const char signs[] = {'+', '-', '~'};

	for (size_t i = 0; i < FILLED_LISTS; i++) {
		filled->changed[i] = (struct swk_change_server){.sign = signs[i % 3],
								.address = filled_text(filled),
								.instance = filled_text(filled),
								.node = filled_text(filled),
								.reason = filled_text(filled)};
		filled->change_upstreams[i] =
			(struct swk_change_upstream){.sign = signs[i % 3],
						     .name = filled->upstreams[i].name,
						     .source = filled_text(filled),
						     .reason = filled_text(filled),
						     .servers = &filled->changed[i],
						     .server_count = 1};
		filled->held_back[i] = filled_text(filled);
		filled->changes[i] = (struct swk_change){
			.number = i + 1,
			.time = filled_byte(filled) * INT64_C(100000000),
			.event = filled_text(filled),
			.service = filled_text(filled),
			.by = filled_text(filled),
			.reason = filled_text(filled),
			.index = filled_byte(filled),
			.cut = filled_byte(filled) % 2,
			.upstreams = &filled->change_upstreams[i],
			.upstream_count = 1,
			.held_back = &filled->held_back[i],
			.held_back_count = 1,
			.fate = (enum swk_change_fate)(filled_byte(filled) % 3)};
	}
	filled->journal = (struct swk_changes){.list = filled->changes, .count = FILLED_LISTS};
}

/* Fills a page. `filled` is large, and is borrowed by itself. */
static inline void fill(struct filled *filled, const char *input, size_t length)
{
	*filled = (struct filled){.input = input, .length = length};
	fill_upstreams(filled);
	fill_targets(filled);
	fill_decisions(filled);
	fill_changes(filled);
	filled->survey.conf = filled_text(filled);
	filled->survey.on_hold = filled_byte(filled) % 2 ? filled_text(filled) : NULL;
	for (size_t i = 0; i < FILLED_LISTS; i++)
		filled->notes[i] = (struct swk_note){
			.kind = (enum swk_note_kind)(filled_byte(filled) % SWK_NOTE_KINDS),
			.text = filled_text(filled)};
	filled->report.notes = filled->notes;
	filled->report.note_count = FILLED_LISTS;
	filled->failure.status = (int)(filled_byte(filled) % 2) * SWK_CANTCREATE;
	(void)snprintf(filled->failure.text, sizeof(filled->failure.text), "%s",
		       filled_text(filled));
	filled->page = (struct swk_page){.host = filled_text(filled),
					 .now = filled_byte(filled),
					 .survey = &filled->survey,
					 .report = &filled->report,
					 .failure = &filled->failure,
					 .changes = &filled->journal};
}

#endif
