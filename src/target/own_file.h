/* SPDX-License-Identifier: MIT */
/*
 * A file of a target's own, for kinds whose proxy loads it when it starts or reloads. It is derived
 * from FILE.NAME.confirmed and a plan: whatever is in its place is replaced, unless another program
 * wrote it. At most one reload begins per interval. The run that waits for the next one holds the
 * lock FILE.NAME.lock, but not the store's; other runs leave their changes to it. Functions return 0
 * or SWK_INTERNAL; other failures set the cause.
 */
#ifndef SWK_TARGET_OWN_FILE_H
#define SWK_TARGET_OWN_FILE_H

#include "store/store.h"
#include "target/target.h"

/* What an operator sets. Texts are owned by the settings. */
struct swk_own_file_settings {
	char *file;		/* absolute path */
	struct swk_texts check; /* a program's absolute path, then its arguments; or empty */
	struct swk_texts reload; /* likewise; empty: `swk reload` does it */
	unsigned interval;	/* seconds between two reloads */
	char *pid_file;		/* of the process whose children a reload replaces; or NULL */
};

/* The keys of these settings, in a struct that has them as its member `member`. */
#define SWK_OWN_FILE_FIELD(type, member, key) offsetof(type, member) + \
	offsetof(struct swk_own_file_settings, key)

struct swk_own_file {
	/* Set by the kind before swk_own_file_open. */
	const struct swk_own_file_settings *settings;
	/* Appends the content of the file; its first line must be swk_own_file_head. */
	int (*render)(const struct swk_target *target, const struct swk_upstreams *set,
		      struct swk_buffer *out, struct swk_error *error);
	/* Reloads the proxy, if not by the command of the settings. NULL: by that. */
	int (*reload)(struct swk_target *target, int64_t deadline, struct swk_error *cause,
		      struct swk_error *error);
	/* Waits until the proxy shows that it has loaded the upstreams. NULL: it can't show that.
	 */
	int (*await)(struct swk_target *target, const struct swk_upstreams *set, int64_t deadline,
		     struct swk_error *cause, struct swk_error *error);

	/* The rest is own_file.c's. */
	struct swk_store lock;
	unsigned timeout; /* seconds, of one command */
};

/* The first line of such a file, a comment in each format. */
extern const char swk_own_file_head[];

/* Checks the settings, and prepares. Fails with the status of wrong settings (its->wrong). */
int swk_own_file_open(struct swk_own_file *file, const struct swk_settings *settings,
		      const struct swk_target_settings *its, struct swk_error *error);
/* Accepts a zeroed struct. */
void swk_own_file_close(struct swk_own_file *file);

/* Checks what swk_target_keys.check is to check of these settings. */
int swk_own_file_check(const struct swk_own_file_settings *settings, const char **key,
		       struct swk_error *error);

/*
 * Reads what the target has confirmed. If the file is not what was rendered from that, or nothing is
 * known, the set stays empty, and *damage says why: a full run then sends everything again.
 */
int swk_own_file_read(struct swk_target *target, const struct swk_own_file *file,
		      struct swk_upstreams *set, struct swk_error *damage, struct swk_error *cause,
		      struct swk_error *error);

/* Puts a file with these upstreams in its place, durably. */
int swk_own_file_put(struct swk_target *target, const struct swk_own_file *file,
		     const struct swk_upstreams *set, struct swk_error *cause,
		     struct swk_error *error);

/*
 * What the file must have before and after a plan. `before`: what is confirmed; if nothing is known,
 * everything that FILE has for this target, and *known is false. Both sets must be zeroed.
 */
int swk_own_file_before(struct swk_target *target, struct swk_upstreams *before, bool *known,
			struct swk_error *cause, struct swk_error *error);

/*
 * Carries out those operations of a plan whose outcome is not yet SWK_TARGET_DONE: puts the file in
 * place, checks it, reloads the proxy, and confirms. If the check rejects the file, tries it without
 * the plan's deletions, then also without its new upstreams: these become SWK_TARGET_HELD. If all
 * fails, restores the file. If a reload is not due yet, the operations are SWK_TARGET_DUE, and
 * target->due is set if this run is to wait. Operations that are done must be confirmed already.
 */
int swk_own_file_apply(struct swk_target *target, struct swk_own_file *file,
		       const struct swk_plan *plan, struct swk_target_outcome *outcomes,
		       int64_t deadline, struct swk_error *cause, struct swk_error *error);

/* For `swk reload`: the kind's function `reload`. */
int swk_own_file_reload(struct swk_target *target, struct swk_own_file *file,
			const char *const *program, int64_t deadline, struct swk_error *cause,
			struct swk_error *error);

#endif
