/* SPDX-License-Identifier: MIT */
/*
 * Tengine, or nginx with the dyups module. Only this folder knows its paths and answers. Measured
 * on Tengine 3.2.0, and on nginx 1.22.1 with the stand-alone module 0.2.9.
 *
 * Some rules outside this folder follow from how dyups behaves:
 *
 * - It ignores case in names: a POST of `web` replaces `Web`. But requests then find the upstream
 *   only by the exact name of the last POST (measured on Tengine 3.2.0). So names differ by more
 *   than case, and another spelling is a change.
 * - nginx replaces a dead worker at once, by one that has what the conf file had when nginx
 *   started. So a read that failed is soon repeated, and a deleted upstream may come back.
 * - A read shows the addresses that a host name resolved to, and each worker may have resolved it
 *   at another time. So the servers of an upstream with a host name can't be compared.
 */
#ifndef SWK_TARGET_DYUPS_DYUPS_H
#define SWK_TARGET_DYUPS_DYUPS_H

#include "target/target.h"

extern const struct swk_target_kind swk_target_dyups;

struct swk_dyups_settings {
	char *url; /* as given */
};

extern const struct swk_target_keys swk_dyups_keys;

#endif
