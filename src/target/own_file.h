/* SPDX-License-Identifier: MIT */
/*
 * A file of a target's own, which its proxy reads when it starts and when it reloads. The file
 * follows from FILE.NAME.confirmed and a plan, so a run replaces whatever is in its place, unless
 * another program wrote that. Reloads begin at least an interval apart. The run that waits for the
 * next reload holds the lock FILE.NAME.lock, but not the store's. Other runs leave their changes to
 * it. Functions return 0 or SWK_INTERNAL; other failures set the cause.
 */
#ifndef SWK_TARGET_OWN_FILE_H
#define SWK_TARGET_OWN_FILE_H

#include <stddef.h>

#include "store/store.h"
#include "target/target.h"

/* What an operator sets. */
struct swk_own_file_settings {
	char *file;		 /* absolute path */
	struct swk_texts check;	 /* a program's absolute path, then its arguments; or empty */
	struct swk_texts reload; /* likewise */
	unsigned interval;	 /* seconds */
};

/* Rows of a table of fields, for a struct that has these settings as its first member. The file is
 * the target's address, so it comes first if the struct has no other address. */
#define SWK_OWN_FILE_FIELDS                                                                        \
	{"file", SWK_TEXT, .offset = offsetof(struct swk_own_file_settings, file),                 \
	 .valid = swk_own_file_path_valid,                                                         \
	 .expected = "an absolute path, in printable ASCII without spaces"},                       \
		{"check", SWK_LIST, .offset = offsetof(struct swk_own_file_settings, check)},      \
		{"reload", SWK_LIST, .offset = offsetof(struct swk_own_file_settings, reload)},    \
	{                                                                                          \
		"interval", SWK_SECONDS,                                                           \
			.offset = offsetof(struct swk_own_file_settings, interval),                \
			.most = SWK_TIMEOUT_MAX, .unset = "2s"                                     \
	}

bool swk_own_file_path_valid(const char *path);

/* For swk_target_keys.check: checks the file and the commands. */
int swk_own_file_check(const struct swk_own_file_settings *settings, const char **key,
		       struct swk_error *error);

struct swk_own_file {
	/* The kind sets these before swk_own_file_open. */
	const struct swk_own_file_settings *settings;
	bool reloads; /* this program reloads the proxy; if not, `swk reload` does */
	/* Appends the content of the file after its head, swk_nginx_head, which is a comment in
	 * every format. */
	int (*render)(const struct swk_target *target, const struct swk_upstreams *set,
		      struct swk_buffer *out, struct swk_error *error);
	/* Reloads the proxy, by a command or by what the settings say (NULL). */
	int (*reload)(struct swk_target *target, const struct swk_texts *command, int64_t deadline,
		      struct swk_error *cause, struct swk_error *error);
	/* Waits until the proxy shows that it has loaded these upstreams. NULL: it can't. */
	int (*await)(struct swk_target *target, const struct swk_upstreams *set, int64_t deadline,
		     struct swk_error *cause, struct swk_error *error);

	/* The proxy does not have what is confirmed, so it must load even an unchanged file; set
	 * before swk_own_file_apply. */
	bool lost;

	/* The proxy may have something else than what swk_own_file_read found; set by that. */
	bool unconfirmed;

	/* The rest belongs to own_file.c. */
	struct swk_selection selection; /* borrowed */
	unsigned timeout;		/* seconds, for the check and the reload together */
	struct swk_store lock;
	struct swk_names left_out; /* what this run has left out: it does not try again */
};

/* Checks the settings against others; fails with its->wrong. */
int swk_own_file_open(struct swk_own_file *file, const struct swk_settings *settings,
		      const struct swk_target_settings *its, struct swk_error *error);
/* Accepts a zeroed struct. */
void swk_own_file_close(struct swk_own_file *file);

/*
 * Reads what the target has confirmed into a zeroed set. If nothing is known, or the file is not
 * what the confirmed set renders to, the set stays empty, and *damage says why. A full run then
 * sends all. From now on, other runs may wait for the next reload, unless this run does
 * (target->due).
 */
int swk_own_file_read(struct swk_target *target, struct swk_own_file *file,
		      struct swk_upstreams *set, struct swk_error *damage, struct swk_error *cause,
		      struct swk_error *error);

/*
 * Reads the set that the file starts from, into a zeroed set: what the target has confirmed. If
 * nothing is known, *known is false, and the set is what FILE has for this target.
 */
int swk_own_file_base(struct swk_target *target, const struct swk_own_file *file,
		      struct swk_upstreams *set, bool *known, struct swk_error *cause,
		      struct swk_error *error);

/* Puts a file with these upstreams in place, durably. */
int swk_own_file_put(const struct swk_target *target, const struct swk_own_file *file,
		     const struct swk_upstreams *set, struct swk_error *cause,
		     struct swk_error *error);

/*
 * Carries out the operations that are not yet SWK_TARGET_DONE: puts the file in place, has it
 * checked and loaded, and confirms. If the check rejects it, tries again without the deletions,
 * then also without new upstreams: these become SWK_TARGET_HELD_BACK. If all fails, restores the
 * file. If no reload is due yet, they become SWK_TARGET_DUE, and target->due is set if this run is
 * the one to wait. Operations that are done must already be confirmed.
 */
int swk_own_file_apply(struct swk_target *target, struct swk_own_file *file,
		       const struct swk_plan *plan, struct swk_target_outcome *outcomes,
		       int64_t deadline, struct swk_error *cause, struct swk_error *error);

/* Runs a command of the settings. The cause is SWK_DATA if it ends with another status than 0, and
 * SWK_TEMPFAIL if it can't be run or doesn't end in time. */
int swk_own_file_run(const struct swk_target *target, const struct swk_texts *command,
		     int64_t deadline, struct swk_error *cause, struct swk_error *error);

/* The kind's function `reload`, for `swk reload`. Repeats that if the file changes meanwhile. */
int swk_own_file_reload(struct swk_target *target, struct swk_own_file *file,
			const struct swk_texts *command, int64_t deadline, struct swk_error *cause,
			struct swk_error *error);

/* ---- between own_file.c, loading.c and attempt.c ---- */

/* The last reload that this program began for a target. */
enum swk_own_file_last {
	SWK_RELOAD_NONE,
	SWK_RELOAD_BEGUN, /* it may or may not have been carried out, as when it took too long */
	SWK_RELOAD_ENDED, /* the proxy has loaded what is confirmed */
};

/* `lock` is the path of FILE.NAME.lock. */
enum swk_own_file_last swk_own_file_last(const char *lock);

/* Renders the whole file into `out`, which it empties first. */
int swk_own_file_render(const struct swk_target *target, const struct swk_own_file *file,
			const struct swk_upstreams *set, struct swk_buffer *out,
			struct swk_error *error);
/* Both return the cause's status. The first reads the file; one that another program wrote is a
 * failure. The second replaces it durably. */
int swk_own_file_text(const struct swk_own_file *file, struct swk_buffer *text, bool *exists,
		      struct swk_error *cause);
int swk_own_file_replace(const struct swk_own_file *file, const struct swk_buffer *text,
			 struct swk_error *cause);

/* Replaces the file, and has it checked and, with `reload`, loaded. The cause is SWK_DATA if the
 * proxy rejects its configuration with it. */
int swk_own_file_load(struct swk_target *target, const struct swk_own_file *file,
		      const struct swk_buffer *text, bool reload, int64_t deadline,
		      struct swk_error *cause, struct swk_error *error);

#endif
