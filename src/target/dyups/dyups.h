/* SPDX-License-Identifier: MIT */
/* Tengine, or nginx with the dyups module. Only this folder knows its paths and answers. Measured
 * on Tengine 3.2.0, and on nginx 1.22.1 with the stand-alone module 0.2.9. */
#ifndef SWK_TARGET_DYUPS_DYUPS_H
#define SWK_TARGET_DYUPS_DYUPS_H

#include "target/target.h"

extern const struct swk_target_kind swk_target_dyups;

struct swk_dyups_settings {
	char *url; /* as given */
};

extern const struct swk_target_keys swk_dyups_keys;

#endif
