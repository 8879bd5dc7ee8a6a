/* SPDX-License-Identifier: MIT */
#include "io/libcurl.h"

#include <dlfcn.h>
#include <stdbool.h>

/* The library's file name, from the build. */
#ifndef SWK_LIBCURL
#define SWK_LIBCURL "libcurl.so.4"
#endif

const struct swk_libcurl *swk_libcurl(struct swk_error *error)
{
	static struct swk_libcurl functions;
	static bool loaded;
	void *library;

	if (loaded)
		return &functions;
	library = dlopen(SWK_LIBCURL, RTLD_LAZY | RTLD_LOCAL);
#define TAKE(name)                                                                                 \
	if (library && !(*(void **)&functions.name = dlsym(library, "curl_" #name)))               \
		library = NULL;
	SWK_LIBCURL_FUNCTIONS(TAKE)
	loaded = library != NULL;
	if (loaded)
		return &functions;
	(void)swk_error_set(error, SWK_INTERNAL, "libcurl cannot be loaded: %s", dlerror());
	return NULL;
}
