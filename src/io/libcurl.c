/* SPDX-License-Identifier: MIT */
#include "io/libcurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

/* The library's file name, from the build. */
#ifndef SWK_LIBCURL
#define SWK_LIBCURL "libcurl.so.4"
#endif

/* Whether all functions are there. */
static bool load(struct swk_libcurl *functions)
{
	void *library = dlopen(SWK_LIBCURL, RTLD_LAZY | RTLD_LOCAL);

#define TAKE(name)                                                                                 \
	if (library && !(*(void **)&functions->name = dlsym(library, "curl_" #name)))              \
		library = NULL;
	SWK_LIBCURL_FUNCTIONS(TAKE)
	return library != NULL;
}

const struct swk_libcurl *swk_libcurl(struct swk_error *error)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static struct swk_libcurl functions;
	static bool loaded;
	bool ready;

	(void)pthread_mutex_lock(&mutex);
	ready = loaded = loaded || load(&functions);
	(void)pthread_mutex_unlock(&mutex);
	if (ready)
		return &functions;
	(void)swk_error_set(error, SWK_INTERNAL, "libcurl cannot be loaded: %s", dlerror());
	return NULL;
}
