/* SPDX-License-Identifier: MIT */
/* Finds whether nginx loads the file of a target, and not FILE as well. */
#ifndef SWK_TARGET_FILE_LINT_H
#define SWK_TARGET_FILE_LINT_H

#include "model/findings.h"
#include "nginx/files.h"
#include "settings/settings.h"

/* Adds the findings about one target of kind `file`. A fragment is not reported as lacking the
 * file. Does nothing for a file that is not nginx's. Returns 0 or SWK_INTERNAL. */
int swk_file_lint(struct swk_findings *findings, const struct swk_nginx_files *files,
		  const struct swk_target_settings *its, struct swk_error *error);

#endif
