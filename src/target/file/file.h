/* SPDX-License-Identifier: MIT */
/*
 * A file in the syntax of nginx or HAProxy that a proxy reads when it reloads. It is for any proxy
 * that cannot be changed at run time. Only what was confirmed (own_file.h) shows what the proxy has
 * loaded: that is the live state.
 */
#ifndef SWK_TARGET_FILE_FILE_H
#define SWK_TARGET_FILE_FILE_H

#include "target/own_file.h"

extern const struct swk_target_kind swk_target_file;

enum { SWK_FILE_NGINX, SWK_FILE_HAPROXY };
enum { SWK_FILE_HTTP, SWK_FILE_STREAM };

struct swk_file_settings {
	struct swk_own_file_settings own;
	unsigned format;  /* SWK_FILE_NGINX or SWK_FILE_HAPROXY */
	unsigned context; /* where nginx includes it: SWK_FILE_HTTP or SWK_FILE_STREAM */
	char *pid_file;	  /* of the process whose children a reload replaces; or NULL */
};

extern const struct swk_target_keys swk_file_keys;

#endif
