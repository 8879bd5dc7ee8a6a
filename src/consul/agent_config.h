/* SPDX-License-Identifier: MIT */
/*
 * The part of an agent's configuration that has it start swk-apply, as JSON. In form and order it
 * is as consul.d/ has it.
 */
#ifndef SWK_CONSUL_AGENT_CONFIG_H
#define SWK_CONSUL_AGENT_CONFIG_H

#include "base/buffer.h"
#include "model/service.h"
#include "settings/settings.h"

/*
 * Adds a file of it: a `checks` watch, a `services` watch, a `keyprefix` watch where the settings
 * have one, and a `service` watch for each of the services; and where these are many, the
 * connections that they need. `options` are told to swk-apply each time. The same is always
 * written in the same way, a line for each. Returns 0, SWK_USAGE for an option that is not UTF-8,
 * or SWK_INTERNAL.
 */
int swk_agent_config_print(struct swk_buffer *out, const struct swk_services *services,
			   const struct swk_settings *settings, const struct swk_texts *options,
			   struct swk_error *error);

/* Whether a text is such a file with nothing else in it. */
bool swk_agent_config_recognise(const struct swk_buffer *text);

#endif
