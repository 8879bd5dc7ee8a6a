/* SPDX-License-Identifier: MIT */
#include "io/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

/* The library's file name, from the build. */
#ifndef SWK_LIBCURL
#define SWK_LIBCURL "libcurl.so.4"
#endif

/* The version that has CURLOPT_PROTOCOLS_STR. The build demands it, too. */
#define NEEDED 0x075500
#define NEEDED_TEXT "7.85.0"

static int check_version(const struct swk_libcurl *functions, struct swk_error *error)
{
	const curl_version_info_data *its = functions->version_info(CURLVERSION_FIRST);

	if (its->version_num >= NEEDED)
		return 0;
	return swk_error_set(error, SWK_INTERNAL,
			     "libcurl is too old: it has version %s, and %s or later is needed",
			     its->version, NEEDED_TEXT);
}

/* Returns 0 or SWK_INTERNAL. An old library may lack functions, so its version comes first. */
static int load(struct swk_libcurl *functions, struct swk_error *error)
{
	void *library;

	/* Libraries that libcurl does not use for http depend on GnuTLS, which would initialise
	 * itself. A libcurl that uses it does that explicitly. Any other thread that could read the
	 * environment waits for libcurl, too. */
	(void)setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 1);
	library = dlopen(SWK_LIBCURL, RTLD_LAZY | RTLD_LOCAL);
#define TAKE(name)                                                                                 \
	if (library && !(*(void **)&functions->name = dlsym(library, "curl_" #name)))              \
		library = NULL;
	TAKE(version_info)
	if (library && check_version(functions, error))
		return error->status;
	SWK_LIBCURL_FUNCTIONS(TAKE)
	if (library)
		*(void **)&functions->openssl_init = dlsym(library, "OPENSSL_init_crypto");
	if (library)
		return 0;
	return swk_error_set(error, SWK_INTERNAL, "libcurl cannot be loaded: %s", dlerror());
}

const struct swk_libcurl *swk_libcurl(struct swk_error *error)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static struct swk_libcurl functions;
	static bool loaded;
	bool ready;

	(void)pthread_mutex_lock(&mutex);
	ready = loaded = loaded || !load(&functions, error);
	(void)pthread_mutex_unlock(&mutex);
	return ready ? &functions : NULL;
}
