/* SPDX-License-Identifier: MIT */
/* The part of an agent's configuration that makes it start swk-apply, as JSON, in the form and
 * order of the files in consul.d/. */
#ifndef SWK_CONSUL_AGENT_CONFIG_H
#define SWK_CONSUL_AGENT_CONFIG_H

#include "base/buffer.h"
#include "model/service.h"
#include "settings/settings.h"

/*
 * Appends the configuration: a `checks` watch, a `services` watch, a `keyprefix` watch if the
 * settings have a prefix, and a `service` watch for each service, one on each line. With many
 * watches it raises the agent's limit of connections per client. Each watch runs `program` with
 * `options`. `program` is swk-apply with its path, because an agent's PATH may lack its folder. The
 * same input gives the same bytes. Returns 0, SWK_USAGE for a path or an option that is not UTF-8,
 * or SWK_INTERNAL.
 */
int swk_agent_config_print(struct swk_buffer *out, const struct swk_services *services,
			   const struct swk_settings *settings, const char *program,
			   const struct swk_texts *options, struct swk_error *error);

/* Whether a text is such a configuration, with nothing else in it. */
bool swk_agent_config_recognise(const struct swk_buffer *text);

#endif
